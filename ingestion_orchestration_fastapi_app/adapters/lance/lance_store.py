"""Points in LanceDB: tables on a folder or an object store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import anyio

from ingestion_orchestration_fastapi_app.adapters.lance.database import Database
from ingestion_orchestration_fastapi_app.adapters.lance.errors import (
    DamagedError,
    reading,
    unreadable,
    writing,
)
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.building import (
    BuildLimits,
)
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.plan import (
    OF_IDS,
    IndexPlan,
    of_vectors,
)
from ingestion_orchestration_fastapi_app.adapters.lance.open_table import Entry, OpenTable
from ingestion_orchestration_fastapi_app.adapters.lance.reading.lance_reads import LanceReads
from ingestion_orchestration_fastapi_app.adapters.lance.repair.mending import Mending
from ingestion_orchestration_fastapi_app.adapters.lance.repair.odd_rows import drop_odd_rows
from ingestion_orchestration_fastapi_app.adapters.lance.rows import to_table
from ingestion_orchestration_fastapi_app.adapters.lance.schema import dim_of, schema, unlike
from ingestion_orchestration_fastapi_app.adapters.lance.table_labels import label_metadata
from ingestion_orchestration_fastapi_app.adapters.lance.upkeep import Limits
from ingestion_orchestration_fastapi_app.domain.library.collection import Mended, Opened
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.library.table_label import TableLabel
from ingestion_orchestration_fastapi_app.errors import StoreWrite

_SYNC_THREADS = 4
DEFAULT_BUILD_LIMITS = BuildLimits(memory_bytes=4 * 1024**3, time_s=6 * 3600)
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
        build_limits: of the process that builds an index.
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
        build_limits: BuildLimits = DEFAULT_BUILD_LIMITS,
    ) -> None:
        threads = anyio.CapacityLimiter(_SYNC_THREADS)
        database = Database(
            uri,
            storage_options=storage_options or {},
            cache_bytes=(index_cache_bytes, metadata_cache_bytes),
            keep_versions_s=keep_versions_s,
            threads=threads,
            build_limits=build_limits,
        )
        super().__init__(
            database,
            Limits(index_threshold_rows, compact_every_fragments),
        )

    async def create(self, table: str, *, dim: int) -> int:
        entry = self._entry(table)
        async with entry.writer:
            open_table = await self._attach(entry, table)
            with writing(table, "created"):
                if open_table is None:
                    open_table = entry.table = await self.database.create(table, schema(dim))
                version = await open_table.sync(self._threads)
                found = dim_of(await open_table.handle.schema())
        if found != dim:
            raise ValueError(f"the table {table!r} has {found} dimensions, not {dim}")
        return version

    async def open(
        self, table: str, *, synced_version: int | None, dim: int | None = None
    ) -> Opened:
        entry = self._entry(table)
        async with entry.writer:
            await entry.stop_build()
            entry.table = None
            with reading(table):
                if self.database.local:
                    opened = await self.database.recover(table, synced_version=synced_version)
                    open_table = await self._attached(entry, table)
                else:
                    open_table = await self._attached(entry, table)
                    opened = Opened(await open_table.scanned(), restored=False)
                fault = unlike(await open_table.handle.schema(), dim=dim)
                if fault is not None:
                    raise DamagedError(fault)
                # Newer than what was checked where columns of this version had to be added.
                opened = replace(opened, version=int(await open_table.handle.version()))
                if opened.version == synced_version:
                    await open_table.adopt(self._threads)
                else:
                    await open_table.sync(self._threads)
            open_table.reported = opened.version if synced_version is None else synced_version
        return opened

    async def mend(self, table: str, *, dim: int) -> Mended | None:
        entry = self._entry(table)
        async with entry.writer:
            with reading(table), writing(table, "mended"):
                return await self._mending(table, entry).run(dim=dim)

    async def write(
        self, table: str, points: Sequence[Point], *, may_exist: Collection[UUID]
    ) -> int:
        async def rows(open_table: OpenTable) -> Callable[[Sequence[Point]], Any]:
            return partial(to_table, dim=dim_of(await open_table.handle.schema()))

        return await self._write(table, points, may_exist=may_exist, rows=rows)

    async def drop_odd_rows(self, table: str, ids: Sequence[UUID], *, tolerance: float) -> int:
        async def change(open_table: OpenTable) -> None:
            await drop_odd_rows(open_table.handle, ids, tolerance=tolerance)

        return await self._commit(table, change)

    async def put_label(self, table: str, label: TableLabel) -> int:
        async def change(open_table: OpenTable) -> None:
            await open_table.handle.update_field_metadata(label_metadata(label))

        return await self._commit(table, change)

    async def _plans(self, handle: Any, /) -> Sequence[IndexPlan]:
        return OF_IDS, of_vectors(dim_of(await handle.schema()))

    def _mending(self, table: str, entry: Entry) -> Mending:
        return Mending(self.database, table, entry, self._threads)

    async def _changed(self, table: str, entry: Entry, *, pruned: bool) -> None:
        await self._mending(table, entry).note_marks(pruned=pruned)

    async def _not_written(self, table: str, entry: Entry, fault: StoreWrite) -> None:
        """A write that fails again and again may do so by what it reads: waiting mends nothing."""
        entry.health.failures += 1
        if entry.health.failures >= _FAILURES_LOOKED_AT:
            with reading(table):
                found = await self._mending(table, entry).is_damaged()
            if found:
                entry.health.suspect = True
                raise unreadable(table, fault.__cause__ or fault) from fault
