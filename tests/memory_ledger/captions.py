"""Captions among the artefacts of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files import artefacts
from tests.memory_ledger.state import State


class MemoryCaptions:
    """Implements `CaptionRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def captioners(self, collection_id: int, point_ids: Sequence[UUID]) -> dict[UUID, str]:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        return {
            row.point_id: one.model
            for row in ([] if kept is None else kept.files.values())
            for one in row.record.artefacts
            if row.point_id in point_ids
            and (one.kind, one.state) == (artefacts.Kind.CAPTION, artefacts.State.STORED)
        }

    async def captioned(self, collection_id: int, *, has: bool, limit: int) -> list[UUID]:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        return [
            row.point_id
            for row in ([] if kept is None else kept.files.values())
            if has
            is any(
                one.kind is artefacts.Kind.CAPTION and one.is_there for one in row.record.artefacts
            )
        ][:limit]

    async def forget(self, collection_id: int, point_ids: Sequence[UUID]) -> None:
        await checkpoint()
        for row in self._state.collections[collection_id].files.values():
            if row.point_id in point_ids:
                row.record = replace(
                    row.record,
                    artefacts=tuple(
                        one
                        for one in row.record.artefacts
                        if (one.kind, one.state) != (artefacts.Kind.CAPTION, artefacts.State.STORED)
                    ),
                )
