"""What words find: candidates by BM25, with the words that each holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.domain.library.search_terms import terms
from ingestion_orchestration_fastapi_app.domain.library.words import WordHit, Words
from ingestion_orchestration_fastapi_app.domain.search.candidate import Candidate
from ingestion_orchestration_fastapi_app.domain.search.word_query import (
    Phrase,
    WordQuery,
    word_query,
)
from ingestion_orchestration_fastapi_app.library.searching.query import Scope
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.contract.search import SearchMode
from utils.contract.warnings import WarningCode, WarningDetail

DEPTH = 500
DEPTH_OF_QUOTED = 1000  # all results are among them
_MOST_AMONG = 10_000  # that a filter lets through, and words are then looked for among

NOT_ANSWERING = WarningDetail.of(WarningCode.WORDS_NOT_ANSWERING)
NOT_WHOLE = WarningDetail.of(WarningCode.WORDS_INCOMPLETE)


@dataclass(frozen=True, slots=True)
class Worded:
    """The best first. `is_whole`: there are no more. `asked`: what was looked for."""

    asked: WordQuery
    hits: tuple[WordHit, ...] = ()
    held: Mapping[UUID, tuple[Phrase, ...]] = field(default_factory=dict)
    is_whole: bool = True
    is_answered: bool = True
    warnings: tuple[WarningDetail, ...] = ()


NOTHING = Worded(WordQuery())


class Wording:
    """Asks the words' table, which never fails a search."""

    def __init__(
        self, store: VectorStore, words: CollectionWords, *, threads: CapacityLimiter
    ) -> None:
        self._store = store
        self._words = words
        self._threads = threads

    async def found(self, scope: Scope, text: str) -> Worded:
        collection, asked = scope.collection, word_query(text)
        if not asked.all:
            return Worded(asked)
        depth = DEPTH_OF_QUOTED if asked.required else DEPTH
        hits = await self._words.search(collection, asked, limit=depth)
        if hits is None:
            return Worded(asked, is_answered=False, warnings=(NOT_ANSWERING,))
        if len(hits) == depth and scope.filters != NO_FILTERS:
            among = await self._narrow(scope)
            if among is not None:
                again = await self._words.search(collection, asked, limit=depth, among=among)
                hits = hits if again is None else again
        is_whole = len(hits) < depth
        is_fused = scope.query.mode is not SearchMode.TEXT
        if is_fused and not is_whole and not asked.required:
            hits = _without_last_ties(hits)
        hits = await self._allowed(scope, hits)
        rows = await self._words.found(collection, [hit.id for hit in hits])
        if hits and not rows:
            return Worded(asked, is_answered=False, warnings=(NOT_ANSWERING,))
        held = await to_thread.run_sync(_held, asked, rows, limiter=self._threads)
        if not asked.required:
            hits = _with_most_words(asked, hits, held)
        is_complete = self._words.state(collection).whole
        warnings = () if is_complete else (NOT_WHOLE,)
        return Worded(asked, tuple(hits), held, is_whole, warnings=warnings)

    async def candidates(
        self, scope: Scope, worded: Worded, vector: Vector | None
    ) -> list[Candidate]:
        """Those of the filters, by their word score; with cosines where there is a vector."""
        scores = {hit.id: hit.score for hit in worded.hits}
        found = await self._store.candidates(
            scope.active.table,
            vector,
            limit=len(scores),
            filters=only(scope.filters, scores.keys()),
        )
        made = [
            replace(
                one, is_near=False, word_score=scores[one.id], words=worded.held.get(one.id, ())
            )
            for one in found
        ]
        return sorted(made, key=lambda one: (-(one.word_score or 0.0), one.id))

    async def _allowed(self, scope: Scope, hits: list[WordHit]) -> list[WordHit]:
        """Those of the filters: what no answer may show says nothing of the others either."""
        if not hits or scope.filters == NO_FILTERS:
            return hits
        filters = only(scope.filters, [hit.id for hit in hits])
        found = await self._store.candidates(
            scope.active.table, None, limit=len(hits), filters=filters
        )
        there = {one.id for one in found}
        return [hit for hit in hits if hit.id in there]

    async def _narrow(self, scope: Scope) -> Collection[UUID] | None:
        """The ids that match; None where they are too many."""
        table, filters = scope.active.table, scope.filters
        if await self._store.count(table, filters) > _MOST_AMONG:
            return None
        found = await self._store.candidates(table, None, limit=_MOST_AMONG, filters=filters)
        return {one.id for one in found}


def _held(asked: WordQuery, rows: dict[UUID, Words]) -> dict[UUID, tuple[Phrase, ...]]:
    return {
        one.id: asked.among([*terms(one.text), *terms(one.caption or "")]) for one in rows.values()
    }


def _with_most_words(
    asked: WordQuery, hits: list[WordHit], held: Mapping[UUID, tuple[Phrase, ...]]
) -> list[WordHit]:
    """Those that hold as many words of the query as any does, and half of them at least: single
    words of a sentence stand in captions and folders by chance.
    """
    most = max((len(words) for words in held.values()), default=0)
    return [
        hit
        for hit in hits
        if 2 * len(held.get(hit.id, ())) >= len(asked.all) and len(held[hit.id]) == most
    ]


def _without_last_ties(hits: list[WordHit]) -> list[WordHit]:
    """It is chance which of those that tie with the last came in before the list was cut off."""
    return [hit for hit in hits if hit.score > hits[-1].score]


def only(filters: Filters, ids: Collection[UUID]) -> Filters:
    """Of these, and of no others."""
    there = frozenset(ids)
    return replace(filters, ids=there if filters.ids is None else filters.ids & there)
