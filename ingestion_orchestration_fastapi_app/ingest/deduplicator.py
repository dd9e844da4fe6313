"""Copies of a content that is being worked on wait for it instead of being inferred twice."""

from __future__ import annotations

from anyio import Event

from ingestion_orchestration_fastapi_app.ingest.items import ReadFile
from utils.contract import ErrorCode

# The file, not its content, is at fault: a copy elsewhere may still be what it was.
LOST_FILE_CODES = frozenset(
    {
        ErrorCode.FILE_CHANGED,
        ErrorCode.FILE_NOT_FOUND,
        ErrorCode.FILE_PERMISSION,
        ErrorCode.FILE_READ,
    }
)
MAX_WAITING_COPIES = 10_000  # a copy in waiting is small, but not nothing


class Deduplicator:
    """Contents between the cache lookup and the ledger, each with the copies that wait for it."""

    def __init__(self) -> None:
        self._copies: dict[bytes, list[ReadFile]] = {}
        self._count = 0
        self._room = Event()

    def __contains__(self, sha256: bytes) -> bool:
        return sha256 in self._copies

    def own(self, sha256: bytes) -> None:
        self._copies[sha256] = []

    async def attach(self, copy: ReadFile) -> bool:
        """False when the content ended meanwhile: it is known now."""
        while self._count >= MAX_WAITING_COPIES:
            await self._room.wait()
        waiting = self._copies.get(copy.content.sha256)
        if waiting is None:
            return False
        waiting.append(copy.without_bytes())
        self._count += 1
        return True

    def take_copies(self, sha256: bytes) -> list[ReadFile]:
        """The copies that wait so far; the content stays owned."""
        copies = self._copies.get(sha256, [])
        if copies:
            self._copies[sha256] = []
            self._count -= len(copies)
            self._wake()
        return copies

    def promote(self, sha256: bytes) -> ReadFile | None:
        """The copy that owns the content now, its first owner being lost.

        None: no copy waits, and the content is not in flight any more.
        """
        copies = self._copies.get(sha256)
        if not copies:
            self._copies.pop(sha256, None)
            return None
        self._count -= 1
        self._wake()
        return copies.pop(0)

    def release(self, sha256: bytes) -> bool:
        """The content's end is durable. False while copies wait that were not taken."""
        if self._copies.get(sha256):
            return False
        self._copies.pop(sha256, None)
        return True

    def _wake(self) -> None:
        self._room.set()
        self._room = Event()
