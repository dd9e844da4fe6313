"""The inbox: the folder into which uploaded files are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.uploads.outcome import Placed
from utils.problems import Rejected


@dataclass(frozen=True, slots=True)
class PendingImport:
    """That a folder's files are to be imported: kept over a crash until an import is. `identity`
    is the collection's; `key` names the note.
    """

    key: str
    identity: str
    folder: Sequence[str]
    captions: bool


class IncomingFile(Protocol):
    """A file that comes in. Nobody sees it before it is whole. Close it in the end.

    Each method raises DiskFull, InboxUnavailable and ServiceOverloaded: then it is closed.
    """

    async def write(self, data: bytes) -> Rejected | None:
        """What came next. Why it is not kept, as soon as that is known; nothing more is written."""

    async def end(self) -> Rejected | bytes:
        """All of it is there, and durable: its SHA-256."""

    async def place(self, folder: Sequence[str], name: str) -> Placed:
        """In a folder of the inbox, under this name or one like it, if another content has it.
        Nothing is overwritten.
        """

    async def close(self) -> None:
        """What was not placed is gone. Idempotent."""


class Inbox(Protocol):
    """Each method raises InboxUnavailable and ServiceOverloaded."""

    @property
    def path(self) -> bytes:
        """Absolute, without links; it need not be there."""

    async def check_room(self, coming_bytes: int) -> None:
        """Makes the folder, where it is not there, and removes what a crash left half-written.

        Raises DiskFull where so much is too much.
        """

    def incoming(self, name: str) -> IncomingFile:
        """`name` is the client's."""

    async def holds(self, path: bytes, sha256: bytes) -> bool:
        """Whether a regular file with this content is at an absolute path now."""

    async def note(self, pending: PendingImport) -> None:
        """Durable on return. Raises DiskFull."""

    async def noted(self) -> list[PendingImport]: ...

    async def end_note(self, pending: PendingImport) -> None: ...
