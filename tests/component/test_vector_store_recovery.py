"""A store on a folder after a power loss: the newest files are short, zeroed or gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.domain.library.collection import Opened
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import StoreRead
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
from tests.component.store_tears import DAMAGES, Damage, emptied, halved, zeroed

pytestmark = pytest.mark.anyio

SHAPES = [(3, 8), (700, 512)]  # rows a group, dimensions: one page, and a hundred


async def two_groups(folder: str, rows: int, dim: int) -> tuple[int, list[Point], list[Point]]:
    """The ledger knows of the first group only. Returns the version it believes synced."""
    store = local_store(folder)
    await store.create(COLLECTION, dim=dim)
    first, second = points(0, rows, dim=dim), points(rows, 2 * rows, dim=dim)
    synced = await store.write(COLLECTION, first, may_exist=())
    await store.write(COLLECTION, second, may_exist=())
    await store.aclose()
    return synced, first, second


async def assert_restored_and_usable(
    folder: str, synced: int, first: list[Point], second: list[Point]
) -> LanceStore:
    store = local_store(folder)
    assert await store.open(COLLECTION, synced_version=synced) == Opened(synced, restored=True)
    assert await row_ids(store) == sorted(ids(first))
    await store.write(COLLECTION, second, may_exist=ids(second))
    assert await row_ids(store) == sorted(ids([*first, *second]))
    hits = await store.search(COLLECTION, second[-1].vector, limit=1)
    assert hits[0].point.id == second[-1].id
    return store


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_torn_data_file_gives_the_synced_version_back(
    tmp_path: Path, damage: Damage, shape: tuple[int, int]
) -> None:
    synced, first, second = await two_groups(str(tmp_path), *shape)
    damage(files_of(str(tmp_path), "data")[-1])
    await assert_restored_and_usable(str(tmp_path), synced, first, second)
    aside = list((tmp_path / ".torn").rglob("*.manifest"))
    assert len(aside) == 1  # kept for a person to look at


@pytest.mark.parametrize("damage", [each for each in DAMAGES if each is not os.unlink])
async def test_a_torn_manifest_gives_the_synced_version_back(
    tmp_path: Path, damage: Damage
) -> None:
    synced, first, second = await two_groups(str(tmp_path), 5, 16)
    damage(manifests(str(tmp_path))[-1])
    await assert_restored_and_usable(str(tmp_path), synced, first, second)


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_torn_hint_costs_nothing(tmp_path: Path, damage: Damage) -> None:
    _, first, second = await two_groups(str(tmp_path), 5, 16)
    damage(str(tmp_path / f"{COLLECTION}.lance" / "_versions" / "latest_version_hint.json"))
    store = local_store(str(tmp_path))
    await store.open(COLLECTION, synced_version=None)
    assert await row_ids(store) == sorted(ids([*first, *second]))


async def test_a_manifest_that_never_reached_the_disk_leaves_the_version_before(
    tmp_path: Path,
) -> None:
    synced, first, second = await two_groups(str(tmp_path), 5, 16)
    os.unlink(manifests(str(tmp_path))[-1])
    store = local_store(str(tmp_path))
    assert await store.open(COLLECTION, synced_version=synced) == Opened(synced, restored=False)
    await store.write(COLLECTION, second, may_exist=ids(second))
    assert await row_ids(store) == sorted(ids([*first, *second]))


@pytest.mark.parametrize("damage", [emptied, zeroed, halved, os.unlink])
async def test_without_a_ledger_the_newest_whole_version_is_taken(
    tmp_path: Path, damage: Damage
) -> None:
    synced, first, _ = await two_groups(str(tmp_path), 50, 64)
    damage(files_of(str(tmp_path), "data")[-1])
    store = local_store(str(tmp_path))
    assert await store.open(COLLECTION, synced_version=None) == Opened(synced, restored=True)
    assert await row_ids(store) == sorted(ids(first))


@pytest.mark.parametrize("damage", [emptied, zeroed, halved, os.unlink])
async def test_a_torn_merge_gives_the_rows_before_it_back(tmp_path: Path, damage: Damage) -> None:
    folder = str(tmp_path)
    store = local_store(folder)
    await store.create(COLLECTION, dim=16)
    synced = await store.write(COLLECTION, points(0, 20), may_exist=())
    await store.write(COLLECTION, points(10, 30), may_exist=ids(points(10, 30)))
    await store.aclose()
    damage(files_of(folder, "_deletions")[-1])
    await assert_restored_and_usable(folder, synced, points(0, 20), points(10, 30)[10:])


@pytest.mark.parametrize("damage", [emptied, halved, os.unlink])
async def test_a_torn_index_gives_the_version_before_it_back(
    tmp_path: Path, damage: Damage
) -> None:
    folder = str(tmp_path)
    store = local_store(folder, keep_versions_s=600)
    rows = INDEX_THRESHOLD_ROWS + 10
    await store.create(COLLECTION, dim=16)
    synced = await store.write(COLLECTION, points(0, rows), may_exist=())
    assert await store.upkeep(COLLECTION) is not None
    await store.aclose()
    for index in files_of(folder, "_indices"):
        for name in os.listdir(index):
            damage(os.path.join(index, name))
    await assert_restored_and_usable(folder, synced, points(0, rows), points(rows, rows + 5))


async def test_after_an_unclean_stop_what_the_ledger_missed_is_kept(tmp_path: Path) -> None:
    synced, first, second = await two_groups(str(tmp_path), 5, 16)
    store = local_store(str(tmp_path))
    opened = await store.open(COLLECTION, synced_version=synced)
    assert (opened.version > synced, opened.restored) == (True, False)
    assert await row_ids(store) == sorted(ids([*first, *second]))


async def test_a_store_that_is_torn_says_so_before_it_is_opened(tmp_path: Path) -> None:
    await two_groups(str(tmp_path), 5, 16)
    zeroed(manifests(str(tmp_path))[-1])  # Lance takes this for an empty table
    store = local_store(str(tmp_path))
    with pytest.raises(StoreRead):
        await store.count(COLLECTION)


async def test_a_store_without_a_whole_version_is_left_as_it_is(tmp_path: Path) -> None:
    synced, _, _ = await two_groups(str(tmp_path), 5, 16)
    for path in manifests(str(tmp_path)):
        zeroed(path)
    store = local_store(str(tmp_path))
    with pytest.raises(StoreRead):
        await store.open(COLLECTION, synced_version=synced)
    assert not (tmp_path / ".torn").exists()


async def test_a_collection_torn_while_it_was_created_can_be_created_again(
    tmp_path: Path,
) -> None:
    created = local_store(str(tmp_path))
    await created.create(COLLECTION, dim=16)
    zeroed(manifests(str(tmp_path))[0])
    store = local_store(str(tmp_path))
    assert await store.exists(COLLECTION)
    with pytest.raises(ValueError, match="never created"):
        await store.open(COLLECTION, synced_version=None)
    await store.create(COLLECTION, dim=16)
    await store.write(COLLECTION, points(0, 3), may_exist=())
    assert await store.count(COLLECTION) == 3


async def test_a_version_that_the_caller_knows_is_never_pruned(tmp_path: Path) -> None:
    store = local_store(str(tmp_path), keep_versions_s=0.1)
    await store.create(COLLECTION, dim=16)
    rows = 0
    for _ in range(60):  # until the first versions are old enough to go
        reported = await store.write(COLLECTION, points(rows, rows + 5), may_exist=())
        rows += 5
        newest = await store.upkeep(COLLECTION)
        pruned = len(manifests(str(tmp_path))) < reported
        if pruned and newest is not None and newest > reported:
            break
    else:
        pytest.fail("nothing was pruned")
    await store.aclose()
    halved(files_of(str(tmp_path), "data")[-1])  # compacted, and the ledger not told yet
    again = local_store(str(tmp_path))
    opened = await again.open(COLLECTION, synced_version=reported)
    assert opened == Opened(reported, restored=True)
    assert await row_ids(again) == sorted(ids(points(0, rows)))


async def test_a_reader_of_an_old_version_is_not_cut_off_by_upkeep(tmp_path: Path) -> None:
    store = local_store(str(tmp_path), keep_versions_s=0)
    await store.create(COLLECTION, dim=16)
    for start in range(0, 50, 5):
        await store.write(COLLECTION, points(start, start + 5), may_exist=())
    reading = store.ids(COLLECTION)
    seen = list(await anext(reading))
    await store.upkeep(COLLECTION)
    async for group in reading:
        seen += group
    assert sorted(seen) == sorted(ids(points(0, 50)))
    assert len(await store.search(COLLECTION, unit(1), limit=50)) == 50


def manifests(folder: str) -> list[str]:
    return [path for path in files_of(folder, "_versions") if path.endswith(".manifest")]
