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
from ingestion_orchestration_fastapi_app.ports.ledger.artefacts import ArtefactRepository
from utils.problems import Problem

CLEAR_LIMIT_S = 5.0

Durably = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


class DecodeGate:
    """Files of all jobs that are being read and decoded; lives on the event loop.

    Who holds the `lock` and waits until nobody is inside has the process for itself.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self._admitted: set[tuple[object, UUID]] = set()
        self._empty = Event()

    def acquire(self, run: object, point_ids: Iterable[UUID]) -> None:
        """The caller holds the lock. Two runs may work on one file."""
        self._admitted.update((run, one) for one in point_ids)

    def release(self, run: object, point_ids: Iterable[UUID]) -> None:
        self._admitted.difference_update((run, one) for one in point_ids)
        if not self._admitted:
            self._empty.set()
            self._empty = Event()

    def admitted(self) -> set[UUID]:
        """Files that are inside: of their start the disk knows, and of their end not yet."""
        return {point_id for _, point_id in self._admitted}

    async def wait_until_empty(self) -> None:
        while self._admitted:
            await self._empty.wait()


class CrashSuspects:
    """One run's files between their start and the end of their decoding. Made by
    `crash_suspects_of`.
    """

    def __init__(
        self,
        artefacts: ArtefactRepository,
        collection_id: int,
        gate: DecodeGate,
        lost: Mapping[UUID, DecodeStart],
    ) -> None:
        self._artefacts = artefacts
        self._collection_id = collection_id
        self._gate = gate
        self._earlier_starts = dict(lost)
        self._admitted: set[UUID] = set()
        self._decoding: set[UUID] = set()  # of those inside
        self._to_clear: set[UUID] = set()  # and still begun on the disk
        self._isolated: tuple[UUID, Event] | None = None  # the event: it was survived

    @property
    def suspect_count(self) -> int:
        return len(self._earlier_starts)

    @property
    def has_isolated_file(self) -> bool:
        return self._isolated is not None

    def turn(self, point_id: UUID, stat: FileStat) -> Turn:
        return turn(stat, self._earlier_starts.get(point_id))

    def deaths_alone(self, point_id: UUID) -> int:
        lost = self._earlier_starts.get(point_id)
        return 0 if lost is None else lost.alone

    async def admit(self, files: Mapping[UUID, FileStat], durably: Durably) -> None:
        """On return all of them may be opened; waits while another file is tried alone."""
        async with self._gate.lock:
            self._acquire(files)
        starts = [DecodeStart(one, version_of(stat)) for one, stat in files.items()]
        await self._record(starts, durably)

    async def admit_isolated(
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
        async with self._gate.lock:
            for point_id, stat in sorted(files.items(), key=lambda one: self.deaths_alone(one[0])):
                await self._gate.wait_until_empty()
                self._acquire([point_id])
                decoded = Event()
                self._isolated = (point_id, decoded)
                start = DecodeStart(point_id, version_of(stat), self.deaths_alone(point_id) + 1)
                await self._record([start], durably)
                await go(point_id)
                await decoded.wait()
                self._isolated = None
                await self._record([], durably)

    def decoded(self, point_id: UUID) -> None:
        """Its decoding is over, whatever it came to; what is known of its start is out of date.

        For a file that was never let in, such as the copy that takes a lost one's place: nothing.
        """
        if point_id in self._decoding:
            self._decoding.discard(point_id)
            self._to_clear.add(point_id)
            self._earlier_starts.pop(point_id, None)
        if self._isolated is not None and self._isolated[0] == point_id:
            self._isolated[1].set()

    def release(self, point_id: UUID) -> None:
        """Besides, it keeps no stage from taking the next one."""
        self.decoded(point_id)
        self._admitted.discard(point_id)
        self._gate.release(self, [point_id])

    async def clear(self) -> None:
        """A clean stop: what is being decoded now took nothing down."""
        for point_id in list(self._admitted):
            self.release(point_id)
        if self._to_clear:
            with move_on_after(CLEAR_LIMIT_S, shield=True), suppress(Problem):
                await self._artefacts.note_decoding(self._collection_id, [], list(self._to_clear))

    def _acquire(self, point_ids: Iterable[UUID]) -> None:
        entering = set(point_ids)
        self._admitted |= entering
        self._decoding |= entering
        self._to_clear -= entering
        self._gate.acquire(self, entering)

    async def _record(self, begun: Sequence[DecodeStart], durably: Durably) -> None:
        ended = list(self._to_clear)
        if begun or ended:
            await durably(partial(self._artefacts.note_decoding, self._collection_id, begun, ended))
            self._to_clear.difference_update(ended)


@asynccontextmanager
async def crash_suspects_of(
    artefacts: ArtefactRepository, collection_id: int, gate: DecodeGate, *, clean: bool
) -> AsyncIterator[CrashSuspects]:
    """For one run of the collection's job. `clean`: what crashes have left is forgotten first."""
    inside = gate.admitted()  # another job of the collection has them in work
    starts = await artefacts.decode_starts(collection_id)
    lost = {one: start for one, start in starts.items() if one not in inside | gate.admitted()}
    if clean and lost:
        await artefacts.note_decoding(collection_id, [], list(lost))
        lost = {}
    crash_suspects = CrashSuspects(artefacts, collection_id, gate, lost)
    try:
        yield crash_suspects
    finally:
        await crash_suspects.clear()
