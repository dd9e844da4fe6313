"""The class `look_alike`: each image that is in no group yet gathers those after it that are near.

Nothing is kept of pairs: a group grows around its first member, so that memory is that of the
vectors, however many are near each other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.duplicates.grouping import Grouping, Places
from ingestion_orchestration_fastapi_app.domain.duplicates.images import Images
from ingestion_orchestration_fastapi_app.domain.duplicates.near_vectors import (
    are_near,
    block_rows,
    may_be_near,
    squared_limit,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import Matrix
from ingestion_orchestration_fastapi_app.duplicates.reading import PAGE, Vectors, vectors_of
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from utils.contract.duplicates.options import DuplicateClass

_KIND = DuplicateClass.LOOK_ALIKE


@dataclass(frozen=True, slots=True)
class LookAlikes:
    scope: JobScope
    collection: CollectionRecord
    images: Images
    grouping: Grouping
    threads: CapacityLimiter

    async def grouped(self, min_cosine: float, *, after: int) -> AsyncIterator[int]:
        """The place before which all is done, again and again; those before `after` are."""
        standing = np.flatnonzero(self.grouping.standing(_KIND))
        if len(standing) < 2:
            return
        store, limit = self.scope.ports.store, squared_limit(min_cosine)
        vectors = await vectors_of(store, self.collection, self.images, standing)
        count = len(vectors.places)
        at = int(np.searchsorted(vectors.places, after))
        while at < count:
            stop = min(count, at + block_rows(count - at))
            rows = np.arange(at, stop)
            rows = rows[self.grouping.are_alone(_KIND, vectors.places[rows])]
            if len(rows):
                await self._gather(vectors, rows, limit)
            at = stop
            yield int(vectors.places[at - 1]) + 1

    async def _gather(self, vectors: Vectors, rows: Places, limit: float) -> None:
        if vectors.axes.are_all:
            gather = partial(self._gathered, vectors, rows, limit)
            await to_thread.run_sync(gather, limiter=self.threads)
            return
        near = partial(may_be_near, vectors.held, rows, limit=limit)
        may_be = await to_thread.run_sync(near, limiter=self.threads)
        for row, mask in zip(rows.tolist(), may_be, strict=True):
            find = partial(self._near, vectors, row, np.flatnonzero(mask) + int(rows[0]), limit)
            others = await to_thread.run_sync(find, limiter=self.threads)
            if len(others):
                self._join(vectors, row, await self._exact(vectors, row, others, limit))

    def _gathered(self, vectors: Vectors, rows: Places, limit: float) -> None:
        """Blocking."""
        may_be = may_be_near(vectors.held, rows, limit=limit)
        for row, mask in zip(rows.tolist(), may_be, strict=True):
            others = np.flatnonzero(mask) + int(rows[0])
            self._join(vectors, row, self._near(vectors, row, others, limit))

    def _near(self, vectors: Vectors, row: int, others: Places, limit: float) -> Places:
        """Of the others those after the row that are near by all that is held, and in no group;
        none where the row is in one. Blocking.
        """
        others = others[others > row]
        if len(others) == 0 or self.grouping.leader(_KIND, int(vectors.places[row])) is not None:
            return others[:0]
        others = others[self.grouping.are_alone(_KIND, vectors.places[others])]
        slack = not vectors.axes.are_all
        near = are_near(vectors.held[row], vectors.held[others], limit=limit, slack=slack)
        return others[near]

    def _join(self, vectors: Vectors, row: int, others: Places) -> None:
        leader = int(vectors.places[row])
        for other in vectors.places[others].tolist():
            self.grouping.join(_KIND, other, leader)

    async def _exact(self, vectors: Vectors, row: int, others: Places, limit: float) -> Places:
        """Of the others those that are near by all numbers of their vectors."""
        found: list[int] = []
        own = await self._read(vectors, [row])
        for start in range(0, len(others) if own else 0, PAGE):
            there = await self._read(vectors, others[start : start + PAGE].tolist())
            if there:
                stacked = np.stack(list(there.values()))
                near = are_near(own[row], stacked, limit=limit, slack=False)
                found += [one for one, is_near in zip(there, near, strict=True) if is_near]
        return np.array(found, np.int64)

    async def _read(self, vectors: Vectors, rows: Sequence[int]) -> dict[int, Matrix]:
        """By row; of images that are there still."""
        by_id = {self.images.id_at(int(vectors.places[row])): row for row in rows}
        table = self.collection.bound().table
        points = await self.scope.ports.store.get(table, list(by_id), vectors=True)
        return {by_id[point.id]: point.vector for point in points}
