"""Copies of a content that is being worked on wait for it instead of being inferred twice."""

from __future__ import annotations

from anyio import Event

from ingestion_orchestration_fastapi_app.ingest.items import ToLookUp
from utils.contract import ErrorCode

# The file, not its content, is at fault: a copy elsewhere may still be what it was.
LOST = frozenset({ErrorCode.FILE_CHANGED, ErrorCode.FILE_NOT_FOUND, ErrorCode.FILE_PERMISSION})
MAX_PARKED = 10_000  # a copy in waiting is small, but not nothing


class Deduplicator:
    """Contents between known? and the ledger, each with the copies that wait for it."""

    def __init__(self) -> None:
        self._parked: dict[bytes, list[ToLookUp]] = {}
        self._count = 0
        self._room = Event()

    def __contains__(self, sha256: bytes) -> bool:
        return sha256 in self._parked

    def claim(self, sha256: bytes) -> None:
        self._parked[sha256] = []

    async def attach(self, copy: ToLookUp) -> bool:
        """False when the content ended meanwhile: it is known now."""
        while self._count >= MAX_PARKED:
            await self._room.wait()
        waiting = self._parked.get(copy.content.sha256)
        if waiting is None:
            return False
        waiting.append(copy.without_bytes())
        self._count += 1
        return True

    def take(self, sha256: bytes) -> list[ToLookUp]:
        """The copies that wait so far; the content stays claimed."""
        copies = self._parked.get(sha256, [])
        if copies:
            self._parked[sha256] = []
            self._count -= len(copies)
            self._tell()
        return copies

    def promote(self, sha256: bytes) -> ToLookUp | None:
        """The copy that has the claim now, its first holder being lost.

        None: no copy waits, and the content is not in flight any more.
        """
        copies = self._parked.get(sha256)
        if not copies:
            self._parked.pop(sha256, None)
            return None
        self._count -= 1
        self._tell()
        return copies.pop(0)

    def end(self, sha256: bytes) -> bool:
        """The content's end is durable. False while copies wait that were not taken."""
        if self._parked.get(sha256):
            return False
        self._parked.pop(sha256, None)
        return True

    def _tell(self) -> None:
        self._room.set()
        self._room = Event()
