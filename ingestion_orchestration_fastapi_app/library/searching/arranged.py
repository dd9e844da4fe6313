"""How results are shown: sorted, folded, and made diverse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.search.candidate import Candidate
from ingestion_orchestration_fastapi_app.domain.search.diversity import diverse_order
from ingestion_orchestration_fastapi_app.domain.search.folding import Folded, fold
from ingestion_orchestration_fastapi_app.library.catalogue.collection_catalogue import (
    CollectionCatalogue,
)
from ingestion_orchestration_fastapi_app.library.searching.pool import DIVERSE_DEPTH
from ingestion_orchestration_fastapi_app.library.searching.query import Query
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.contract.search import SearchSort

_Moment = TypeVar("_Moment", datetime, int)


class Arranging:
    def __init__(
        self, store: VectorStore, catalogue: CollectionCatalogue, *, threads: CapacityLimiter
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._threads = threads

    async def arranged(
        self, query: Query, collection: CollectionRecord, found: Sequence[Candidate]
    ) -> list[Folded[Candidate]]:
        """A group stands where its first member does, in whatever order was asked for."""
        added: dict[UUID, int] = {}
        if query.sort is SearchSort.ADDED:
            added = await self._catalogue.added(collection, [one.id for one in found])
        return await to_thread.run_sync(_ordered, query, found, added, limiter=self._threads)

    async def diverse(
        self, query: Query, active: Generation, groups: list[Folded[Candidate]]
    ) -> list[Folded[Candidate]]:
        looked_at = groups[:DIVERSE_DEPTH]
        ids = [group.first.id for group in looked_at]
        vectors = await self._store.vectors(active.table, ids)
        there = [group for group in looked_at if group.first.id in vectors]
        # The order that was found is kept: of fused lists the cosine alone is none.
        scores = [1 - place / len(there) for place in range(len(there))]
        if all(group.first.word_score is None for group in there):
            scores = [group.first.score or 0.0 for group in there]
        order = await to_thread.run_sync(
            partial(diverse_order, relevance_share=query.relevance_share),
            scores,
            [vectors[group.first.id] for group in there],
            limiter=self._threads,
        )
        return [there[place] for place in order]


def _ordered(
    query: Query, found: Sequence[Candidate], added: Mapping[UUID, int]
) -> list[Folded[Candidate]]:
    match query.sort:
        case SearchSort.RELEVANCE:
            ordered = list(found)
        case SearchSort.TAKEN_AT:
            taken = {one.id: one.taken_at for one in found if one.taken_at is not None}
            ordered = _by_moment(found, taken, is_descending=query.is_descending)
        case SearchSort.ADDED:
            ordered = _by_moment(found, added, is_descending=query.is_descending)
        case SearchSort.PATH:
            ordered = sorted(found, key=_place, reverse=query.is_descending)
    return fold(ordered, query.fold)


def _by_moment(
    found: Sequence[Candidate], moments: Mapping[UUID, _Moment], *, is_descending: bool
) -> list[Candidate]:
    """Those without one are the last, whatever the direction."""
    there = sorted(
        (one for one in found if one.id in moments),
        key=lambda one: (moments[one.id], str(one.id)),
        reverse=is_descending,
    )
    return there + sorted((one for one in found if one.id not in moments), key=lambda one: one.id)


def _place(one: Candidate) -> tuple[list[tuple[int, bytes]], str]:
    """A folder's own pictures come before those in folders below it."""
    *folders, name = one.path.split(b"/")
    return [*((1, folder) for folder in folders), (0, name)], str(one.id)
