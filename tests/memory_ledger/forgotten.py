"""Forgotten images, and what they say of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.forgotten import ForgottenImage
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from tests.memory_ledger import removed
from tests.memory_ledger.state import Kept, Row, State


class MemoryForgotten:
    """Implements `ForgottenRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def begin(self, collection_id: int, images: Sequence[ForgottenImage]) -> None:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        if kept is None:
            raise CollectionNotFound("The collection was deleted.")
        for one in images:
            kept.forgotten.setdefault(one.sha256, replace(one, at=self._state.clock()))
            kept.forgetting.add(one.sha256)

    async def pending_collections(self) -> list[int]:
        await checkpoint()
        return [number for number, kept in self._state.collections.items() if kept.forgetting]

    async def pending_points(self, collection_id: int, *, limit: int) -> list[UUID]:
        await checkpoint()
        kept = self._state.collections[collection_id]
        return [
            row.point_id
            for row in kept.files.values()
            if row.record.sha256 in kept.forgetting
            and not artefacts.is_forgotten(row.record.artefacts)
        ][:limit]

    async def forget_points(
        self,
        collection_id: int,
        point_ids: Sequence[UUID],
        *,
        synced: Sequence[SyncedVersion],
        reader_version: str,
    ) -> None:
        await checkpoint()
        verdict = artefacts.forgotten(reader_version=reader_version, now=self._state.clock())
        kept = self._state.collections[collection_id]
        removed.end(
            self._state,
            collection_id,
            point_ids,
            lambda row: verdict if row.record.sha256 in kept.forgotten else None,
            synced=synced,
        )

    async def end(self, collection_id: int) -> None:
        await checkpoint()
        self._state.collections[collection_id].forgetting.clear()

    async def among(self, collection_id: int, hashes: Sequence[bytes]) -> set[bytes]:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        return set() if kept is None else kept.forgotten.keys() & set(hashes)

    async def page(self, collection_id: int, *, after: bytes, limit: int) -> list[ForgottenImage]:
        await checkpoint()
        forgotten = self._state.collections[collection_id].forgotten
        return [one for sha256, one in sorted(forgotten.items()) if sha256 > after][:limit]

    async def take_back(self, collection_id: int, sha256: bytes) -> bool:
        await checkpoint()
        return take_back(self._state.collections[collection_id], sha256)


def take_back(kept: Kept, sha256: bytes) -> bool:
    kept.forgetting.discard(sha256)
    for row in kept.files.values():
        if row.record.sha256 == sha256:
            _forget_verdict(row)
    return kept.forgotten.pop(sha256, None) is not None


def _forget_verdict(row: Row) -> None:
    if artefacts.is_forgotten(row.record.artefacts):
        left = [one for one in row.record.artefacts if one.kind is not artefacts.Kind.PICTURE]
        row.record = replace(row.record, artefacts=tuple(left))
