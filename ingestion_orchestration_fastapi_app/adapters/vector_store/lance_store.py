"""Points in LanceDB: a table a collection, on a folder or an object store."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import anyio
from anyio import to_thread

from ingestion_orchestration_fastapi_app.adapters.vector_store import queries
from ingestion_orchestration_fastapi_app.adapters.vector_store import upkeep as upkeep_work
from ingestion_orchestration_fastapi_app.adapters.vector_store.database import Database
from ingestion_orchestration_fastapi_app.adapters.vector_store.filters_sql import id_in
from ingestion_orchestration_fastapi_app.adapters.vector_store.lance_errors import (
    NoTableError,
    reading,
    unreadable,
    writing,
)
from ingestion_orchestration_fastapi_app.adapters.vector_store.open_table import Entry, OpenTable
from ingestion_orchestration_fastapi_app.adapters.vector_store.schema import (
    ID,
    roots_metadata,
    roots_of,
    to_table,
)
from ingestion_orchestration_fastapi_app.adapters.vector_store.upkeep import Limits, Work
from ingestion_orchestration_fastapi_app.core.files import Hit, Point, Root, Vector
from ingestion_orchestration_fastapi_app.core.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.core.records import Opened

_IDS_A_STATEMENT = 1000
_SYNC_THREADS = 4
_DROP_WAIT_S = 10.0  # for searches under way; a reader that never ends must not hold a drop
_PRUNE_WAIT_S = 2.0


class LanceStore:
    """A VectorStore. Knows nothing of the disk before the first call.

    Args:
        uri: a folder, or `s3://...` and the like with its `storage_options`.
        index_threshold_rows: below it a search is flat and exact.
        compact_every_fragments: a write leaves one or two fragments.
        keep_versions_s: how long a replaced version stays readable for other processes.
        index_cache_bytes: caps what of the indexes stays decoded in memory; tens of MiB at least.
        metadata_cache_bytes: the same for manifests and file footers.
    """

    def __init__(
        self,
        uri: str,
        *,
        storage_options: Mapping[str, str] | None = None,
        index_threshold_rows: int = 50_000,
        compact_every_fragments: int = 100,
        keep_versions_s: float = 600.0,
        index_cache_bytes: int = 512 * 1024**2,
        metadata_cache_bytes: int = 16 * 1024**2,
    ) -> None:
        self._limits = Limits(index_threshold_rows, compact_every_fragments, index_cache_bytes)
        self._keep_versions_s = keep_versions_s
        self._entries: defaultdict[str, Entry] = defaultdict(Entry)
        self._threads = anyio.CapacityLimiter(_SYNC_THREADS)
        self._database = Database(
            uri,
            storage_options=storage_options or {},
            cache_bytes=(index_cache_bytes, metadata_cache_bytes),
            first_prune_s=keep_versions_s,
            threads=self._threads,
        )

    async def aclose(self) -> None:
        """Lets go of every table. Nothing is pending: each write was synced when it returned."""
        for entry in self._entries.values():
            async with entry.writer:
                entry.table = None
        self._database.close()

    async def create(self, collection: str, *, dim: int) -> int:
        entry = self._entries[collection]
        async with entry.writer:
            table = await self._attach(entry, collection)
            with writing(collection, "created"):
                if table is None:
                    table = entry.table = await self._database.create(collection, dim=dim)
                version = await table.sync(self._threads)
        if table.dim != dim:
            raise ValueError(f"collection {collection!r} has {table.dim} dimensions, not {dim}")
        return version

    async def exists(self, collection: str) -> bool:
        if self._entries[collection].table is not None:
            return True
        with reading(collection):
            return await self._database.exists(collection)

    async def drop(self, collection: str) -> None:
        entry = self._entries[collection]
        async with entry.writer:
            entry.table = None
            entry.readers.advance()
            await entry.readers.earlier_gone(wait_s=_DROP_WAIT_S)
            with anyio.CancelScope(shield=True), writing(collection, "dropped"):
                await self._database.drop(collection)

    async def open(self, collection: str, *, synced_version: int | None) -> Opened:
        entry = self._entries[collection]
        async with entry.writer:
            entry.table = None
            with reading(collection):
                if self._database.local:
                    opened = await self._database.recover(collection, synced_version=synced_version)
                    table = await self._attached(entry, collection)
                else:
                    table = await self._attached(entry, collection)
                    opened = Opened(await table.scanned(), restored=False)
                # Newer than what was checked where columns of this version had to be added.
                opened = replace(opened, version=int(await table.handle.version()))
                if opened.version == synced_version:
                    await table.adopt(self._threads)
                else:
                    await table.sync(self._threads)
            table.reported = opened.version if synced_version is None else synced_version
        return opened

    async def write(
        self, collection: str, points: Sequence[Point], *, may_exist: Collection[UUID]
    ) -> int:
        asked = frozenset(may_exist)
        new = [point for point in points if point.id not in asked]
        merged = [point for point in points if point.id in asked]

        async def change(table: OpenTable) -> None:
            # Both before anything is written: a point that is no row must leave nothing behind.
            new_rows = await self._rows(new, table) if new else None
            merged_rows = await self._rows(merged, table) if merged else None
            if new_rows is not None:
                await table.handle.add(new_rows, write_parallelism=1)  # one fragment a group
            if merged_rows is not None:
                merge = table.handle.merge_insert(ID)
                merge.when_matched_update_all().when_not_matched_insert_all()
                await merge.execute(merged_rows)

        return await self._commit(collection, change)

    async def delete(self, collection: str, ids: Sequence[UUID]) -> int:
        async def change(table: OpenTable) -> None:
            for start in range(0, len(ids), _IDS_A_STATEMENT):
                await table.handle.delete(id_in(ids[start : start + _IDS_A_STATEMENT]))

        return await self._commit(collection, change)

    async def search(
        self,
        collection: str,
        vector: Vector,
        *,
        limit: int,
        offset: int = 0,
        filters: Filters = NO_FILTERS,
        min_score: float | None = None,
    ) -> list[Hit]:
        async with self._reading(collection) as table:
            hits = await queries.nearest(
                table.handle,
                vector,
                limit=limit,
                offset=offset,
                filters=filters,
                indexed=table.indexed,
            )
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

    async def count(self, collection: str) -> int:
        async with self._reading(collection) as table:
            return int(await table.handle.count_rows())

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

    async def put_roots(self, collection: str, roots: Sequence[Root]) -> int:
        async def change(table: OpenTable) -> None:
            await table.handle.update_field_metadata(roots_metadata(roots))

        return await self._commit(collection, change)

    async def upkeep(self, collection: str) -> int | None:
        entry = self._entries[collection]
        async with entry.writer:
            table = await self._attached(entry, collection)
            with writing(collection, "maintained"):
                due = upkeep_work.work_due(await table.state(), self._limits)
                if due is not Work.NOTHING or time.monotonic() >= table.prune_at_s:
                    await table.catch_up()
                    return await self._maintained(entry, table, due)
            return None

    async def _maintained(self, entry: Entry, table: OpenTable, due: Work) -> int:
        await upkeep_work.compact(table.handle)
        if due is Work.INDEX:
            target_rows = upkeep_work.partition_rows(
                table.dim, index_cache_bytes=self._limits.index_cache_bytes
            )
            await upkeep_work.build_indexes(table.handle, target_rows=target_rows)
        entry.readers.advance()
        await table.settle(built=due is Work.INDEX)
        await table.sync(self._threads, report=False)
        table.prune_at_s = time.monotonic() + self._keep_versions_s
        if await entry.readers.earlier_gone(wait_s=_PRUNE_WAIT_S):
            # While somebody still reads an older version it waits for a later upkeep.
            await upkeep_work.prune(
                table.handle, keep_s=self._keep_versions_s, keep_version=table.reported
            )
        return await table.sync(self._threads)

    async def _rows(self, points: Sequence[Point], table: OpenTable) -> Any:
        """In a thread: 4,096 points take long enough to be felt by others."""
        convert = partial(to_table, points, dim=table.dim)
        return await to_thread.run_sync(convert, limiter=self._threads)

    async def _commit(self, collection: str, change: Callable[[OpenTable], Awaitable[None]]) -> int:
        entry = self._entries[collection]
        async with entry.writer:
            table = await self._attached(entry, collection)
            # Shielded: a commit that was cut off would go on beside the next writer's.
            with anyio.CancelScope(shield=True), writing(collection, "written"):
                await table.catch_up()
                await change(table)
                entry.readers.advance()
                version = await table.sync(self._threads)
        return version

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
        async with entry.readers.reading():
            with reading(collection):
                yield table

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
