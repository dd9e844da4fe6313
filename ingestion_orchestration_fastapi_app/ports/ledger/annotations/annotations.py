"""Own ratings, favourites and tags."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    Annotation,
    AnnotationChange,
)


class AnnotationRepository(Protocol):
    """By SHA-256 of the bytes: copies have one, in whichever collections they are."""

    async def find(self, contents: Collection[bytes]) -> dict[bytes, Annotation]:
        """Without those of which nothing is said."""

    async def of_points(self, collection_id: int, *, limit: int) -> dict[UUID, Annotation]:
        """Of points whose files have a content of which something is said; at most so many."""

    async def put(self, content: bytes, annotation: Annotation) -> None:
        """In place of what was said."""

    async def put_missing(self, said: Mapping[bytes, Annotation]) -> None:
        """One transaction: of contents of which nothing is said; what people said stays."""

    async def change(
        self, contents: Collection[bytes], change: AnnotationChange
    ) -> dict[bytes, Annotation]:
        """All or none. What was said of them before, without those of which nothing was.

        Raises ValidationProblem: too many tags.
        """
