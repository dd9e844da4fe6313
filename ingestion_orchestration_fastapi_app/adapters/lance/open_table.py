"""One table as this process has it open: its handle, its one writer, its readers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
from anyio import to_thread

from ingestion_orchestration_fastapi_app.adapters.lance.errors import is_moment
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.plan import IndexPlan
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.shape import IndexShape, shape_of
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
        self.index: IndexShape | None = None
        self.reported: int | None = None
        self.prune_at_s = prune_at_s
        self.settled_indexes: frozenset[str] | None = None  # while another is built
        self._files = files
        self._behind = False
        self._settled_fragments = 0
        self._built_rows: int | None = None

    async def catch_up(self) -> None:
        """Before a change. One that failed half-way may have left a version unseen here."""
        if self._behind:
            await self.handle.checkout_latest()
        self._behind = True

    async def see_newest(self) -> None:
        """After somebody else, who was asked to, may have committed."""
        self._behind = True
        await self.catch_up()

    async def sync(self, threads: anyio.CapacityLimiter, *, report: bool = True) -> int:
        """Returns the version, which is on the disk now."""
        if self._files is not None:
            sync = partial(self._files.sync, settled_indexes=self.settled_indexes)
            await to_thread.run_sync(sync, limiter=threads)
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
        self.index = None if state.index is None else shape_of(state.index)
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
            self._built_rows = state.rows - state.unindexed_rows

    def index_folders(self) -> frozenset[str]:
        return frozenset() if self._files is None else self._files.index_folders()


@dataclass(frozen=True, slots=True, eq=False)
class Build:
    """A child process builds an index: nobody compacts or prunes the table.

    `settled`: the folders of its indexes before. What else is there is still being written.
    """

    plans: Sequence[IndexPlan]
    settled: frozenset[str]
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)


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
    build: Build | None = None
    build_fault: str | None = None  # of the last build, where it failed

    async def stop_build(self) -> None:
        """With the writer's lock, before another table takes this one's place. No child is left
        then that could still commit.
        """
        if self.build is not None:
            self.build.scope.cancel()
            with anyio.CancelScope(shield=True):
                await self.build.ended.wait()
