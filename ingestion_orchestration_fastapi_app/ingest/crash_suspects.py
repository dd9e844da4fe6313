"""Files in work: none is opened before the disk knows, suspects of a crash one at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from uuid import UUID

from anyio import Event, Lock, move_on_after

from ingestion_orchestration_fastapi_app.domain.files.file import FileStat
from ingestion_orchestration_fastapi_app.domain.files.quarantine import (
    DecodeStart,
    Turn,
    turn,
    version_of,
)
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from utils.problems import Problem

FORGET_LIMIT_S = 5.0

Durably = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


class DecodeGate:
    """Files of all jobs that are being read and decoded; lives on the event loop.

    Who holds the `lock` and waits until nobody is inside has the process for itself.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self._inside: set[UUID] = set()
        self._empty = Event()

    def enter(self, point_ids: Iterable[UUID]) -> None:
        """The caller holds the door."""
        self._inside.update(point_ids)

    def leave(self, point_ids: Iterable[UUID]) -> None:
        self._inside.difference_update(point_ids)
        if not self._inside:
            self._empty.set()
            self._empty = Event()

    async def until_empty(self) -> None:
        while self._inside:
            await self._empty.wait()


class CrashSuspects:
    """One run's files between their start and the end of their decoding. Made by
    `crash_suspects_of`.
    """

    def __init__(
        self,
        ledger: Ledger,
        collection_id: int,
        turns: DecodeGate,
        lost: Mapping[UUID, DecodeStart],
    ) -> None:
        self._ledger = ledger
        self._collection_id = collection_id
        self._turns = turns
        self._lost = dict(lost)
        self._inside: set[UUID] = set()
        self._decoding: set[UUID] = set()  # of those inside
        self._survived: set[UUID] = set()  # and still begun on the disk
        self._lone: tuple[UUID, Event] | None = None  # the event: it was survived

    @property
    def suspects(self) -> int:
        return len(self._lost)

    @property
    def is_one_alone(self) -> bool:
        return self._lone is not None

    def turn(self, point_id: UUID, stat: FileStat) -> Turn:
        return turn(stat, self._lost.get(point_id))

    def deaths_alone(self, point_id: UUID) -> int:
        lost = self._lost.get(point_id)
        return 0 if lost is None else lost.alone

    async def together(self, files: Mapping[UUID, FileStat], durably: Durably) -> None:
        """On return all of them may be opened; waits while another file is tried alone."""
        async with self._turns.lock:
            self._enter(files)
        starts = [DecodeStart(one, version_of(stat)) for one, stat in files.items()]
        await self._note(starts, durably)

    async def alone(
        self,
        files: Mapping[UUID, FileStat],
        durably: Durably,
        go: Callable[[UUID], Awaitable[None]],
    ) -> None:
        """Each is let in by `go` when nothing else is in, and its end is on the disk at once.

        It is said to be alone for no longer than it is worked on: nothing that could keep a
        stage waiting, a service or a full disk, is in its way. Those that the process died with
        come last: a kill so soon after a start finds others.
        """
        async with self._turns.lock:
            for point_id, stat in sorted(files.items(), key=lambda one: self.deaths_alone(one[0])):
                await self._turns.until_empty()
                self._enter([point_id])
                survived = Event()
                self._lone = (point_id, survived)
                start = DecodeStart(point_id, version_of(stat), self.deaths_alone(point_id) + 1)
                await self._note([start], durably)
                await go(point_id)
                await survived.wait()
                self._lone = None
                await self._note([], durably)

    def decoded(self, point_id: UUID) -> None:
        """Its decoding is over, whatever it came to; what is known of its start is out of date.

        For a file that was never let in, such as the copy that takes a lost one's place: nothing.
        """
        if point_id in self._decoding:
            self._decoding.discard(point_id)
            self._survived.add(point_id)
            self._lost.pop(point_id, None)
        if self._lone is not None and self._lone[0] == point_id:
            self._lone[1].set()

    def leave(self, point_id: UUID) -> None:
        """Besides, it keeps no stage from taking the next one."""
        self.decoded(point_id)
        self._inside.discard(point_id)
        self._turns.leave([point_id])

    async def forget(self) -> None:
        """A clean stop: what is being decoded now took nothing down."""
        for point_id in list(self._inside):
            self.leave(point_id)
        if self._survived:
            with move_on_after(FORGET_LIMIT_S, shield=True), suppress(Problem):
                await self._ledger.note_decoding(self._collection_id, [], list(self._survived))

    def _enter(self, point_ids: Iterable[UUID]) -> None:
        entering = set(point_ids)
        self._inside |= entering
        self._decoding |= entering
        self._survived -= entering
        self._turns.enter(entering)

    async def _note(self, begun: Sequence[DecodeStart], durably: Durably) -> None:
        ended = list(self._survived)
        if begun or ended:
            await durably(partial(self._ledger.note_decoding, self._collection_id, begun, ended))
            self._survived.difference_update(ended)


@asynccontextmanager
async def crash_suspects_of(
    ledger: Ledger, collection_id: int, turns: DecodeGate, *, clean: bool
) -> AsyncIterator[CrashSuspects]:
    """For one run of the collection's job. `clean`: what crashes have left is forgotten first."""
    lost = await ledger.decode_starts(collection_id)
    if clean and lost:
        await ledger.note_decoding(collection_id, [], list(lost))
        lost = {}
    crash_suspects = CrashSuspects(ledger, collection_id, turns, lost)
    try:
        yield crash_suspects
    finally:
        await crash_suspects.forget()
