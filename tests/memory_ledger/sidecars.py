"""Sidecars that were written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar import (
    SidecarRecord,
    SidecarsWritten,
)
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from tests.memory_ledger.state import State


class MemorySidecars:
    """Implements `SidecarRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def find(
        self, collection_id: int, keys: Sequence[FileKey]
    ) -> dict[FileKey, SidecarRecord]:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        known = {} if kept is None else kept.sidecars
        return {key: known[key] for key in keys if key in known}

    async def begin(self, collection_id: int, records: Sequence[SidecarRecord]) -> None:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        if kept is None:
            raise CollectionNotFound("The collection was deleted.")
        for one in records:
            before = kept.sidecars.get(one.key)
            is_same = before is not None and before.name == one.name
            written = before.written if before is not None and is_same else None
            kept.sidecars[one.key] = replace(one, written=written)

    async def end(self, collection_id: int, written: SidecarsWritten) -> None:
        await checkpoint()
        kept = self._state.collections[collection_id]
        for one in written.done:
            kept.sidecars[one.key] = replace(one, pending=None)
        for key in written.given_up:
            there = kept.sidecars.pop(key, None)
            if there is not None and there.written is not None:
                kept.sidecars[key] = replace(there, pending=None)
        for change in written.marks:
            row = self._state.files(change.collection_id).get(change.key)
            stat = None if row is None else row.record.stat
            if row is not None and stat is not None and stat.sidecar_mark == change.before:
                after = replace(stat, sidecar_mark=change.after)
                row.record = replace(row.record, stat=after)
