"""What every vector store promises: the in-memory twin, a folder, a bucket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.adapters.lance import rows
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    GenerationState,
    NewGeneration,
    table_name,
)
from ingestion_orchestration_fastapi_app.domain.library.table_label import TableLabel
from ingestion_orchestration_fastapi_app.errors import StoreRead
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from tests.component.store_fixtures import (
    COLLECTION,
    DIM,
    filled,
    ids,
    point,
    points,
    row_ids,
    unit,
)
from tests.memory_store import MemoryStore

pytestmark = pytest.mark.anyio


async def test_a_point_comes_back_as_it_was_written(store: VectorStore) -> None:
    await filled(store, 7)
    written = point(5)
    (found,) = await store.get(COLLECTION, [written.id], vectors=True)
    assert replace(found, vector=written.vector) == written
    np.testing.assert_array_equal(found.vector, written.vector)


async def test_names_that_are_not_utf_8_keep_their_bytes_and_show_replacements(
    store: VectorStore,
) -> None:
    await store.create(COLLECTION, dim=DIM)
    odd = replace(point(1, display_path="/a/\udcff\ud800%'_.jpg"), filename="\udcff")
    await store.write(COLLECTION, [odd], may_exist=())
    (found,) = await store.get(COLLECTION, [odd.id])
    assert found.path == odd.path
    assert (found.display_path, found.filename) == ("/a/\ufffd\ufffd%'_.jpg", "\ufffd")
    (hit,) = await store.search(
        COLLECTION, odd.vector, limit=1, filters=Filters(path_prefix="/a/\ufffd\ufffd%'_")
    )
    assert hit.point.id == odd.id


async def test_points_asked_for_come_in_that_order_and_unknown_ones_are_left_out(
    store: VectorStore,
) -> None:
    await filled(store, 5)
    wanted = [point(3).id, uuid4(), point(0).id, point(4).id]
    found = await store.get(COLLECTION, wanted)
    assert ids(found) == [wanted[0], wanted[2], wanted[3]]
    assert all(each.vector.size == 0 for each in found)


async def test_appending_an_id_twice_doubles_its_row(store: VectorStore) -> None:
    await filled(store, 3)
    await store.write(COLLECTION, points(0, 3), may_exist=())
    assert await store.count(COLLECTION) == 6
    assert len(await row_ids(store)) == 6


async def test_rows_that_should_not_be_there_are_taken_out_and_no_others(
    store: VectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(store, 6)
    newer = [replace(each, job_id="later") for each in points(0, 2)]
    await store.write(COLLECTION, newer, may_exist=())
    odd = replace(point(2), vector=point(2).vector * np.float32(3))
    if isinstance(store, MemoryStore):
        store.damage(COLLECTION, odd)
    else:
        monkeypatch.setattr(rows, "_UNIT_TOLERANCE", 9.0)  # or nobody could write it
        await store.write(COLLECTION, [odd], may_exist=[odd.id])
    looked_at = ids(points(0, 5))
    for _ in range(2):  # it may be repeated
        await store.drop_odd_rows(COLLECTION, looked_at, tolerance=1e-3)
        assert sorted(await row_ids(store)) == sorted(ids([*points(0, 2), *points(3, 6)]))
    kept = await store.get(COLLECTION, ids(points(0, 6)))
    assert [one.job_id for one in kept[:2]] == ["later"] * 2
    await store.write(COLLECTION, points(5, 6), may_exist=())
    await store.drop_odd_rows(COLLECTION, looked_at, tolerance=1e-3)
    assert len(await row_ids(store)) == 6, "it was not asked about that one"


async def test_a_point_that_may_exist_keeps_one_row_and_its_newest_content(
    store: VectorStore,
) -> None:
    await filled(store, 10)
    group = [replace(each, job_id="later") for each in points(5, 15)]
    versions = await store.write(COLLECTION, group, may_exist=frozenset(ids(group)))
    assert await row_ids(store) == sorted(ids(points(0, 15)))
    jobs = [each.job_id for each in await store.get(COLLECTION, ids(points(4, 6)))]
    assert jobs == ["job", "later"]
    assert versions > 1


async def test_one_group_may_hold_new_points_and_some_that_exist(store: VectorStore) -> None:
    await filled(store, 10)
    await store.write(COLLECTION, points(8, 12), may_exist=ids(points(8, 10)))
    assert await row_ids(store) == sorted(ids(points(0, 12)))


async def test_merging_an_id_that_was_doubled_leaves_both_rows(store: VectorStore) -> None:
    await filled(store, 2)
    await store.write(COLLECTION, [point(1)], may_exist=())
    await store.write(COLLECTION, [point(1)], may_exist=[point(1).id])
    assert await store.count(COLLECTION) == 3


async def test_an_empty_group_writes_nothing(store: VectorStore) -> None:
    await filled(store, 2)
    before = await store.write(COLLECTION, [], may_exist=())
    assert await store.write(COLLECTION, [], may_exist=()) == before
    assert await store.count(COLLECTION) == 2


async def test_versions_only_grow(store: VectorStore) -> None:
    created = await store.create(COLLECTION, dim=DIM)
    written = await store.write(COLLECTION, points(0, 2), may_exist=())
    deleted = await store.delete(COLLECTION, [point(0).id])
    assert created < written < deleted
    opened = await store.open(COLLECTION, synced_version=deleted)
    assert (opened.version, opened.restored) == (deleted, False)


async def test_deleting_removes_those_rows_only(store: VectorStore) -> None:
    await filled(store, 6)
    await store.delete(COLLECTION, [point(1).id, point(4).id, uuid4()])
    await store.delete(COLLECTION, [])
    assert await row_ids(store) == sorted(point(number).id for number in (0, 2, 3, 5))


async def test_the_nearest_come_first_with_their_cosine(store: VectorStore) -> None:
    await filled(store, 40)
    query = unit(1000)
    hits = await store.search(COLLECTION, query, limit=40)
    scores = {point(n).id: float(point(n).vector @ query) for n in range(40)}
    assert [hit.point.id for hit in hits] == sorted(scores, key=lambda each: -scores[each])
    assert [hit.score for hit in hits] == pytest.approx(
        [scores[hit.point.id] for hit in hits], abs=1e-5
    )


async def test_vectors_come_with_what_is_found_where_they_are_asked_for(
    store: VectorStore,
) -> None:
    await filled(store, 9)
    plain = await store.search(COLLECTION, unit(50), limit=4)
    hits = await store.search(COLLECTION, unit(50), limit=4, vectors=True)
    assert [(hit.point.id, hit.score) for hit in hits] == [
        (hit.point.id, hit.score) for hit in plain
    ]
    assert {len(hit.point.vector) for hit in plain} == {0}
    vectors = await store.vectors(COLLECTION, [hit.point.id for hit in hits] + [uuid4()])
    assert vectors.keys() == {hit.point.id for hit in hits}
    for hit in hits:
        assert np.array_equal(vectors[hit.point.id], hit.point.vector)


async def test_equal_scores_are_ordered_by_id_over_all_pages(store: VectorStore) -> None:
    await store.create(COLLECTION, dim=DIM)
    copies = [point(number, vector=unit(1)) for number in range(30)]
    await store.write(COLLECTION, copies, may_exist=())
    pages = [
        await store.search(COLLECTION, unit(1), limit=4, offset=offset)
        for offset in range(0, 30, 4)
    ]
    assert [hit.point.id for page in pages for hit in page] == sorted(ids(copies))


async def test_a_minimum_score_cuts_the_tail(store: VectorStore) -> None:
    await filled(store, 30)
    hits = await store.search(COLLECTION, unit(3), limit=30)
    floor = hits[9].score
    kept = await store.search(COLLECTION, unit(3), limit=30, min_score=floor)
    assert kept == hits[:10]


async def test_a_search_in_an_empty_collection_finds_nothing(store: VectorStore) -> None:
    await store.create(COLLECTION, dim=DIM)
    assert await store.search(COLLECTION, unit(1), limit=5) == []
    assert await store.page(COLLECTION, limit=5, offset=0) == []
    assert await row_ids(store) == []


async def test_pages_go_by_display_path_and_id(store: VectorStore) -> None:
    await filled(store, 20)
    await store.write(
        COLLECTION, [point(30, display_path="/Z"), point(31, display_path="/é")], may_exist=()
    )
    everything = [*points(0, 20), point(30, display_path="/Z"), point(31, display_path="/é")]
    ordered = sorted(everything, key=lambda each: (each.display_path, str(each.id)))
    pages = [await store.page(COLLECTION, limit=5, offset=offset) for offset in range(0, 25, 5)]
    assert [each.id for page in pages for each in page] == ids(ordered)


async def test_a_collection_that_was_never_created_is_a_mistake(store: VectorStore) -> None:
    assert not await store.exists(COLLECTION)
    await store.drop(COLLECTION)
    with pytest.raises(StoreRead):
        await store.count(COLLECTION)
    with pytest.raises(StoreRead):
        await store.search(COLLECTION, unit(1), limit=1)
    with pytest.raises(StoreRead):
        await store.delete(COLLECTION, ids(points(0, 1)))
    with pytest.raises(ValueError, match="never created"):
        await store.write(COLLECTION, points(0, 1), may_exist=())
    with pytest.raises(ValueError, match="never created"):
        await store.open(COLLECTION, synced_version=None)


async def test_creating_again_keeps_what_is_there(store: VectorStore) -> None:
    await filled(store, 3)
    await store.create(COLLECTION, dim=DIM)
    assert await store.count(COLLECTION) == 3
    with pytest.raises(ValueError, match="dimensions"):
        await store.create(COLLECTION, dim=DIM + 1)


async def test_vectors_of_another_length_or_norm_are_a_mistake(store: VectorStore) -> None:
    await store.create(COLLECTION, dim=DIM)
    for wrong in (unit(1, DIM + 1), unit(1) * 2, unit(1) * np.float32("nan")):
        with pytest.raises(ValueError, match="vector"):
            await store.write(COLLECTION, [point(1, vector=wrong)], may_exist=())
    await store.write(COLLECTION, [point(1)], may_exist=())
    assert await store.count(COLLECTION) == 1


async def test_names_of_collections_are_kept_apart(store: VectorStore) -> None:
    names = ["Fotos", "fotos", "fo/tos", "../fotos", "Fötos", "f" * 300, "fotos.lance"]
    tables = [table_name(name) for name in names]
    for number, table in enumerate(tables):
        await store.create(table, dim=DIM)
        await store.write(table, points(0, number), may_exist=())
    assert [await store.count(table) for table in tables] == list(range(len(names)))


async def test_a_label_is_kept_with_the_points(store: VectorStore) -> None:
    assert await store.label(COLLECTION) is None
    await filled(store, 5)
    assert await store.label(COLLECTION) == TableLabel()
    roots = [Root(uuid4(), b"/photos/\xff\xfe"), Root(point(0).root_id, "/\u00e9t\u00e9".encode())]
    of_before = TableLabel("made once", frozenset(roots))  # as earlier versions wrote them
    version = await store.put_label(COLLECTION, of_before)
    foreign = replace(point(9), root_id=roots[0].id)
    assert await store.write(COLLECTION, [foreign, point(0)], may_exist={point(0).id}) > version
    assert await store.label(COLLECTION) == of_before
    assert [one async for one in store.ids(COLLECTION, root_id=roots[0].id)] == [[foreign.id]]
    own = {one async for group in store.ids(COLLECTION, root_id=roots[1].id) for one in group}
    assert own == {each.id for each in points(0, 5)}
    for state in GenerationState:
        made_with = NewGeneration(COLLECTION, "m\u00fc", "w", DIM, "fp")
        made_at = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
        label = TableLabel("made once", frozenset(roots[:1]), "Trip 1", made_with, state, made_at)
        await store.put_label(COLLECTION, label)
        assert await store.label(COLLECTION) == label
    await store.drop(COLLECTION)
    assert await store.label(COLLECTION) is None


async def test_all_tables_are_listed(store: VectorStore) -> None:
    assert await store.tables() == []
    names = [f"t{number}" for number in range(12)]  # more than a page of some of Lance's calls
    for name in names:
        await store.create(name, dim=DIM)
    assert sorted(await store.tables()) == sorted(names)
    await store.drop(names[0])
    assert sorted(await store.tables()) == sorted(names[1:])


async def test_ids_are_those_of_the_beginning_while_rows_are_written(store: VectorStore) -> None:
    await filled(store, 9000)  # more than one group
    seen: list[UUID] = []
    async for group in store.ids(COLLECTION, root_id=point(0).root_id):
        seen += group
        moved = [replace(each, display_path="/moved") for each in points(0, 3)]
        await store.write(COLLECTION, moved, may_exist={each.id for each in moved})
        await store.upkeep(COLLECTION)
    assert len(seen) == len(set(seen)) == 9000
