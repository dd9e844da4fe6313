"""The in-memory twin of the Lance store: the same rules, for fast tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
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
from ingestion_orchestration_fastapi_app.domain.library.collection import Mended, Opened, TableSize
from ingestion_orchestration_fastapi_app.domain.library.cursor import After
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Hit, Point, Vector
from ingestion_orchestration_fastapi_app.domain.library.table_label import TableLabel
from ingestion_orchestration_fastapi_app.domain.search.candidate import Candidate
from ingestion_orchestration_fastapi_app.ports.vector_store import VersionGoneError

_IDS_A_GROUP = 8192
_POINTS_A_GROUP = 4


@dataclass(slots=True)
class _Table:
    """Rows in the order written; an id that was appended twice has two."""

    dim: int
    version: int = 1
    rows: list[Point] = field(default_factory=list)
    label: TableLabel = field(default_factory=TableLabel)
    kept: dict[int, list[Point]] = field(default_factory=dict)  # versions that were asked for


class MemoryStore:
    """A VectorStore without a disk. Appending an id that is there duplicates its row, as Lance
    does, so that a test can notice.
    """

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}

    async def create(self, table: str, *, dim: int) -> int:
        await anyio.lowlevel.checkpoint()
        kept = self._tables.setdefault(table, _Table(dim))
        if kept.dim != dim:
            raise ValueError(f"the table {table!r} has {kept.dim} dimensions, not {dim}")
        return kept.version

    async def exists(self, table: str) -> bool:
        await anyio.lowlevel.checkpoint()
        return table in self._tables

    async def drop(self, table: str) -> None:
        await anyio.lowlevel.checkpoint()
        self._tables.pop(table, None)

    async def open(
        self, table: str, *, synced_version: int | None, dim: int | None = None
    ) -> Opened:
        await anyio.lowlevel.checkpoint()
        version = self._table(table).version
        if dim not in (None, self._table(table).dim):
            raise unreadable(table, DamagedError("its vectors have other numbers"))
        return Opened(version, restored=synced_version is not None and version < synced_version)

    async def mend(self, table: str, *, dim: int) -> Mended | None:
        await anyio.lowlevel.checkpoint()
        if table in self._tables:
            return None
        kept = self._tables[table] = _Table(dim)
        return Mended(kept.version, lost_rows=0)

    async def write(
        self, table: str, points: Sequence[Point], *, may_exist: Collection[UUID]
    ) -> int:
        await anyio.lowlevel.checkpoint()
        kept = self._table(table)
        if not points:
            return kept.version
        asked = frozenset(may_exist)
        # Through Arrow and back: what cannot be stored there must not pass here.
        stored = to_points(to_table(points, dim=kept.dim))
        merged = {point.id: point for point in stored if point.id in asked}
        there = {point.id for point in kept.rows}
        kept.rows = [merged.get(point.id, point) for point in kept.rows]
        kept.rows += [point for point in stored if point.id not in merged]
        kept.rows += [point for point in merged.values() if point.id not in there]
        kept.version += 1
        return kept.version

    def damage(self, table: str, point: Point) -> None:
        """Another row in place of the point's, unchecked, as no caller could write it."""
        kept = self._table(table)
        kept.rows = [point if row.id == point.id else row for row in kept.rows]

    async def delete(self, table: str, ids: Sequence[UUID]) -> int:
        await anyio.lowlevel.checkpoint()
        there = self._read(table)
        gone = frozenset(ids)
        kept = [point for point in there.rows if point.id not in gone]
        if len(kept) < len(there.rows):
            there.rows = kept
            there.version += 1
        return there.version

    async def drop_odd_rows(self, table: str, ids: Sequence[UUID], *, tolerance: float) -> int:
        await anyio.lowlevel.checkpoint()
        there, looked_at = self._table(table), frozenset(ids)
        kept: list[Point] = []
        for point in reversed(there.rows):
            is_second = point.id in {one.id for one in kept} and point.id in looked_at
            is_unit = abs(float(np.linalg.norm(point.vector)) - 1) <= tolerance
            if point.id not in looked_at or (is_unit and not is_second):
                kept.append(point)
        there.version += len(kept) < len(there.rows)
        there.rows = kept[::-1]
        return there.version

    async def search(
        self,
        table: str,
        vector: Vector,
        *,
        limit: int,
        offset: int = 0,
        after: After | None = None,
        filters: Filters = NO_FILTERS,
        min_score: float | None = None,
        vectors: bool = False,
    ) -> list[Hit]:
        await anyio.lowlevel.checkpoint()
        query = np.asarray(vector, dtype=np.float64)
        query = query / np.linalg.norm(query)
        matches = _matching(filters)
        hits = [
            Hit(point if vectors else _bare(point), score=_cosine(point.vector, query))
            for point in self._read(table).rows
            if matches(point)
        ]
        hits.sort(key=lambda hit: (-hit.score, str(hit.point.id)))
        if after is not None:
            hits = [hit for hit in hits if after.precedes(hit.score, hit.point.id)]
        hits = hits[offset : offset + limit]
        return [hit for hit in hits if min_score is None or hit.score >= min_score]

    async def candidates(
        self,
        table: str,
        vector: Vector | None,
        *,
        limit: int,
        filters: Filters = NO_FILTERS,
        min_score: float | None = None,
    ) -> list[Candidate]:
        rows = self._read(table).rows
        if vector is None:
            await anyio.lowlevel.checkpoint()
            found = [candidate_of(one, None) for one in filter(_matching(filters), rows)]
            found.sort(key=lambda one: one.id)
        else:
            everything = await self.search(table, vector, limit=len(rows), filters=filters)
            found = [candidate_of(hit.point, hit.score) for hit in everything]
        found = found[: max(limit, 0)]
        return [one for one in found if min_score is None or (one.score or 0.0) >= min_score]

    async def get(self, table: str, ids: Sequence[UUID], *, vectors: bool = False) -> list[Point]:
        await anyio.lowlevel.checkpoint()
        by_id = {point.id: point for point in self._read(table).rows}
        found = [by_id[point_id] for point_id in ids if point_id in by_id]
        return found if vectors else [_bare(point) for point in found]

    async def vectors(self, table: str, ids: Sequence[UUID]) -> dict[UUID, Vector]:
        return {point.id: point.vector for point in await self.get(table, ids, vectors=True)}

    async def page(
        self, table: str, *, limit: int, offset: int, filters: Filters = NO_FILTERS
    ) -> list[Point]:
        await anyio.lowlevel.checkpoint()
        rows = list(filter(_matching(filters), self._read(table).rows))
        rows.sort(key=lambda point: (point.display_path, str(point.id)))
        return [_bare(point) for point in rows[offset : offset + limit]]

    async def count(self, table: str, filters: Filters = NO_FILTERS) -> int:
        await anyio.lowlevel.checkpoint()
        return sum(map(_matching(filters), self._read(table).rows))

    async def ids(self, table: str, *, root_id: UUID | None = None) -> AsyncIterator[list[UUID]]:
        rows = self._read(table).rows  # a snapshot: writes make a new list
        rows = [point for point in rows if root_id in (None, point.root_id)]
        for start in range(0, len(rows), _IDS_A_GROUP):
            await anyio.lowlevel.checkpoint()
            yield [point.id for point in rows[start : start + _IDS_A_GROUP]]

    async def version(self, table: str) -> int:
        await anyio.lowlevel.checkpoint()
        there = self._read(table)
        there.kept[there.version] = there.rows  # writes make a new list
        return there.version

    async def points(
        self,
        table: str,
        *,
        version: int,
        skip: int = 0,
        filters: Filters = NO_FILTERS,
        vectors: bool = False,
    ) -> AsyncGenerator[list[Point], None]:
        await anyio.lowlevel.checkpoint()
        there = self._read(table)
        if version not in there.kept:
            raise VersionGoneError(f"version {version} was pruned")
        rows = list(filter(_matching(filters), there.kept[version]))[skip:]
        for start in range(0, len(rows), _POINTS_A_GROUP):
            await anyio.lowlevel.checkpoint()
            group = rows[start : start + _POINTS_A_GROUP]
            yield group if vectors else [_bare(point) for point in group]

    def prune(self, table: str) -> None:
        """All but the newest version are gone."""
        self._table(table).kept.clear()

    async def tables(self) -> list[str]:
        await anyio.lowlevel.checkpoint()
        return sorted(self._tables)

    async def label(self, table: str) -> TableLabel | None:
        await anyio.lowlevel.checkpoint()
        return self._tables[table].label if table in self._tables else None

    async def put_label(self, table: str, label: TableLabel) -> int:
        await anyio.lowlevel.checkpoint()
        kept = self._table(table)
        kept.label = label
        kept.version += 1
        return kept.version

    async def size(self, table: str) -> TableSize:
        points = await self.count(table)
        return TableSize(points, unindexed_points=points)

    async def disk_bytes(self, table: str) -> int:
        await anyio.lowlevel.checkpoint()
        kept = self._tables.get(table)
        return 0 if kept is None else len(kept.rows) * kept.dim * 4

    async def upkeep(self, table: str, *, indexing: bool = True) -> int | None:
        await anyio.lowlevel.checkpoint()
        self._table(table)
        return None

    def _table(self, table: str) -> _Table:
        try:
            return self._tables[table]
        except KeyError:
            raise NoTableError(table) from None

    def _read(self, table: str) -> _Table:
        with reading(table):
            if table not in self._tables:
                raise LookupError("its table is gone")
            return self._tables[table]


def _matching(filters: Filters) -> Callable[[Point], bool]:
    if filters.asks_ledger:
        raise ValueError("what only the ledger knows must be ids before a table is asked")
    return filters.matches


def _bare(point: Point) -> Point:
    return replace(point, vector=NO_VECTOR)


def _cosine(vector: Vector, query: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    # Each row by itself: a matrix product may give equal vectors unequal scores.
    wide = vector.astype(np.float64)
    return float(wide @ query / np.linalg.norm(wide))


def candidate_of(point: Point, score: float | None) -> Candidate:
    return Candidate(
        point.id,
        point.path,
        point.display_path,
        point.sha256,
        point.format,
        point.phash,
        point.metadata.taken_at,
        score,
    )
