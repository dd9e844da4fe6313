"""What was made of a content before, kept by its hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    VectorKey,
)
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Vector


class ContentCache(Protocol):
    """By content. A loss costs time, never a job; a broken one is rebuilt."""

    async def vectors(self, keys: Sequence[VectorKey]) -> dict[VectorKey, Vector]: ...
    async def pictures(self, preparation: str, hashes: Sequence[bytes]) -> dict[bytes, Picture]: ...
    async def captions(self, fingerprint: str, hashes: Sequence[bytes]) -> dict[bytes, str]: ...
    async def put_captions(self, fingerprint: str, captions: Mapping[bytes, str]) -> None: ...
    async def put_vectors(self, vectors: Mapping[VectorKey, Vector]) -> None: ...
    async def put_pictures(self, preparation: str, pictures: Mapping[bytes, Picture]) -> None: ...
