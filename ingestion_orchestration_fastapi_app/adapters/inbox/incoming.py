"""One file that comes into the inbox: held back until it shows that it is a picture."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from ingestion_orchestration_fastapi_app.adapters.inbox.disk import InboxDisk, TemporaryFile
from ingestion_orchestration_fastapi_app.adapters.inbox.faults import as_problems
from ingestion_orchestration_fastapi_app.adapters.inbox.header_check import refusal_of
from ingestion_orchestration_fastapi_app.adapters.inbox.room import InboxRoom
from ingestion_orchestration_fastapi_app.adapters.local_files.local_file import too_large
from ingestion_orchestration_fastapi_app.domain.uploads.outcome import Placed
from utils.imaging.formats import SNIFF_BYTES
from utils.problems import Rejected

T = TypeVar("T")
_WRITE_BYTES = 1024 * 1024  # held in memory until so much is there


class Run(Protocol):
    """Runs what blocks. Where nobody waits for it any more it gives what came to `drop`."""

    def __call__(
        self, call: Callable[[], T], *, drop: Callable[[T | None], object]
    ) -> Awaitable[T]: ...


class InboxFile:
    """Implements `IncomingFile`."""

    def __init__(
        self, name: str, disk: InboxDisk, room: InboxRoom, run: Run, *, max_bytes: int
    ) -> None:
        self._name = name
        self._disk = disk
        self._room = room
        self._run = run
        self._max_bytes = max_bytes
        self._held = bytearray()
        self._size_bytes = 0
        self._taken_bytes = 0
        self._is_picture = False
        self._file: TemporaryFile | None = None

    async def write(self, data: bytes) -> Rejected | None:
        self._held += data
        self._size_bytes += len(data)
        if not self._is_picture and self._size_bytes >= SNIFF_BYTES:
            refused = refusal_of(self._name, bytes(self._held[:SNIFF_BYTES]))
            if refused is not None:
                return refused
            self._is_picture = True
        if self._size_bytes > self._max_bytes:
            return too_large(self._size_bytes, self._max_bytes)
        if len(self._held) >= _WRITE_BYTES:
            await self._flush()
        return None

    async def end(self) -> Rejected | bytes:
        if not self._is_picture:
            refused = refusal_of(self._name, bytes(self._held))
            if refused is not None:
                return refused
        await self._flush()
        return await self._with_file(TemporaryFile.end)

    async def place(self, folder: Sequence[str], name: str) -> Placed:
        placed = await self._with_file(lambda file: self._disk.place(file, folder, name))
        if placed.is_new:
            self._taken_bytes = 0
        return placed

    async def close(self) -> None:
        self._held.clear()
        self._room.give_back(self._taken_bytes)
        self._taken_bytes = 0
        if self._file is not None:
            await self._with_file(TemporaryFile.close)
            self._file = None

    async def _flush(self) -> None:
        data = bytes(self._held)
        self._held.clear()
        await self._room.take(len(data))
        self._taken_bytes += len(data)
        if self._file is None:
            with as_problems(self._disk.path):
                self._file = await self._run(self._disk.begin, drop=_closed)
        await self._with_file(lambda file: file.append(data))

    async def _with_file(self, work: Callable[[TemporaryFile], T]) -> T:
        """Where it fails, or nobody waits for it any more, the file is closed."""
        file, self._file = self._file, None
        assert file is not None, "it has been written to, and not failed"

        def drop(_: object) -> None:
            file.close()

        with as_problems(self._disk.path):
            try:
                result = await self._run(lambda: work(file), drop=drop)
            except (OSError, MemoryError):
                await self._run(file.close, drop=drop)
                raise
        self._file = file
        return result


def _closed(file: TemporaryFile | None) -> None:
    if file is not None:
        file.close()
