"""What people say of pictures."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    NO_ANNOTATION,
    Annotation,
    AnnotationChange,
)
from tests.memory_ledger.state import State


class MemoryAnnotations:
    """Implements `AnnotationRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def find(self, contents: Collection[bytes]) -> dict[bytes, Annotation]:
        await checkpoint()
        return {
            one: self._state.annotations[one] for one in contents if one in self._state.annotations
        }

    async def of_points(self, collection_id: int, *, limit: int) -> dict[UUID, Annotation]:
        await checkpoint()
        said = [
            (row.point_id, self._state.annotations[row.record.sha256])
            for row in self._state.files(collection_id).values()
            if row.record.sha256 is not None and row.record.sha256 in self._state.annotations
        ]
        return dict(said[:limit])

    async def put(self, content: bytes, annotation: Annotation) -> None:
        await checkpoint()
        self._keep({content: annotation})

    async def put_missing(self, said: Mapping[bytes, Annotation]) -> None:
        await checkpoint()
        there = self._state.annotations
        self._keep({one: given for one, given in said.items() if one not in there})

    async def change(
        self, contents: Collection[bytes], change: AnnotationChange
    ) -> dict[bytes, Annotation]:
        await checkpoint()
        said = self._state.annotations
        before = {one: said[one] for one in contents if one in said}
        self._keep({one: change.applied_to(before.get(one, NO_ANNOTATION)) for one in contents})
        return before

    def _keep(self, said: dict[bytes, Annotation]) -> None:
        kept = {**self._state.annotations, **said}
        self._state.annotations = {
            one: there for one, there in kept.items() if there != NO_ANNOTATION
        }
