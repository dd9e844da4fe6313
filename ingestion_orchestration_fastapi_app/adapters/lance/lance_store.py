"""Points in LanceDB: tables on a folder or an object store."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import anyio
from anyio import to_thread

from ingestion_orchestration_fastapi_app.adapters.lance import upkeep as upkeep_work
from ingestion_orchestration_fastapi_app.adapters.lance.database import Database
from ingestion_orchestration_fastapi_app.adapters.lance.errors import (
    DamagedError,
    reading,
    unreadable,
    writing,
)
from ingestion_orchestration_fastapi_app.adapters.lance.open_table import Entry, Health, OpenTable
from ingestion_orchestration_fastapi_app.adapters.lance.reading.filters_sql import id_in
from ingestion_orchestration_fastapi_app.adapters.lance.reading.lance_reads import LanceReads
from ingestion_orchestration_fastapi_app.adapters.lance.repair.mending import Mending
from ingestion_orchestration_fastapi_app.adapters.lance.rows import to_table
from ingestion_orchestration_fastapi_app.adapters.lance.schema import ID, unlike
from ingestion_orchestration_fastapi_app.adapters.lance.table_labels import label_metadata
from ingestion_orchestration_fastapi_app.adapters.lance.upkeep import Limits, Work
from ingestion_orchestration_fastapi_app.domain.library.collection import Mended, Opened
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.library.table_label import TableLabel
from ingestion_orchestration_fastapi_app.errors import StoreRead, StoreWrite

_IDS_A_STATEMENT = 1000
_SYNC_THREADS = 4
_DROP_WAIT_S = 10.0  # for searches under way; a reader that never ends must not hold a drop
_PRUNE_WAIT_S = 2.0
_FAILURES_LOOKED_AT = 3  # that a write failed one after the other


class LanceStore(LanceReads):
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
        self._threads = anyio.CapacityLimiter(_SYNC_THREADS)
        database = Database(
            uri,
            storage_options=storage_options or {},
            cache_bytes=(index_cache_bytes, metadata_cache_bytes),
            first_prune_s=keep_versions_s,
            threads=self._threads,
        )
        super().__init__(database)

    async def aclose(self) -> None:
        """Lets go of every table. Nothing is pending: each write was synced when it returned."""
        for entry in self._entries.values():
            async with entry.writer:
                entry.table = None
        self._database.close()

    async def create(self, table: str, *, dim: int) -> int:
        entry = self._entries[table]
        async with entry.writer:
            open_table = await self._attach(entry, table)
            with writing(table, "created"):
                if open_table is None:
                    open_table = entry.table = await self._database.create(table, dim=dim)
                version = await open_table.sync(self._threads)
        if open_table.dim != dim:
            raise ValueError(f"the table {table!r} has {open_table.dim} dimensions, not {dim}")
        return version

    async def drop(self, table: str) -> None:
        entry = self._entries[table]
        async with entry.writer:
            entry.table = None
            entry.health = Health()
            entry.readers.advance()
            await entry.readers.earlier_gone(wait_s=_DROP_WAIT_S)
            with anyio.CancelScope(shield=True), writing(table, "dropped"):
                await self._database.drop(table)

    async def open(
        self, table: str, *, synced_version: int | None, dim: int | None = None
    ) -> Opened:
        entry = self._entries[table]
        async with entry.writer:
            entry.table = None
            with reading(table):
                if self._database.local:
                    opened = await self._database.recover(table, synced_version=synced_version)
                    open_table = await self._attached(entry, table)
                else:
                    open_table = await self._attached(entry, table)
                    opened = Opened(await open_table.scanned(), restored=False)
                if dim not in (None, open_table.dim):
                    raise DamagedError(unlike(await open_table.handle.schema(), dim=dim))
                # Newer than what was checked where columns of this version had to be added.
                opened = replace(opened, version=int(await open_table.handle.version()))
                if opened.version == synced_version:
                    await open_table.adopt(self._threads)
                else:
                    await open_table.sync(self._threads)
            open_table.reported = opened.version if synced_version is None else synced_version
        return opened

    async def mend(self, table: str, *, dim: int) -> Mended | None:
        entry = self._entries[table]
        async with entry.writer:
            with reading(table), writing(table, "mended"):
                return await self._mending(table, entry).run(dim=dim)

    async def write(
        self, table: str, points: Sequence[Point], *, may_exist: Collection[UUID]
    ) -> int:
        asked = frozenset(may_exist)
        new = [point for point in points if point.id not in asked]
        merged = [point for point in points if point.id in asked]

        async def change(open_table: OpenTable) -> None:
            # Both before anything is written: a point that is no row must leave nothing behind.
            new_rows = await self._rows(new, open_table) if new else None
            merged_rows = await self._rows(merged, open_table) if merged else None
            if new_rows is not None:
                await open_table.handle.add(new_rows, write_parallelism=1)  # one fragment a group
            if merged_rows is not None:
                merge = open_table.handle.merge_insert(ID)
                merge.when_matched_update_all().when_not_matched_insert_all()
                await merge.execute(merged_rows)

        return await self._commit(table, change)

    async def delete(self, table: str, ids: Sequence[UUID]) -> int:
        async def change(open_table: OpenTable) -> None:
            for start in range(0, len(ids), _IDS_A_STATEMENT):
                await open_table.handle.delete(id_in(ids[start : start + _IDS_A_STATEMENT]))

        return await self._commit(table, change)

    async def put_label(self, table: str, label: TableLabel) -> int:
        async def change(open_table: OpenTable) -> None:
            await open_table.handle.update_field_metadata(label_metadata(label))

        return await self._commit(table, change)

    async def upkeep(self, table: str) -> int | None:
        entry = self._entries[table]
        async with entry.writer:
            open_table = await self._attached(entry, table)
            try:
                with reading(table), writing(table, "maintained"):
                    due = upkeep_work.work_due(await open_table.state(), self._limits)
                    if due is not Work.NOTHING or time.monotonic() >= open_table.prune_at_s:
                        await open_table.catch_up()
                        return await self._maintained(table, entry, open_table, due)
            except (StoreRead, StoreWrite) as exc:  # no job waits for what the next one mends
                entry.health.note(exc.__cause__)
            return None

    async def _maintained(self, table: str, entry: Entry, open_table: OpenTable, due: Work) -> int:
        await upkeep_work.compact(open_table.handle)
        if due is Work.INDEX:
            target_rows = upkeep_work.partition_rows(
                open_table.dim, index_cache_bytes=self._limits.index_cache_bytes
            )
            await upkeep_work.build_indexes(open_table.handle, target_rows=target_rows)
        entry.readers.advance()
        await open_table.settle(built=due is Work.INDEX)
        await open_table.sync(self._threads, report=False)
        open_table.prune_at_s = time.monotonic() + self._keep_versions_s
        if await entry.readers.earlier_gone(wait_s=_PRUNE_WAIT_S):
            # While somebody still reads an older version it waits for a later upkeep.
            await upkeep_work.prune(
                open_table.handle, keep_s=self._keep_versions_s, keep_version=open_table.reported
            )
        version = await open_table.sync(self._threads)
        await self._mending(table, entry).note_marks(pruned=True)
        return version

    async def _rows(self, points: Sequence[Point], open_table: OpenTable) -> Any:
        """In a thread: 4,096 points take long enough to be felt by others."""
        convert = partial(to_table, points, dim=open_table.dim)
        return await to_thread.run_sync(convert, limiter=self._threads)

    async def _commit(self, table: str, change: Callable[[OpenTable], Awaitable[None]]) -> int:
        entry = self._entries[table]
        async with entry.writer:
            open_table = await self._attached(entry, table)
            # Shielded: a commit that was cut off would go on beside the next writer's.
            with anyio.CancelScope(shield=True):
                try:
                    with writing(table, "written"):
                        await open_table.catch_up()
                        await change(open_table)
                        entry.readers.advance()
                        version = await open_table.sync(self._threads)
                except StoreWrite as exc:
                    await self._check_damage(table, entry, exc)
                    raise
                await self._mending(table, entry).note_marks(pruned=False)
        entry.health.failures = 0
        return version

    def _mending(self, table: str, entry: Entry) -> Mending:
        return Mending(self._database, table, entry, self._threads)

    async def _check_damage(self, table: str, entry: Entry, fault: StoreWrite) -> None:
        """A write that fails again and again may do so by what it reads: waiting mends nothing.

        Raises StoreRead.
        """
        entry.health.failures += 1
        if entry.health.failures >= _FAILURES_LOOKED_AT:
            with reading(table):
                found = await self._mending(table, entry).is_damaged()
            if found:
                entry.health.suspect = True
                raise unreadable(table, fault.__cause__ or fault) from fault
