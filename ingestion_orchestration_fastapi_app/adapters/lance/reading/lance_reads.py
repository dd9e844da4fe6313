"""What reads of the Lance tables: searches, look-ups, pages. The other half of LanceStore."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog
from anyio import to_thread

from ingestion_orchestration_fastapi_app.adapters.lance.errors import (
    DamagedError,
    NoTableError,
    cause_of,
    is_damage,
    is_moment,
    reading,
)
from ingestion_orchestration_fastapi_app.adapters.lance.open_table import OpenTable
from ingestion_orchestration_fastapi_app.adapters.lance.reading import queries, snapshots
from ingestion_orchestration_fastapi_app.adapters.lance.reading.filters_sql import condition
from ingestion_orchestration_fastapi_app.adapters.lance.reading.folded_columns import add_folded
from ingestion_orchestration_fastapi_app.adapters.lance.reading.nearest import Nearest
from ingestion_orchestration_fastapi_app.adapters.lance.reading.row_kinds import (
    CANDIDATES,
    POINTS,
    WITH_VECTORS,
    Row,
)
from ingestion_orchestration_fastapi_app.adapters.lance.rows import to_points
from ingestion_orchestration_fastapi_app.adapters.lance.schema import ROOT_ID, missing, unlike
from ingestion_orchestration_fastapi_app.adapters.lance.table_labels import label_in
from ingestion_orchestration_fastapi_app.adapters.lance.tables import Tables
from ingestion_orchestration_fastapi_app.domain.library.cursor import After
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Hit, Point, Vector
from ingestion_orchestration_fastapi_app.domain.library.table_label import TableLabel
from ingestion_orchestration_fastapi_app.domain.search.candidate import Candidate

log = structlog.get_logger(__name__)


class LanceReads(Tables):
    """Raises StoreRead. What could not be read is remembered until the table is mended."""

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
        where = condition(filters)
        async with self._reading(table) as open_table:
            rows = WITH_VECTORS if vectors else POINTS
            search = Nearest(rows, open_table.handle, vector, where, limit, offset, after)
            found = await self._nearest(table, open_table, search)
        hits = [Hit(point, score) for point, score in found]
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
        if limit <= 0 or filters.ids == frozenset():
            return []
        where, are_few = condition(filters), filters.ids is not None
        async with self._reading(table) as open_table:
            if vector is None:
                return await queries.in_id_order(open_table.handle, where, limit=limit)
            search = Nearest(CANDIDATES, open_table.handle, vector, where, limit, 0, None)
            found = await self._nearest(table, open_table, search, are_few=are_few)
        made = [replace(one, score=score) for one, score in found]
        return [one for one in made if min_score is None or (one.score or 0.0) >= min_score]

    async def _nearest(
        self, table: str, open_table: OpenTable, search: Nearest[Row], *, are_few: bool = False
    ) -> list[tuple[Row, float]]:
        """`are_few`: of so few rows that the index is of no use."""
        try:
            return await search.hits(index=None if are_few else open_table.index)
        except BaseException as exc:
            if open_table.index is None or is_moment(exc) or not is_damage(exc):
                raise
            self._entry(table).health.suspect = True
            log.exception("index_not_read", table=table, error=cause_of(exc))
            return await search.hits(index=None)  # slower, and it needs no index

    async def get(self, table: str, ids: Sequence[UUID], *, vectors: bool = False) -> list[Point]:
        async with self._reading(table) as open_table:
            return await queries.by_id(open_table.handle, ids, vectors=vectors)

    async def vectors(self, table: str, ids: Sequence[UUID]) -> dict[UUID, Vector]:
        async with self._reading(table) as open_table:
            return await queries.vectors_by_id(open_table.handle, ids)

    async def page(
        self, table: str, *, limit: int, offset: int, filters: Filters = NO_FILTERS
    ) -> list[Point]:
        where = condition(filters)
        async with self._reading(table) as open_table:
            return await queries.by_path(open_table.handle, where, limit=limit, offset=offset)

    async def count(self, table: str, filters: Filters = NO_FILTERS) -> int:
        where = condition(filters)
        async with self._reading(table) as open_table:
            return int(await open_table.handle.count_rows(where))

    async def ids(self, table: str, *, root_id: UUID | None = None) -> AsyncIterator[list[UUID]]:
        async with self._reading(table) as open_table:
            async for group in queries.all_ids(open_table.handle, root_id=root_id):
                yield group

    async def version(self, table: str) -> int:
        async with self._reading(table) as open_table:
            return int(await open_table.handle.version())

    async def points(
        self,
        table: str,
        *,
        version: int,
        skip: int = 0,
        filters: Filters = NO_FILTERS,
        vectors: bool = False,
    ) -> AsyncGenerator[list[Point], None]:
        where = condition(filters)
        async with self._reading(table):  # as long as it is read, nothing of it is pruned
            async with self._entry(table).writer:
                handle = await self.database.open(table)
            if handle is None:
                raise NoTableError(table)
            await snapshots.check_out(handle, version)
            rows = snapshots.rows(handle, where, skip=skip, vectors=vectors)
            async for group in rows:
                yield await to_thread.run_sync(to_points, group, limiter=self._threads)

    async def tables(self) -> list[str]:
        with reading("*"):
            return await self.database.tables()

    async def label(self, table: str) -> TableLabel | None:
        """Also None for what is no table of points."""
        with reading(table):
            schema = await self.database.schema(table)
            is_of_points = schema is not None and ROOT_ID in schema.names
            return label_in(table, schema) if is_of_points else None

    async def _check_kind(self, handle: Any) -> None:
        known = await handle.schema()
        fault = unlike(known)
        if fault is not None:
            raise DamagedError(fault)
        absent = missing(known)
        if absent:  # a commit that holds no data; the next sync takes it to the disk
            await handle.add_columns(absent)
        await add_folded(handle, known.names)
