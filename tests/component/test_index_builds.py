"""An index is built by a child process: writes go on, and its end, whatever it is, costs no row."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.indexing import building
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.building import BuildLimits
from ingestion_orchestration_fastapi_app.domain.library.collection import IndexState, TableSize
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import StoreRead
from tests.component.index_children import (
    child_begun,
    held_build,
    indexes,
    is_gone,
    manifests,
    moment,
    until,
)
from tests.component.store_fixtures import (
    COLLECTION,
    DIM,
    INDEX_THRESHOLD_ROWS,
    ids,
    local_store,
    point,
    points,
    row_ids,
)

pytestmark = pytest.mark.anyio

ROWS = INDEX_THRESHOLD_ROWS + 100
WRITE_S = 30.0  # a build that stands still would hold a write for ever


async def unindexed(folder: Path) -> LanceStore:
    store = local_store(str(folder))
    await store.create(COLLECTION, dim=DIM)
    await store.write(COLLECTION, points(0, ROWS), may_exist=())
    return store


async def assert_whole(store: LanceStore, rows: list[Point]) -> None:
    """Each once, and each is found."""
    assert Counter(await row_ids(store)) == dict.fromkeys(ids(rows), 1)
    for one in (rows[0], rows[-1]):
        (hit,) = await store.search(COLLECTION, one.vector, limit=1)
        assert hit.point.id == one.id


@pytest.mark.parametrize("name", ["start", "middle"])
async def test_writes_go_on_while_an_index_is_built(tmp_path: Path, name: str) -> None:
    store = await unindexed(tmp_path)
    async with held_build(store, since=moment(name, tmp_path)):
        with anyio.fail_after(WRITE_S):
            await store.write(COLLECTION, points(ROWS, ROWS + 20), may_exist=())
            merged = points(ROWS - 10, ROWS + 30)
            await store.write(COLLECTION, merged, may_exist=ids(merged))
            await store.delete(COLLECTION, ids(points(0, 5)))
            assert await store.upkeep(COLLECTION) is None  # it would cost the build
            assert await store.mend(COLLECTION, dim=DIM) is None
            assert (await store.size(COLLECTION)).index is IndexState.BUILDING
            await assert_whole(store, points(5, ROWS + 30))
    size = await store.size(COLLECTION)
    assert (size.points, size.index) == (ROWS + 25, IndexState.INDEXED)
    assert size.unindexed_points == 0  # what came meanwhile was added afterwards
    await assert_whole(store, points(5, ROWS + 30))
    await store.aclose()


async def test_what_a_build_wrote_is_on_the_disk_when_its_version_is_told(tmp_path: Path) -> None:
    store = await unindexed(tmp_path)
    version = await store.upkeep(COLLECTION)
    await store.aclose()
    again = local_store(str(tmp_path))
    opened = await again.open(COLLECTION, synced_version=version)
    assert (opened.version, opened.restored) == (version, False)
    assert await again.mend(COLLECTION, dim=DIM) is None
    assert (await again.size(COLLECTION)).index is IndexState.INDEXED


@pytest.mark.parametrize("name", ["start", "middle", "commit"])
async def test_a_child_that_is_killed_costs_nothing(tmp_path: Path, name: str) -> None:
    store = await unindexed(tmp_path)
    has_come = moment(name, tmp_path)
    async with anyio.create_task_group() as tg:
        tg.start_soon(store.upkeep, COLLECTION)
        child = await child_begun(os.getpid())
        await until(lambda: has_come() or is_gone(child))
        if not is_gone(child):
            child.kill()
    assert (await store.size(COLLECTION)).index in (IndexState.FAILED, IndexState.INDEXED)
    await assert_whole(store, points(0, ROWS))
    await store.upkeep(COLLECTION)
    assert await store.size(COLLECTION) == TableSize(ROWS, 0, IndexState.INDEXED)
    await assert_whole(store, points(0, ROWS))


async def test_what_a_killed_child_left_is_removed(tmp_path: Path) -> None:
    store = await unindexed(tmp_path)
    async with anyio.create_task_group() as tg:
        tg.start_soon(store.upkeep, COLLECTION)
        child = await child_begun(os.getpid())
        await until(lambda: indexes(tmp_path) or is_gone(child))
        left = set(indexes(tmp_path))
        child.kill()
    await store.upkeep(COLLECTION)
    await store.write(COLLECTION, points(ROWS, ROWS + 1), may_exist=())
    await store.upkeep(COLLECTION)
    assert left
    assert not left & set(indexes(tmp_path))
    assert os.listdir(tmp_path / building.FOLDER / "tmp") == []


async def test_too_little_memory_fails_the_build_and_nothing_else(tmp_path: Path) -> None:
    store = LanceStore(
        str(tmp_path),
        index_threshold_rows=INDEX_THRESHOLD_ROWS,
        build_limits=BuildLimits(memory_bytes=32 * 1024**2, time_s=60),
    )
    await store.create(COLLECTION, dim=DIM)
    await store.write(COLLECTION, points(0, ROWS), may_exist=())
    with capture_logs() as logs:
        await store.upkeep(COLLECTION)
    size = await store.size(COLLECTION)
    assert (size.index, size.unindexed_points, size.index_due) == (IndexState.FAILED, ROWS, True)
    assert "INDEX_BUILD_MEMORY_BYTES" in next(
        line["error"] for line in logs if line["event"] == "index_not_built"
    )
    await assert_whole(store, points(0, ROWS))


async def test_a_build_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    store = LanceStore(
        str(tmp_path),
        index_threshold_rows=INDEX_THRESHOLD_ROWS,
        build_limits=BuildLimits(memory_bytes=1024**3, time_s=0.01),
    )
    await store.create(COLLECTION, dim=DIM)
    await store.write(COLLECTION, points(0, ROWS), may_exist=())
    await store.upkeep(COLLECTION)
    assert (await store.size(COLLECTION)).index is IndexState.FAILED
    await assert_whole(store, points(0, ROWS))


async def test_a_table_that_is_dropped_is_built_no_more(tmp_path: Path) -> None:
    store = await unindexed(tmp_path)
    async with held_build(store) as child:
        await store.drop(COLLECTION)
        assert is_gone(child)
    assert not (tmp_path / f"{COLLECTION}.lance").exists()
    await store.create(COLLECTION, dim=DIM)
    await store.write(COLLECTION, points(0, 3), may_exist=())
    await assert_whole(store, points(0, 3))


async def test_a_store_that_is_closed_leaves_no_child(tmp_path: Path) -> None:
    store = await unindexed(tmp_path)
    async with held_build(store) as child:
        await store.aclose()
        assert is_gone(child)


async def test_nobody_opens_a_store_that_an_orphan_may_still_write_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await unindexed(tmp_path)
    await store.upkeep(COLLECTION)
    await store.aclose()
    monkeypatch.setattr(building, "_ORPHAN_WAIT_S", 0.1)
    with (tmp_path / building.FOLDER / "lock").open("w") as orphan:
        fcntl.flock(orphan, fcntl.LOCK_EX)
        after = local_store(str(tmp_path))
        with pytest.raises(StoreRead, match="busy"):
            await after.open(COLLECTION, synced_version=None)
    await after.open(COLLECTION, synced_version=None)
    before = manifests(tmp_path)
    await assert_whole(after, [point(0), *points(1, ROWS)])
    assert manifests(tmp_path) == before
