"""One table as this process has it open: its handle, its one writer, its readers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio import to_thread

from ingestion_orchestration_fastapi_app.adapters.lance.errors import is_moment
from ingestion_orchestration_fastapi_app.adapters.lance.readers import Readers
from ingestion_orchestration_fastapi_app.adapters.lance.repair.damage import Marks
from ingestion_orchestration_fastapi_app.adapters.lance.sync import FolderSync
from ingestion_orchestration_fastapi_app.adapters.lance.upkeep import TableState, state_of


class OpenTable:
    """What changes the table holds the writer's lock of its Entry.

    `reported` is the synced version that the caller last heard of: it is never pruned, the
    ledger may still name it. `prune_at_s` is by the monotonic clock.
    """

    def __init__(self, handle: Any, *, files: FolderSync | None, prune_at_s: float) -> None:
        self.handle = handle
        self.indexed = False
        self.reported: int | None = None
        self.prune_at_s = prune_at_s
        self._files = files
        self._behind = False
        self._settled_fragments = 0
        self._built_rows: int | None = None

    async def catch_up(self) -> None:
        """Before a change. One that failed half-way may have left a version unseen here."""
        if self._behind:
            await self.handle.checkout_latest()
        self._behind = True

    async def sync(self, threads: anyio.CapacityLimiter, *, report: bool = True) -> int:
        """Returns the version, which is on the disk now."""
        if self._files is not None:
            await to_thread.run_sync(self._files.sync, limiter=threads)
        version = int(await self.handle.version())
        self._behind = False
        if report:
            self.reported = version
        return version

    async def adopt(self, threads: anyio.CapacityLimiter) -> None:
        """Everything there is was synced before this process began."""
        if self._files is not None:
            await to_thread.run_sync(self._files.adopt, limiter=threads)

    async def scanned(self) -> int:
        """Counts the rows, which reads every deletion. Returns the version."""
        await self.handle.count_rows()
        return int(await self.handle.version())

    async def state(self) -> TableState:
        state = await state_of(
            self.handle,
            settled_fragments=self._settled_fragments,
            built_rows=self._built_rows or 0,
        )
        self.indexed = state.indexed
        if state.indexed and self._built_rows is None:
            # Not known from before this process: taken as fresh, so a start builds nothing.
            self._built_rows = state.rows - state.unindexed_rows
            return await self.state()
        return state

    async def settle(self, *, built: bool) -> None:
        """After upkeep: what is left is what the next one is measured against."""
        state = await self.state()
        self._settled_fragments = state.fragments
        if built:
            self._built_rows = state.rows


@dataclass
class Health:
    """What is known of a table's files. `suspect`: something could not be read.

    `whole` fragments were read by this process, those above `newest` were written by it.
    `marks` are of the files as they were left; None: never looked at.
    """

    suspect: bool = False
    failures: int = 0
    marks: Marks | None = None
    whole: set[int] = field(default_factory=set)
    newest: int | None = None

    def note(self, fault: BaseException | None) -> None:
        """What a read or a write failed by."""
        self.suspect |= fault is not None and not is_moment(fault)

    def believed(self, fragments: Iterable[int]) -> set[int]:
        if self.suspect or self.newest is None:
            return set()
        return {one for one in fragments if one in self.whole or one > self.newest}


@dataclass
class Entry:
    """A table's place in the store, whether it is open or not."""

    writer: anyio.Lock = field(default_factory=anyio.Lock)
    readers: Readers = field(default_factory=Readers)
    table: OpenTable | None = None
    health: Health = field(default_factory=Health)
