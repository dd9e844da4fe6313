"""Sessions and allowed roots."""

from __future__ import annotations

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.access.sessions import SessionRecord
from tests.memory_ledger.state import State


class MemorySessions:
    """Implements `SessionRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def add(self, session: SessionRecord) -> None:
        await checkpoint()
        kept = [one for one in self._state.sessions.values() if one.expires_at > session.created_at]
        kept = sorted(kept, key=lambda one: one.expires_at)[-999:]
        self._state.sessions = {one.token_hash: one for one in [*kept, session]}

    async def find(self, token_hash: bytes) -> SessionRecord | None:
        await checkpoint()
        return self._state.sessions.get(token_hash)

    async def end(self, token_hash: bytes) -> None:
        await checkpoint()
        self._state.sessions.pop(token_hash, None)


class MemoryAllowedRoots:
    """Implements `AllowedRootRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def list_all(self) -> list[bytes]:
        await checkpoint()
        return sorted(self._state.allowed)

    async def add(self, path: bytes) -> None:
        await checkpoint()
        self._state.allowed.add(path)

    async def remove(self, path: bytes) -> None:
        await checkpoint()
        self._state.allowed.discard(path)
