"""Files of the vector store that are damaged after they were written: zeros, flips, cuts."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ingestion_orchestration_fastapi_app.errors import StoreFault, StoreRead, StoreWrite
from tests.component.store_damages import (
    DAMAGES,
    DIM,
    data_files,
    everything_read,
    flipped,
    stored,
    vectors_zeroed,
)
from tests.component.store_fixtures import (
    COLLECTION,
    INDEX_THRESHOLD_ROWS,
    files_of,
    ids,
    local_store,
    point,
    points,
    row_ids,
    unit,
)
from tests.component.store_tears import emptied, zeroed
from utils.problems import ServiceOverloaded

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("restarts", [True, False])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
async def test_a_damaged_data_file_costs_its_own_rows_only(
    tmp_path: Path, damage: Callable[[str], None], *, restarts: bool
) -> None:
    folder = str(tmp_path)
    version = await stored(folder)
    store = local_store(folder, keep_versions_s=600)
    if not restarts:
        await store.open(COLLECTION, synced_version=version)
        assert await store.mend(COLLECTION, dim=DIM) is None
    damage(data_files(folder)[1])
    if restarts:
        opened = await store.open(COLLECTION, synced_version=version)
        assert not opened.restored
    with suppress(StoreRead):  # zeros in a vector alone raise nothing
        await everything_read(store)
    mended = await store.mend(COLLECTION, dim=DIM)
    assert mended is not None
    assert mended.version > version
    assert 0 < mended.lost_rows <= 99, mended
    await everything_read(store)
    kept = [*points(0, 100), *points(200, 300)]
    assert set(await row_ids(store)) >= set(ids(kept)) - {point(5).id}
    assert point(5).id not in await row_ids(store)
    again = [one for one in points(100, 200, dim=DIM) if one.id != point(120).id]
    await store.write(COLLECTION, again, may_exist=ids(again))
    wanted = sorted(set(ids(points(0, 300))) - {point(5).id, point(120).id})
    assert await row_ids(store) == wanted
    hits = await store.search(COLLECTION, point(150, dim=DIM).vector, limit=1)
    assert hits[0].point.id == point(150).id
    assert await store.mend(COLLECTION, dim=DIM) is None


@pytest.mark.parametrize(
    "damage",
    [each for each in DAMAGES if each is not flipped],
    ids=lambda each: each.__name__,
)
async def test_a_damaged_deletion_file_brings_no_deleted_row_back(
    tmp_path: Path, damage: Callable[[str], None]
) -> None:
    folder = str(tmp_path)
    version = await stored(folder)
    first = next(path for path in files_of(folder, "_deletions") if "/0-" in path)
    damage(first)
    store = local_store(folder)
    await store.open(COLLECTION, synced_version=version)
    with pytest.raises(StoreRead):
        await everything_read(store)
    mended = await store.mend(COLLECTION, dim=DIM)
    assert mended is not None
    await everything_read(store)
    assert await row_ids(store) == sorted(set(ids(points(100, 300))) - {point(120).id})


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
async def test_a_damaged_index_costs_no_answer_and_is_built_anew(
    tmp_path: Path, damage: Callable[[str], None]
) -> None:
    folder = str(tmp_path)
    rows = INDEX_THRESHOLD_ROWS + 50
    store = local_store(folder)
    await store.create(COLLECTION, dim=DIM)
    await store.write(COLLECTION, points(0, rows, dim=DIM), may_exist=())
    version = await store.upkeep(COLLECTION)
    await store.aclose()
    for index in files_of(folder, "_indices"):
        for name in os.listdir(index):
            damage(os.path.join(index, name))
    store = local_store(folder)
    await store.open(COLLECTION, synced_version=version)
    for number in range(0, rows, 90):
        hits = await store.search(COLLECTION, point(number, dim=DIM).vector, limit=1)
        assert hits[0].point.id == point(number).id
    mended = await store.mend(COLLECTION, dim=DIM)
    assert mended is not None
    assert (mended.lost_rows, mended.rebuilds_indexes) == (0, True)
    await store.upkeep(COLLECTION)
    merged = points(rows - 5, rows + 5, dim=DIM)
    await store.write(COLLECTION, merged, may_exist=ids(merged))
    assert await row_ids(store) == sorted(ids(points(0, rows + 5)))
    assert (await store.search(COLLECTION, point(3, dim=DIM).vector, limit=1))[0].score > 0.99
    assert await store.mend(COLLECTION, dim=DIM) is None


async def test_a_table_that_is_gone_or_without_a_manifest_is_made_anew(tmp_path: Path) -> None:
    folder = str(tmp_path)
    await stored(folder)
    for path in files_of(folder, "_versions"):
        zeroed(path)
    store = local_store(folder)
    with pytest.raises(StoreRead):
        await store.count(COLLECTION)
    mended = await store.mend(COLLECTION, dim=DIM)
    assert mended is not None
    assert await row_ids(store) == []
    assert list((tmp_path / ".torn").rglob("*.lance"))  # kept for a person to look at
    await store.write(COLLECTION, points(0, 3, dim=DIM), may_exist=())
    assert await store.count(COLLECTION) == 3


async def test_what_is_the_moments_fault_condemns_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = await stored(str(tmp_path))
    store = local_store(str(tmp_path))
    await store.open(COLLECTION, synced_version=version)

    async def full(*_: object, **__: object) -> Any:
        raise RuntimeError("lance error: LanceError(IO): Too many open files (os error 24)")

    monkeypatch.setattr("lancedb.query.AsyncQuery.to_batches", full)
    with pytest.raises(ServiceOverloaded):
        await row_ids(store)
    with pytest.raises(ServiceOverloaded) as said:
        await store.mend(COLLECTION, dim=DIM)
    assert said.value.detail.count("Too many open files") == 1
    monkeypatch.undo()
    assert await store.mend(COLLECTION, dim=DIM) is None
    assert len(await row_ids(store)) == 298


async def test_a_write_that_fails_by_damage_says_so_in_the_end(tmp_path: Path) -> None:
    folder = str(tmp_path)
    rows = INDEX_THRESHOLD_ROWS + 50
    store = local_store(folder)
    await store.create(COLLECTION, dim=DIM)
    await store.write(COLLECTION, points(0, rows, dim=DIM), may_exist=())
    version = await store.upkeep(COLLECTION)
    store = local_store(folder)
    await store.open(COLLECTION, synced_version=version)
    for index in files_of(folder, "_indices"):
        for name in os.listdir(index):
            emptied(os.path.join(index, name))
    merged = points(rows - 5, rows + 5, dim=DIM)
    for fault in (StoreWrite, StoreWrite, StoreRead):  # the first two may be the moment's fault
        with pytest.raises(fault) as caught:
            await store.write(COLLECTION, merged, may_exist=ids(merged))
        assert isinstance(caught.value, StoreFault)
        assert caught.value.cause
    assert await store.mend(COLLECTION, dim=DIM) is not None
    await store.write(COLLECTION, merged, may_exist=ids(merged))
    assert await row_ids(store) == sorted(ids(points(0, rows + 5)))


async def test_what_the_process_wrote_itself_is_watched_too(tmp_path: Path) -> None:
    store = local_store(str(tmp_path))
    await store.create(COLLECTION, dim=512)
    assert await store.mend(COLLECTION, dim=512) is None  # as the first job does
    await store.write(COLLECTION, points(0, 100, dim=512), may_exist=())
    (path,) = data_files(str(tmp_path))
    vectors_zeroed(path)
    with pytest.raises(StoreRead):  # Lance leaves such rows out of a flat search
        await store.search(COLLECTION, unit(1, 512), limit=500)
    store.database.entries[COLLECTION].health.suspect = False  # also where nobody has searched
    mended = await store.mend(COLLECTION, dim=512)
    assert mended is not None
    assert len(await store.search(COLLECTION, unit(1, 512), limit=500)) == 100 - mended.lost_rows
