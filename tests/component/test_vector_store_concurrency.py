"""Searches, writes, upkeep and drops of a store beside each other."""

from __future__ import annotations

from uuid import UUID

import pytest
from anyio import create_task_group

from ingestion_orchestration_fastapi_app.domain.library.cursor import After
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.errors import StoreRead
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from tests.component.store_fixtures import (
    COLLECTION,
    COMPACT_EVERY_FRAGMENTS,
    DIM,
    INDEX_THRESHOLD_ROWS,
    filled,
    ids,
    point,
    points,
    row_ids,
    unit,
)

pytestmark = pytest.mark.anyio


async def test_two_creations_at_once_make_one_collection(store: VectorStore) -> None:
    async def create_and_write(start: int) -> None:
        await store.create(COLLECTION, dim=DIM)
        await store.write(COLLECTION, points(start, start + 5), may_exist=())

    async with create_task_group() as tg:
        for start in (0, 5, 10):
            tg.start_soon(create_and_write, start)
    assert await row_ids(store) == sorted(ids(points(0, 15)))


async def test_searches_beside_writes_and_upkeep_never_fail(store: VectorStore) -> None:
    await filled(store, 20)
    writing = True

    async def search() -> None:
        while writing:
            hits = await store.search(COLLECTION, point(3).vector, limit=1)
            assert hits[0].point.id == point(3).id
            assert len(await row_ids(store)) >= 20

    async with create_task_group() as tg:
        for _ in range(3):
            tg.start_soon(search)
        for start in range(20, 20 + 8 * 10, 10):
            await store.write(COLLECTION, points(start, start + 10), may_exist=())
            await store.upkeep(COLLECTION)
        writing = False
    assert await row_ids(store) == sorted(ids(points(0, 100)))


async def test_a_drop_beside_searches_ends_them_with_an_answer_or_a_clear_word(
    store: VectorStore,
) -> None:
    await filled(store, 20)
    refused = 0

    async def search() -> None:
        nonlocal refused
        while not refused:
            try:
                await store.search(COLLECTION, unit(1), limit=3)
            except StoreRead:
                refused += 1

    async with create_task_group() as tg:
        tg.start_soon(search)
        await store.search(COLLECTION, unit(1), limit=3)
        await store.drop(COLLECTION)
    assert not await store.exists(COLLECTION)
    await store.create(COLLECTION, dim=DIM)
    assert await store.count(COLLECTION) == 0


async def test_a_large_collection_is_indexed_and_still_finds_everything(
    store: VectorStore,
) -> None:
    rows = INDEX_THRESHOLD_ROWS + 100
    await filled(store, rows)
    await store.upkeep(COLLECTION)
    await store.write(COLLECTION, points(rows, rows + 20), may_exist=())  # not in the index yet
    merged = points(rows - 10, rows + 10)  # some in the index, some not
    await store.write(COLLECTION, merged, may_exist=ids(merged))
    assert await row_ids(store) == sorted(ids(points(0, rows + 20)))
    for number in (0, rows - 1, rows - 5, rows + 5, rows + 19):
        hits = await store.search(COLLECTION, point(number).vector, limit=3)
        assert hits[0].point.id == point(number).id
        assert hits[0].score == pytest.approx(1, abs=1e-5)
    rare = Filters(min_width_px=100 + rows + 15)
    found = await store.search(COLLECTION, unit(1), limit=10, filters=rare)
    assert {hit.point.id for hit in found} == set(ids(points(rows + 15, rows + 20)))


async def test_pages_of_an_indexed_collection_have_every_copy_once_and_in_order(
    store: VectorStore,
) -> None:
    copies, alone = 50, INDEX_THRESHOLD_ROWS + 50
    await filled(store, alone)
    same = point(7).vector
    more = [point(alone + number, vector=same) for number in range(copies)]
    await store.write(COLLECTION, more, may_exist=())
    await store.upkeep(COLLECTION)
    # Flat: an id that is asked for is looked up.
    among = Filters(ids=frozenset(one.id for one in [*more, *points(0, alone)]))
    exact = await store.candidates(COLLECTION, same, limit=80, filters=among)
    expected = [(one.id, one.score) for one in exact]
    assert len({score for _, score in expected[: copies + 1]}) == 1
    for limit in (3, 10, 45):
        seen: list[tuple[UUID, float | None]] = []
        after: After | None = None
        while len(seen) < 75:
            by_offset = await store.search(COLLECTION, same, limit=limit, offset=len(seen))
            hits = await store.search(COLLECTION, same, limit=limit, after=after)
            assert hits == by_offset
            seen += [(hit.point.id, hit.score) for hit in hits]
            after = After(hits[-1].score, hits[-1].point.id, len(seen))
        assert seen[:75] == expected[:75]


async def test_an_indexed_search_beside_compactions_never_shows_another_row(
    store: VectorStore,
) -> None:
    rows = INDEX_THRESHOLD_ROWS + 20
    await filled(store, rows)
    await store.upkeep(COLLECTION)
    wanted = {number: point(number).id for number in range(0, rows, 20)}
    writing = True

    async def search() -> None:
        while writing:
            for number, point_id in wanted.items():
                (hit,) = await store.search(COLLECTION, point(number).vector, limit=1)
                assert hit.point.id == point_id
                assert hit.score == pytest.approx(1, abs=1e-5)

    async with create_task_group() as tg:
        for _ in range(2):
            tg.start_soon(search)
        for start in range(rows, rows + 100, 10):
            gone = points(start - rows + 1, start - rows + 5)  # so that compaction moves the rest
            await store.write(COLLECTION, points(start, start + 10), may_exist=())
            await store.delete(COLLECTION, ids(gone))
            await store.upkeep(COLLECTION)
        writing = False


async def test_upkeep_changes_no_row(store: VectorStore) -> None:
    await filled(store, 10)
    for start in range(10, 10 + 2 * COMPACT_EVERY_FRAGMENTS):
        version = await store.write(COLLECTION, points(start, start + 1), may_exist=())
        version = await store.upkeep(COLLECTION) or version
    opened = await store.open(COLLECTION, synced_version=version)
    assert (opened.version, opened.restored) == (version, False)
    assert await row_ids(store) == sorted(ids(points(0, 10 + 2 * COMPACT_EVERY_FRAGMENTS)))
