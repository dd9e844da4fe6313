"""Candidates of a search, in every store."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid4

import pytest

from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from tests.component.store_fixtures import COLLECTION, DIM, point, unit
from tests.memory_store import candidate_of

pytestmark = pytest.mark.anyio

ROWS = 60


def only(ids: Iterable[UUID], *, has_gps: bool | None = None) -> Filters:
    return Filters(ids=frozenset(ids), has_gps=has_gps)


async def filled(store: VectorStore) -> VectorStore:
    await store.create(COLLECTION, dim=DIM)
    await store.write(COLLECTION, [point(number) for number in range(ROWS)], may_exist=())
    return store


async def test_candidates_are_what_a_search_finds(store: VectorStore) -> None:
    await filled(store)
    hits = await store.search(COLLECTION, unit(500), limit=20)
    found = await store.candidates(COLLECTION, unit(500), limit=20)
    assert found == [candidate_of(hit.point, hit.score) for hit in hits]


async def test_they_are_cut_by_filters_and_least_score(store: VectorStore) -> None:
    await filled(store)
    narrow = Filters(has_gps=False)
    hits = await store.search(COLLECTION, unit(500), limit=ROWS, filters=narrow, min_score=0.0)
    found = await store.candidates(COLLECTION, unit(500), limit=ROWS, filters=narrow, min_score=0.0)
    assert [one.id for one in found] == [hit.point.id for hit in hits]
    assert 0 < len(found) < ROWS


async def test_among_some_ids_all_of_them_are_found_with_their_scores(store: VectorStore) -> None:
    await filled(store)
    among = {point(number).id for number in range(0, ROWS, 7)} | {uuid4()}
    scores = {
        hit.point.id: hit.score for hit in await store.search(COLLECTION, unit(500), limit=ROWS)
    }
    found = await store.candidates(COLLECTION, unit(500), limit=ROWS, filters=only(among))
    assert {one.id for one in found} == among & scores.keys()
    assert [one.score for one in found] == [scores[one.id] for one in found]
    assert await store.candidates(COLLECTION, unit(500), limit=ROWS, filters=only(())) == []


async def test_without_a_vector_they_have_no_score_and_come_by_id(store: VectorStore) -> None:
    await filled(store)
    among = [point(number).id for number in (9, 3, 5)]
    narrow = only(among, has_gps=True)
    found = await store.candidates(COLLECTION, None, limit=10, filters=narrow)
    assert [one.id for one in found] == sorted(among)
    assert {one.score for one in found} == {None}
    assert len(await store.candidates(COLLECTION, None, limit=10)) == 10
