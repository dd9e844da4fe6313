"""A mending that is cut off is told of by the try that ends it, and costs no row its uniqueness."""

from __future__ import annotations

import pytest

from ingestion_orchestration_fastapi_app.domain.library.collection import Mended
from ingestion_orchestration_fastapi_app.errors import DiskFull
from ingestion_orchestration_fastapi_app.jobs import context
from tests.component.bench import Bench, mixed_folder
from tests.memory_store import MemoryStore

pytestmark = pytest.mark.anyio


class FullWhileMended(MemoryStore):
    """Whose first mending takes rows out before its disk is full; the next finds nothing."""

    is_damaged = False

    async def mend(self, table: str, *, dim: int) -> Mended | None:
        if self.is_damaged:
            self.is_damaged = False
            rows = [one async for ids in self.ids(table) for one in ids]
            await self.delete(table, rows[:2])
            raise DiskFull("The disk that holds the vector store is full.")
        return await super().mend(table, dim=dim)


async def test_what_a_try_lost_that_was_cut_off_is_told_and_its_words_are_not_doubled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(context, "RETRY_STORAGE_S", 0.001)
    store = FullWhileMended()
    bench = Bench(store=store)
    mixed_folder(bench.library, images=12)
    await bench.job()
    collections = bench.collections()
    await collections.check_all()
    store.is_damaged = True
    job = await bench.job(collections)
    assert any("2 images are made anew" in one for one in job.progress.warnings)
    assert set((await bench.rows()).values()) == {1}


async def test_images_that_were_lost_before_the_ledger_failed_are_told_by_the_next_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = FullWhileMended()
    bench = Bench(store=store)
    mixed_folder(bench.library, images=12)
    await bench.job()
    collections, collection = bench.collections(), await bench.collection()
    store.is_damaged = True
    with pytest.raises(DiskFull):
        await collections.tables.mend(collection)

    async def full(*_: object) -> None:
        raise DiskFull("The disk that holds the ledger is full.")

    with monkeypatch.context() as patch:
        patch.setattr(collections.roots, "put", full)
        with pytest.raises(DiskFull):
            await collections.tables.mend(collection)
    assert await collections.tables.mend(collection) == 2
    assert await collections.tables.mend(collection) is None
