"""What people say of pictures."""

from __future__ import annotations

from collections.abc import Collection

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    NO_ANNOTATION,
    Annotation,
    AnnotationChange,
)


class MemoryAnnotations:
    """Implements `AnnotationRepository`."""

    def __init__(self) -> None:
        self._said: dict[bytes, Annotation] = {}

    async def find(self, contents: Collection[bytes]) -> dict[bytes, Annotation]:
        await checkpoint()
        return {one: self._said[one] for one in contents if one in self._said}

    async def put(self, content: bytes, annotation: Annotation) -> None:
        await checkpoint()
        self._keep({content: annotation})

    async def change(
        self, contents: Collection[bytes], change: AnnotationChange
    ) -> dict[bytes, Annotation]:
        await checkpoint()
        after = {one: change.applied_to(self._said.get(one, NO_ANNOTATION)) for one in contents}
        self._keep(after)
        return after

    def _keep(self, said: dict[bytes, Annotation]) -> None:
        kept = {**self._said, **said}
        self._said = {one: there for one, there in kept.items() if there != NO_ANNOTATION}
