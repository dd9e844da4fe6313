"""What was found, before it is judged and arranged: candidates by relevance, to a bounded depth."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.domain.search.candidate import Candidate
from ingestion_orchestration_fastapi_app.domain.search.fusion import fused
from ingestion_orchestration_fastapi_app.domain.search.mode import words_weight
from ingestion_orchestration_fastapi_app.library.searching.query import Query, Scope
from ingestion_orchestration_fastapi_app.library.searching.worded import Worded, Wording
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.contract.search import SearchSort

MAX_DEPTH = 10_000
FUSED_DEPTH = 500  # of the list by vector: what is further down moves nothing up
DIVERSE_DEPTH = 300
_LEAST_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Pool:
    """The best first. `is_whole`: no more were to be found."""

    candidates: list[Candidate]
    is_whole: bool


class Pools:
    def __init__(self, store: VectorStore, wording: Wording) -> None:
        self._store = store
        self._wording = wording

    async def by_vector(self, scope: Scope, vector: Vector, *, depth: int) -> Pool:
        found = await self._store.candidates(
            scope.active.table,
            vector,
            limit=depth,
            filters=scope.filters,
            min_score=scope.query.min_score,
        )
        return Pool(found, is_whole=len(found) < depth)

    async def by_words(self, scope: Scope, worded: Worded) -> Pool:
        return Pool(await self._wording.candidates(scope, worded, None), worded.is_whole)

    async def by_both(self, scope: Scope, worded: Worded, vector: Vector) -> Pool:
        """Fused by rank. Where something is quoted, only what holds it."""
        by_word = await self._wording.candidates(scope, worded, vector)
        if worded.asked.required:
            near, is_whole = [replace(one, is_near=True) for one in by_word], worded.is_whole
        else:
            near = await self._store.candidates(
                scope.active.table, vector, limit=FUSED_DEPTH, filters=scope.filters
            )
            is_whole = len(near) < FUSED_DEPTH
        everything = {one.id: one for one in near} | {one.id: one for one in by_word}
        there = {one.id for one in near}
        order = fused(
            {one.id: one.score or 0.0 for one in near},
            {one.id: one.word_score or 0.0 for one in by_word},
            weights=(1.0, words_weight(worded.asked, [one.words for one in by_word])),
        )
        found = [replace(everything[one], is_near=one in there) for one in order]
        least = scope.query.min_score
        kept = [one for one in found if least is None or (one.score or 0.0) >= least]
        return Pool(kept, is_whole)


def depth_of(query: Query, *, shown: int) -> int:
    """How far down a search by vector alone must look for its page."""
    if query.sort is not SearchSort.RELEVANCE or query.is_counted:
        return MAX_DEPTH + 1  # one more says that there are more
    if query.diverse:
        return DIVERSE_DEPTH
    return min(max(shown + 2 * query.limit, _LEAST_DEPTH), MAX_DEPTH + 1)
