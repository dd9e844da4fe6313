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
from ingestion_orchestration_fastapi_app.adapters.lance.table_roots import identity_of, roots_of
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.library.collection import TableSize
from ingestion_orchestration_fastapi_app.domain.library.cursor import After
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Hit, Point, Vector
from ingestion_orchestration_fastapi_app.errors import StoreRead

log = structlog.get_logger(__name__)


class LanceReads:
    """Raises StoreRead. What could not be read is remembered until the table is mended."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: defaultdict[str, Entry] = defaultdict(Entry)

    async def exists(self, collection: str) -> bool:
        if self._entries[collection].table is not None:
            return True
        with reading(collection):
            return await self._database.exists(collection)

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
        async with self._reading(collection) as table:
            search = Nearest(table.handle, vector, condition(filters), limit, offset, after)
            try:
                hits = await search.hits(indexed=table.indexed)
            except BaseException as exc:
                if not table.indexed or is_moment(exc) or not is_damage(exc):
                    raise
                self._entries[collection].health.suspect = True
                log.exception("index_not_read", collection=collection, error=cause_of(exc))
                hits = await search.hits(indexed=False)  # slower, and it needs no index
        return [hit for hit in hits if min_score is None or hit.score >= min_score]

    async def get(
        self, collection: str, ids: Sequence[UUID], *, vectors: bool = False
    ) -> list[Point]:
        async with self._reading(collection) as table:
            return await queries.by_id(table.handle, ids, vectors=vectors)

    async def page(
        self, collection: str, *, limit: int, offset: int, filters: Filters = NO_FILTERS
    ) -> list[Point]:
        async with self._reading(collection) as table:
            return await queries.by_path(table.handle, limit=limit, offset=offset, filters=filters)

    async def count(self, collection: str, filters: Filters = NO_FILTERS) -> int:
        async with self._reading(collection) as table:
            return int(await table.handle.count_rows(condition(filters)))

    async def size(self, collection: str) -> TableSize:
        async with self._reading(collection) as table:
            state = await table.state()
        return TableSize(state.rows, state.unindexed_rows if state.indexed else state.rows)

    async def ids(
        self, collection: str, *, root_id: UUID | None = None
    ) -> AsyncIterator[list[UUID]]:
        async with self._reading(collection) as table:
            async for group in queries.all_ids(table.handle, root_id=root_id):
                yield group

    async def roots(self, collection: str) -> list[Root]:
        if not await self.exists(collection):
            return []
        async with self._reading(collection) as table:
            return roots_of(await table.handle.schema())

    async def identity(self, collection: str) -> str | None:
        if not await self.exists(collection):
            return None
        async with self._reading(collection) as table:
            return identity_of(await table.handle.schema())

    @asynccontextmanager
    async def _reading(self, collection: str) -> AsyncIterator[OpenTable]:
        entry = self._entries[collection]
        while entry.table is None:
            async with entry.writer:
                try:
                    await self._attached(entry, collection)
                except NoTableError as exc:
                    raise unreadable(collection, exc) from exc
        table = entry.table
        try:
            async with entry.readers.reading():
                with reading(collection):
                    yield table
        except StoreRead as exc:
            entry.health.note(exc.__cause__)
            raise

    async def _attached(self, entry: Entry, collection: str) -> OpenTable:
        table = await self._attach(entry, collection)
        if table is None:
            raise NoTableError(collection)
        return table

    async def _attach(self, entry: Entry, collection: str) -> OpenTable | None:
        """The writer's lock is held."""
        if entry.table is None:
            with reading(collection):
                entry.table = await self._database.open(collection)
        return entry.table
