"""What was to be forgotten of a collection whose table cannot be used stops no start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files.forgotten import ForgottenImage
from ingestion_orchestration_fastapi_app.errors import StoreRead
from tests.component.bench import Bench
from tests.component.test_damaged_collections import gone, manifests_of_garbage
from tests.component.test_forgetting import THREE, check_gone, filled, images, opened
from tests.component.test_sync_of_generations import fill_another

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("damage", [gone, manifests_of_garbage])
async def test_a_start_goes_on_and_an_import_mends_what_is_left(
    damage: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        store = LanceStore(str(folder))
        bench = await filled(Bench(ledger=ledger, store=store))
        image = ForgottenImage(THREE, "003.jpg")
        await ledger.forgotten.begin((await bench.collection()).id, [image])
        await store.aclose()
        damage(folder / "default.lance")
        bench.store = store = LanceStore(str(folder))
        collections = await opened(bench)
        await bench.forgetting(collections).finish_all()
        assert await ledger.forgotten.pending_collections() != []
        with pytest.raises(StoreRead):
            await bench.forgetting(collections).take_back("default", THREE)
        await bench.job(collections)
        await bench.forgetting(collections).finish_all()
        await bench.fill_words(collections)
        await check_gone(bench)
        await store.aclose()


async def test_a_generation_whose_table_is_gone_holds_nobody_up(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        store = LanceStore(str(tmp_path / "store"))
        bench = await filled(Bench(ledger=ledger, store=store))
        await fill_another(bench)
        found = await images(bench, "003.jpg")
        await store.aclose()
        gone(tmp_path / "store" / "other.lance")
        bench.store = store = LanceStore(str(tmp_path / "store"))
        assert await bench.forgetting(await opened(bench)).forget("default", found) == 3
        await check_gone(bench)
        await store.aclose()
