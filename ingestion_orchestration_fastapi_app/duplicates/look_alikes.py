"""The class `look_alike`: each image that is in no group yet gathers those after it that are near.

Nothing is kept of pairs: a group grows around its first member, so that memory is that of the
vectors, however many are near each other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
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
            rows = rows[~self.grouping.is_grouped(_KIND)[vectors.places[rows]]]
            if len(rows):
                near = partial(may_be_near, vectors.held, rows, limit=limit)
                await self._gather(
                    vectors, rows, await to_thread.run_sync(near, limiter=self.threads), limit
                )
            at = stop
            yield int(vectors.places[at - 1]) + 1

    async def _gather(
        self, vectors: Vectors, rows: Places, near: npt.NDArray[np.bool_], limit: float
    ) -> None:
        first = int(rows[0])
        for row, may_be in zip(rows.tolist(), near, strict=True):
            others = np.flatnonzero(may_be) + first
            others = others[others > row]
            if len(others) == 0:
                continue
            grouped = self.grouping.is_grouped(_KIND)
            leader = int(vectors.places[row])
            if grouped[leader]:
                continue
            others = others[~grouped[vectors.places[others]]]
            if len(others) == 0:
                continue
            compare = partial(
                are_near,
                vectors.held[row],
                vectors.held[others],
                limit=limit,
                slack=not vectors.axes.are_all,
            )
            others = others[await to_thread.run_sync(compare, limiter=self.threads)]
            if len(others) and not vectors.axes.are_all:
                others = await self._exact(vectors, row, others, limit)
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
