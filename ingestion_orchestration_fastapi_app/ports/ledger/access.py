"""Access: browsers that logged in, and folders that users allowed."""

from __future__ import annotations

from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.access.sessions import SessionRecord


class SessionRepository(Protocol):
    async def add(self, session: SessionRecord) -> None:
        """Forgets those that ended before it was made; bounded: the first to end makes room."""

    async def find(self, token_hash: bytes) -> SessionRecord | None: ...
    async def end(self, token_hash: bytes) -> None:
        """Idempotent."""


class AllowedRootRepository(Protocol):
    """Folders outside the default ones that users named, by path."""

    async def list_all(self) -> list[bytes]: ...
    async def add(self, path: bytes) -> None:
        """Idempotent."""

    async def remove(self, path: bytes) -> None:
        """Idempotent."""
