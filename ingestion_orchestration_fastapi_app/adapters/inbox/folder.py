"""The inbox on the local file system: made when it is needed, one process at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import structlog
from anyio import Lock
from pydantic import TypeAdapter, ValidationError

from ingestion_orchestration_fastapi_app.adapters.inbox.disk import InboxDisk
from ingestion_orchestration_fastapi_app.adapters.inbox.faults import as_problems
from ingestion_orchestration_fastapi_app.adapters.inbox.incoming import InboxFile
from ingestion_orchestration_fastapi_app.adapters.inbox.room import InboxRoom
from ingestion_orchestration_fastapi_app.ports.folders.inbox import PendingImport
from ingestion_orchestration_fastapi_app.resources.root_threads import ANSWER_LIMIT_S, RootThreads

log = structlog.get_logger(__name__)

T = TypeVar("T")
_NOTE = TypeAdapter(PendingImport)


class InboxFolder:
    """Implements `Inbox`. What blocks runs in threads of its root, and is waited for so long."""

    def __init__(
        self,
        path: bytes,
        threads: RootThreads,
        *,
        max_file_bytes: int,
        limit_bytes: int,
        keep_free_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._disk = disk = InboxDisk(path, keep_free_bytes=keep_free_bytes)
        self._threads = threads
        self._max_file_bytes = max_file_bytes
        self._preparing = Lock()
        self._room = InboxRoom(
            disk.used_bytes,
            disk.free_bytes,
            self._answer,
            limit_bytes=limit_bytes,
            clock=clock,
        )

    def close(self) -> None:
        """Idempotent. Another process may write there from now on."""
        self._disk.close()

    @property
    def path(self) -> bytes:
        return self._disk.path

    async def check_room(self, coming_bytes: int) -> None:
        await self._room.check(coming_bytes)
        async with self._preparing:
            await self._answer(self._disk.prepare)

    def incoming(self, name: str) -> InboxFile:
        run = partial(self._threads.run, self.path, limit_s=ANSWER_LIMIT_S)
        return InboxFile(name, self._disk, self._room, run, max_bytes=self._max_file_bytes)

    async def holds(self, path: bytes, sha256: bytes) -> bool:
        with as_problems(path):
            look = partial(self._disk.holds, path, sha256)
            return await self._threads.run(path, look, limit_s=ANSWER_LIMIT_S)

    async def note(self, pending: PendingImport) -> None:
        text = _NOTE.dump_json(pending)
        await self._answer(partial(self._disk.write_note, pending.key, text))

    async def noted(self) -> list[PendingImport]:
        found: list[PendingImport] = []
        for name, text in (await self._answer(self._disk.notes)).items():
            try:
                found.append(_NOTE.validate_json(text))
            except ValidationError:
                log.warning("inbox_note_unreadable", name=name)
        return found

    async def end_note(self, pending: PendingImport) -> None:
        await self._answer(partial(self._disk.remove_note, pending.key))

    async def _answer(self, call: Callable[[], T]) -> T:
        with as_problems(self.path):
            return await self._threads.run(self.path, call, limit_s=ANSWER_LIMIT_S)
