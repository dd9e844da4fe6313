"""The in-memory twin of the Lance store: the same rules, for fast tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import anyio.lowlevel
import numpy as np

from ingestion_orchestration_fastapi_app.adapters.lance.errors import (
    DamagedError,
    NoTableError,
    reading,
    unreadable,
)
from ingestion_orchestration_fastapi_app.adapters.lance.rows import NO_VECTOR, to_points, to_table
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.library.collection import Mended, Opened, TableSize
from ingestion_orchestration_fastapi_app.domain.library.cursor import After
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Hit, Point, Vector

_IDS_A_GROUP = 8192


@dataclass(slots=True)
class _Table:
    """Rows in the order written; an id that was appended twice has two."""

    dim: int
    version: int = 1
    rows: list[Point] = field(default_factory=list)
    roots: list[Root] = field(default_factory=list)
    identity: str | None = None


class MemoryStore:
    """A VectorStore without a disk. Appending an id that is there duplicates its row, as Lance
    does, so that a test can notice.
    """

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}

    async def create(self, collection: str, *, dim: int) -> int:
        await anyio.lowlevel.checkpoint()
        table = self._tables.setdefault(collection, _Table(dim))
        if table.dim != dim:
            raise ValueError(f"collection {collection!r} has {table.dim} dimensions, not {dim}")
        return table.version

    async def exists(self, collection: str) -> bool:
        await anyio.lowlevel.checkpoint()
        return collection in self._tables

    async def drop(self, collection: str) -> None:
        await anyio.lowlevel.checkpoint()
        self._tables.pop(collection, None)

    async def open(
        self, collection: str, *, synced_version: int | None, dim: int | None = None
    ) -> Opened:
        await anyio.lowlevel.checkpoint()
        version = self._table(collection).version
        if dim not in (None, self._table(collection).dim):
            raise unreadable(collection, DamagedError("its vectors have other numbers"))
        return Opened(version, restored=synced_version is not None and version < synced_version)

    async def mend(self, collection: str, *, dim: int) -> Mended | None:
        await anyio.lowlevel.checkpoint()
        if collection in self._tables:
            return None
        table = self._tables[collection] = _Table(dim)
        return Mended(table.version, lost_rows=0)

    async def write(
        self, collection: str, points: Sequence[Point], *, may_exist: Collection[UUID]
    ) -> int:
        await anyio.lowlevel.checkpoint()
        table = self._table(collection)
        if not points:
            return table.version
        asked = frozenset(may_exist)
        # Through Arrow and back: what cannot be stored there must not pass here.
        stored = to_points(to_table(points, dim=table.dim))
        merged = {point.id: point for point in stored if point.id in asked}
        there = {point.id for point in table.rows}
        table.rows = [merged.get(point.id, point) for point in table.rows]
        table.rows += [point for point in stored if point.id not in merged]
        table.rows += [point for point in merged.values() if point.id not in there]
        table.version += 1
        return table.version

    def damage(self, collection: str, point: Point) -> None:
        """Another row in place of the point's, unchecked, as no caller could write it."""
        table = self._table(collection)
        table.rows = [point if row.id == point.id else row for row in table.rows]

    async def delete(self, collection: str, ids: Sequence[UUID]) -> int:
        await anyio.lowlevel.checkpoint()
        table = self._table(collection)
        gone = frozenset(ids)
        kept = [point for point in table.rows if point.id not in gone]
        if len(kept) < len(table.rows):
            table.rows = kept
            table.version += 1
        return table.version

    async def search(
        self,
        collection: str,
        vector: Vector,
        *,
        limit: int,
        offset: int = 0,
        after: After | None = None,
        filters: Filters = NO_FILTERS,
        min_score: float | None = None,
    ) -> list[Hit]:
        await anyio.lowlevel.checkpoint()
        query = np.asarray(vector, dtype=np.float64)
        query = query / np.linalg.norm(query)
        hits = [
            Hit(_bare(point), score=_cosine(point.vector, query))
            for point in self._read(collection).rows
            if filters.matches(point)
        ]
        hits.sort(key=lambda hit: (-hit.score, str(hit.point.id)))
        if after is not None:
            hits = [hit for hit in hits if after.precedes(hit.score, hit.point.id)]
        hits = hits[offset : offset + limit]
        return [hit for hit in hits if min_score is None or hit.score >= min_score]

    async def get(
        self, collection: str, ids: Sequence[UUID], *, vectors: bool = False
    ) -> list[Point]:
        await anyio.lowlevel.checkpoint()
        by_id = {point.id: point for point in self._read(collection).rows}
        found = [by_id[point_id] for point_id in ids if point_id in by_id]
        return found if vectors else [_bare(point) for point in found]

    async def page(
        self, collection: str, *, limit: int, offset: int, filters: Filters = NO_FILTERS
    ) -> list[Point]:
        await anyio.lowlevel.checkpoint()
        rows = [point for point in self._read(collection).rows if filters.matches(point)]
        rows.sort(key=lambda point: (point.display_path, str(point.id)))
        return [_bare(point) for point in rows[offset : offset + limit]]

    async def count(self, collection: str, filters: Filters = NO_FILTERS) -> int:
        await anyio.lowlevel.checkpoint()
        return sum(filters.matches(point) for point in self._read(collection).rows)

    async def ids(
        self, collection: str, *, root_id: UUID | None = None
    ) -> AsyncIterator[list[UUID]]:
        rows = self._read(collection).rows  # a snapshot: writes make a new list
        rows = [point for point in rows if root_id in (None, point.root_id)]
        for start in range(0, len(rows), _IDS_A_GROUP):
            await anyio.lowlevel.checkpoint()
            yield [point.id for point in rows[start : start + _IDS_A_GROUP]]

    async def roots(self, collection: str) -> list[Root]:
        await anyio.lowlevel.checkpoint()
        return list(self._tables[collection].roots) if collection in self._tables else []

    async def size(self, collection: str) -> TableSize:
        points = await self.count(collection)
        return TableSize(points, unindexed_points=points)

    async def identity(self, collection: str) -> str | None:
        await anyio.lowlevel.checkpoint()
        return self._tables[collection].identity if collection in self._tables else None

    async def put_roots(self, collection: str, roots: Sequence[Root], *, identity: str) -> int:
        await anyio.lowlevel.checkpoint()
        table = self._table(collection)
        table.roots = list(roots)
        table.identity = identity
        table.version += 1
        return table.version

    async def upkeep(self, collection: str) -> int | None:
        await anyio.lowlevel.checkpoint()
        self._table(collection)
        return None

    def _table(self, collection: str) -> _Table:
        try:
            return self._tables[collection]
        except KeyError:
            raise NoTableError(collection) from None

    def _read(self, collection: str) -> _Table:
        with reading(collection):
            if collection not in self._tables:
                raise LookupError("its table is gone")
            return self._tables[collection]


def _bare(point: Point) -> Point:
    return replace(point, vector=NO_VECTOR)


def _cosine(vector: Vector, query: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    # Each row by itself: a matrix product may give equal vectors unequal scores.
    wide = vector.astype(np.float64)
    return float(wide @ query / np.linalg.norm(wide))
