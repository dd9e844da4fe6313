"""Parts of the vector store besides its files of data: old versions, and folders as a whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.lance.repair.recovery import manifests
from ingestion_orchestration_fastapi_app.errors import StoreRead
from tests.component.store_damages import DAMAGES, DIM, everything_read, stored
from tests.component.store_fixtures import (
    COLLECTION,
    INDEX_THRESHOLD_ROWS,
    files_of,
    ids,
    local_store,
    points,
    row_ids,
    unit,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
async def test_an_old_manifest_that_is_damaged_stops_no_upkeep_for_ever(
    tmp_path: Path, damage: Callable[[str], None]
) -> None:
    """Pruning reads every version that is there; what the newest says is whole."""
    folder = str(tmp_path)
    rows = INDEX_THRESHOLD_ROWS + 50
    store = local_store(folder, keep_versions_s=600)
    await store.create(COLLECTION, dim=DIM)
    assert await store.mend(COLLECTION, dim=DIM) is None
    for start in range(0, rows, 100):
        await store.write(COLLECTION, points(start, start + 100, dim=DIM), may_exist=())
    old = manifests(os.path.join(folder, f"{COLLECTION}.lance"))
    damage(os.path.join(folder, f"{COLLECTION}.lance", "_versions", old[2]))
    await store.upkeep(COLLECTION)  # raises nothing: no job waits for what the next one mends
    await store.mend(COLLECTION, dim=DIM)
    await store.upkeep(COLLECTION)
    assert files_of(folder, "_indices")
    assert await store.mend(COLLECTION, dim=DIM) is None
    assert len(await row_ids(store)) == rows // 100 * 100 + 100
    assert len(await store.search(COLLECTION, unit(1, DIM), limit=40)) == 40


def gone(path: str) -> None:
    shutil.rmtree(path, ignore_errors=True)


def a_file_instead(path: str) -> None:
    gone(path)
    Path(path).write_bytes(b"x")


def a_dead_link_instead(path: str) -> None:
    gone(path)
    os.symlink(f"{path}.gone", path)


PARTS = ["", "data", "_versions", "_transactions", "_deletions", "_indices"]


@pytest.mark.parametrize("restarts", [True, False])
@pytest.mark.parametrize("change", [gone, a_file_instead, a_dead_link_instead])
@pytest.mark.parametrize("part", PARTS)
async def test_a_folder_that_is_lost_is_made_anew(
    tmp_path: Path, part: str, change: Callable[[str], None], *, restarts: bool
) -> None:
    folder = str(tmp_path)
    version = await stored(folder)
    store = local_store(folder, keep_versions_s=600)
    if not restarts:
        await store.open(COLLECTION, synced_version=version)
    change(os.path.join(folder, f"{COLLECTION}.lance", part).rstrip("/"))
    with suppress(StoreRead):
        await everything_read(store)
    await store.mend(COLLECTION, dim=DIM)
    again = points(0, 300, dim=DIM)
    await store.write(COLLECTION, again, may_exist=ids(again))
    assert await row_ids(store) == sorted(ids(again))
    await everything_read(store)
    assert await store.mend(COLLECTION, dim=DIM) is None
