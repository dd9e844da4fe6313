"""What was found is judged: how relevant each hit is, and whether anything is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.search.candidate import Candidate
from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import BEST_HITS
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.searching.paged import Start
from ingestion_orchestration_fastapi_app.library.searching.query import Found, Scope
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.contract.search import SearchMode
from utils.contract.warnings import WarningCode, WarningDetail

_NOT_CUT = WarningDetail.of(WarningCode.RELEVANCE_UNKNOWN)


@dataclass(frozen=True, slots=True)
class Cut:
    """`is_end`: what is further down is not relevant."""

    candidates: list[Candidate]
    is_end: bool


class Relevance:
    """For what is asked by one text, and looked for by its vector. What words found is not cut."""

    def __init__(self, judging: Judging, store: VectorStore) -> None:
        self._judging = judging
        self._store = store

    async def cut(self, scope: Scope, start: Start, candidates: Sequence[Candidate]) -> Cut | None:
        """None where nothing is to be cut, or cannot be."""
        least = scope.query.min_relevance
        if least is None or start.vector is None or not scope.subject.is_judged:
            return None
        by_cosine = sorted(candidates, key=lambda one: -(one.score or 0.0))
        near = [one.id for one in by_cosine if one.word_score is None]
        judged = await self._judging.relevant(scope.active, start.vector, near, least=least)
        if judged is None:
            return None
        kept = [
            one for one in candidates if one.word_score is not None or one.id in judged.relevances
        ]
        return Cut(kept, is_end=judged.is_end)

    async def told(self, scope: Scope, start: Start, found: Found) -> Found:
        """With the relevance of each hit; whether nothing is relevant is told on the first page."""
        least = scope.query.min_relevance
        told = found.warning_details if least is None else (*found.warning_details, _NOT_CUT)
        if start.vector is None or not scope.subject.is_judged:
            return replace(found, warning_details=told)
        is_first = start.after is None and not scope.query.offset
        best = await self._best(scope, start, found) if is_first else None
        vectors = {hit.point.id: hit.point.vector for hit in found.hits}
        judged = await self._judging.judged(scope.active, start.vector, vectors, best=best)
        if judged is None:
            return replace(found, warning_details=told)
        nothing = judged.nothing_relevant
        if nothing and any(hit.word_score is not None for hit in found.hits):
            nothing = False
        hits = [replace(hit, relevance=judged.relevances.get(hit.point.id)) for hit in found.hits]
        calibrated = await self._judging.calibrated(scope.active)
        return replace(
            found,
            hits=hits,
            nothing_relevant=nothing,
            calibrated=calibrated,
            suggested_cut=await self._judging.suggested_cut(scope.active) if calibrated else None,
        )

    async def _best(self, scope: Scope, start: Start, found: Found) -> list[UUID]:
        assert start.vector is not None, "it was asked for"
        query = scope.query
        is_by_cosine = query.is_plain and found.mode is SearchMode.VECTOR
        has_best = len(found.hits) >= BEST_HITS
        if is_by_cosine and query.min_score is None and (has_best or found.cursor is None):
            return [hit.point.id for hit in found.hits]
        best = await self._store.candidates(
            scope.active.table, start.vector, limit=BEST_HITS, filters=scope.filters
        )
        return [one.id for one in best]
