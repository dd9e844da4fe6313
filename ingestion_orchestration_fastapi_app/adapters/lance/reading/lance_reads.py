"""What reads of the Lance tables: searches, look-ups, pages. The other half of LanceStore."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from ingestion_orchestration_fastapi_app.adapters.lance.database import Database
from ingestion_orchestration_fastapi_app.adapters.lance.errors import (
    NoTableError,
    cause_of,
    is_damage,
    is_moment,
    reading,
    unreadable,
)
from ingestion_orchestration_fastapi_app.adapters.lance.open_table import Entry, OpenTable
from ingestion_orchestration_fastapi_app.adapters.lance.reading import queries
from ingestion_orchestration_fastapi_app.adapters.lance.reading.filters_sql import condition
from ingestion_orchestration_fastapi_app.adapters.lance.reading.nearest import Nearest
from ingestion_orchestration_fastapi_app.adapters.lance.schema import ROOT_ID
from ingestion_orchestration_fastapi_app.adapters.lance.table_labels import label_in
from ingestion_orchestration_fastapi_app.domain.library.collection import TableSize
from ingestion_orchestration_fastapi_app.domain.library.cursor import After
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Hit, Point, Vector
from ingestion_orchestration_fastapi_app.domain.library.table_label import TableLabel
from ingestion_orchestration_fastapi_app.errors import StoreRead

log = structlog.get_logger(__name__)


class LanceReads:
    """Raises StoreRead. What could not be read is remembered until the table is mended."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: defaultdict[str, Entry] = defaultdict(Entry)

    async def exists(self, table: str) -> bool:
        if self._entries[table].table is not None:
            return True
        with reading(table):
            return await self._database.exists(table)

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
    ) -> list[Hit]:
        async with self._reading(table) as open_table:
            search = Nearest(open_table.handle, vector, condition(filters), limit, offset, after)
            try:
                hits = await search.hits(indexed=open_table.indexed)
            except BaseException as exc:
                if not open_table.indexed or is_moment(exc) or not is_damage(exc):
                    raise
                self._entries[table].health.suspect = True
                log.exception("index_not_read", table=table, error=cause_of(exc))
                hits = await search.hits(indexed=False)  # slower, and it needs no index
        return [hit for hit in hits if min_score is None or hit.score >= min_score]

    async def get(self, table: str, ids: Sequence[UUID], *, vectors: bool = False) -> list[Point]:
        async with self._reading(table) as open_table:
            return await queries.by_id(open_table.handle, ids, vectors=vectors)

    async def page(
        self, table: str, *, limit: int, offset: int, filters: Filters = NO_FILTERS
    ) -> list[Point]:
        async with self._reading(table) as open_table:
            return await queries.by_path(
                open_table.handle, limit=limit, offset=offset, filters=filters
            )

    async def count(self, table: str, filters: Filters = NO_FILTERS) -> int:
        async with self._reading(table) as open_table:
            return int(await open_table.handle.count_rows(condition(filters)))

    async def size(self, table: str) -> TableSize:
        async with self._reading(table) as open_table:
            state = await open_table.state()
        return TableSize(state.rows, state.unindexed_rows if state.indexed else state.rows)

    async def ids(self, table: str, *, root_id: UUID | None = None) -> AsyncIterator[list[UUID]]:
        async with self._reading(table) as open_table:
            async for group in queries.all_ids(open_table.handle, root_id=root_id):
                yield group

    async def tables(self) -> list[str]:
        with reading("*"):
            return await self._database.tables()

    async def label(self, table: str) -> TableLabel | None:
        """Also None for what is no table of points."""
        if self._entries[table].table is None:
            with reading(table):
                schema = await self._database.schema(table)
                is_of_points = schema is not None and ROOT_ID in schema.names
                return label_in(table, schema) if is_of_points else None
        async with self._reading(table) as open_table:
            return label_in(table, await open_table.handle.schema())

    @asynccontextmanager
    async def _reading(self, table: str) -> AsyncIterator[OpenTable]:
        entry = self._entries[table]
        while entry.table is None:
            async with entry.writer:
                try:
                    await self._attached(entry, table)
                except NoTableError as exc:
                    raise unreadable(table, exc) from exc
        open_table = entry.table
        try:
            async with entry.readers.reading():
                with reading(table):
                    yield open_table
        except StoreRead as exc:
            entry.health.note(exc.__cause__)
            raise

    async def _attached(self, entry: Entry, table: str) -> OpenTable:
        open_table = await self._attach(entry, table)
        if open_table is None:
            raise NoTableError(table)
        return open_table

    async def _attach(self, entry: Entry, table: str) -> OpenTable | None:
        """The writer's lock is held."""
        if entry.table is None:
            with reading(table):
                entry.table = await self._database.open(table)
        return entry.table
