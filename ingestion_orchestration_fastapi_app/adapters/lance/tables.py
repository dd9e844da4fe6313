"""What tables of points and of words have in common: one writer each, readers, syncs, upkeep."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar
from uuid import UUID

import anyio
import structlog
from anyio import to_thread

from ingestion_orchestration_fastapi_app.adapters.lance import upkeep as upkeep_work
from ingestion_orchestration_fastapi_app.adapters.lance.database import Database
from ingestion_orchestration_fastapi_app.adapters.lance.errors import (
    NoTableError,
    reading,
    unreadable,
    writing,
)
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.building import (
    IndexNotBuiltError,
)
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.plan import IndexPlan
from ingestion_orchestration_fastapi_app.adapters.lance.open_table import (
    Build,
    Entry,
    Health,
    OpenTable,
)
from ingestion_orchestration_fastapi_app.adapters.lance.reading.filters_sql import id_in
from ingestion_orchestration_fastapi_app.adapters.lance.schema import ID
from ingestion_orchestration_fastapi_app.adapters.lance.upkeep import Limits, Work
from ingestion_orchestration_fastapi_app.domain.library.collection import IndexState, TableSize
from ingestion_orchestration_fastapi_app.errors import StoreRead, StoreWrite

log = structlog.get_logger(__name__)

_IDS_A_STATEMENT = 1000
_DROP_WAIT_S = 10.0  # for searches under way; a reader that never ends must not hold a drop
_PRUNE_WAIT_S = 2.0


class _WithId(Protocol):
    @property
    def id(self) -> UUID: ...


_T = TypeVar("_T", bound=_WithId)


class Tables(ABC):
    """Raises StoreRead, StoreWrite. What could not be read is remembered until it is mended."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self.database = database
        self._limits = limits
        self._threads = database.threads

    async def aclose(self) -> None:
        """Lets go of every table. Nothing is pending: each write was synced when it returned."""
        for entry in self.database.entries.values():
            async with entry.writer:
                await entry.stop_build()
                entry.table = None
        self.database.close()

    async def exists(self, table: str) -> bool:
        if self._entry(table).table is not None:
            return True
        with reading(table):
            return await self.database.exists(table)

    async def drop(self, table: str) -> None:
        """Of whatever kind."""
        entry = self._entry(table)
        async with entry.writer:
            await entry.stop_build()
            entry.table = None
            entry.build_fault = None
            entry.health = Health()
            entry.readers.advance()
            await entry.readers.earlier_gone(wait_s=_DROP_WAIT_S)
            with anyio.CancelScope(shield=True), writing(table, "dropped"):
                await self.database.drop(table)

    async def delete(self, table: str, ids: Sequence[UUID]) -> int:
        async def change(open_table: OpenTable) -> None:
            for start in range(0, len(ids), _IDS_A_STATEMENT):
                await open_table.handle.delete(id_in(ids[start : start + _IDS_A_STATEMENT]))

        try:
            return await self._commit(table, change)
        except NoTableError as exc:
            raise unreadable(table, exc) from exc

    async def size(self, table: str) -> TableSize:
        async with self._reading(table) as open_table:
            state = await open_table.state()
        unindexed_rows = state.unindexed_rows if state.indexed else state.rows
        is_due = upkeep_work.work_due(state, self._limits) is Work.INDEX
        entry, index = self._entry(table), IndexState.NONE
        if entry.build is not None:
            index = IndexState.BUILDING
        elif entry.build_fault is not None and is_due:
            index = IndexState.FAILED
        elif state.indexed:
            index = IndexState.INDEXED
        return TableSize(state.rows, unindexed_rows, index, is_due)

    async def disk_bytes(self, table: str) -> int:
        if self.database.local:
            return await self.database.disk_bytes(table)
        async with self._reading(table) as open_table:
            return int((await open_table.handle.stats())["total_bytes"])

    async def upkeep(self, table: str, *, indexing: bool = True) -> int | None:
        entry = self._entry(table)
        version: int | None = None
        async with entry.writer:
            if entry.build is not None:  # a compaction would cost it
                return None
            open_table = await self._attached(entry, table)
            try:
                with reading(table), writing(table, "maintained"):
                    state = await open_table.state()
                    due = upkeep_work.work_due(state, self._limits, indexing=indexing)
                    is_due = due is not Work.NOTHING or time.monotonic() >= open_table.prune_at_s
                    # Lance adds what is unindexed whenever it compacts or prunes.
                    if is_due and not upkeep_work.is_mostly_unindexed(state, self._limits):
                        await open_table.catch_up()
                        await upkeep_work.compact(open_table.handle)
                        version = await self._maintained(table, entry, open_table, built=False)
                    if due is Work.INDEX:
                        open_table.settled_indexes = await to_thread.run_sync(
                            open_table.index_folders, limiter=self._threads
                        )
                        plans = await self._plans(open_table.handle)
                        entry.build = Build(plans, open_table.settled_indexes)
            except (StoreRead, StoreWrite) as exc:  # no job waits for what the next one mends
                entry.health.note(exc.__cause__)
        if entry.build is None or due is not Work.INDEX:
            return version
        return await self._indexed(table, entry, entry.build) or version

    async def _indexed(self, table: str, entry: Entry, build: Build) -> int | None:
        """Writes and searches go on while the child works."""
        try:
            with build.scope:
                fault: str | None = None
                try:
                    await self.database.builder.build(table, build.plans)
                except IndexNotBuiltError as exc:
                    fault = str(exc)
                    log.warning("index_not_built", table=table, error=fault)
                async with entry.writer:
                    entry.build, entry.build_fault = None, fault
                    with reading(table), writing(table, "maintained"):
                        open_table = await self._attached(entry, table)
                        open_table.settled_indexes = None
                        await open_table.see_newest()
                        return await self._maintained(table, entry, open_table, built=not fault)
        except (StoreRead, StoreWrite) as exc:
            entry.health.note(exc.__cause__)
        finally:
            entry.build = None
            if entry.table is not None:
                entry.table.settled_indexes = None
            build.ended.set()
        return None

    async def _maintained(
        self, table: str, entry: Entry, open_table: OpenTable, *, built: bool
    ) -> int:
        keep_s = self.database.keep_versions_s
        entry.readers.advance()
        await open_table.settle(built=built)
        await open_table.sync(self._threads, report=False)
        open_table.prune_at_s = time.monotonic() + keep_s
        if await entry.readers.earlier_gone(wait_s=_PRUNE_WAIT_S):
            # While somebody still reads an older version it waits for a later upkeep.
            await upkeep_work.prune(
                open_table.handle,
                keep_s=keep_s,
                keep_version=open_table.reported,
                is_alone=self.database.local,
            )
        version = await open_table.sync(self._threads)
        await self._changed(table, entry, pruned=True)
        return version

    @abstractmethod
    async def _check_kind(self, handle: Any) -> None:
        """Before a table is used. Adds what it lacks; raises DamagedError where it is another."""

    @abstractmethod
    async def _plans(self, handle: Any, /) -> Sequence[IndexPlan]:
        """The one that searches use last: it tells that all are there."""

    @abstractmethod
    async def _changed(self, table: str, entry: Entry, *, pruned: bool) -> None:
        """After each commit, with the writer's lock."""

    @abstractmethod
    async def _not_written(self, table: str, entry: Entry, fault: StoreWrite) -> None:
        """With the writer's lock. May raise StoreRead: to write again will not help."""

    def _entry(self, table: str) -> Entry:
        return self.database.entries[table]

    async def _write(
        self,
        table: str,
        things: Sequence[_T],
        *,
        may_exist: Collection[UUID],
        rows: Callable[[OpenTable], Awaitable[Callable[[Sequence[_T]], Any]]],
    ) -> int:
        """`rows` gives, for a table, the function that makes things an Arrow table."""
        asked = frozenset(may_exist)
        new = [one for one in things if one.id not in asked]
        merged = [one for one in things if one.id in asked]

        async def change(open_table: OpenTable) -> None:
            # Both before anything is written: what is no row must leave nothing behind. In a
            # thread: 4,096 points take long enough to be felt by others.
            convert = await rows(open_table)
            new_rows, merged_rows = [
                await to_thread.run_sync(convert, part, limiter=self._threads) if part else None
                for part in (new, merged)
            ]
            if new_rows is not None:
                await open_table.handle.add(new_rows, write_parallelism=1)  # one fragment a group
            if merged_rows is not None:
                merge = open_table.handle.merge_insert(ID)
                merge.when_matched_update_all().when_not_matched_insert_all()
                await merge.execute(merged_rows)

        return await self._commit(table, change)

    async def _commit(self, table: str, change: Callable[[OpenTable], Awaitable[None]]) -> int:
        entry = self._entry(table)
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
                    await self._not_written(table, entry, exc)
                    raise
                await self._changed(table, entry, pruned=False)
        entry.health.failures = 0
        return version

    @asynccontextmanager
    async def _reading(self, table: str) -> AsyncIterator[OpenTable]:
        entry = self._entry(table)
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
                handle = await self.database.open(table)
                if handle is not None:
                    await self._check_kind(handle)
                    open_table = self.database.opened(table, handle)
                    await open_table.state()
                    entry.table = open_table
        return entry.table
