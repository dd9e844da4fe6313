"""The in-memory twin of the content cache: one parametrised suite runs against both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.adapters.content_cache import codec
from ingestion_orchestration_fastapi_app.domain.inference.uploads import VectorKey
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Vector


class MemoryContentCache:
    """Implements `ContentCache`. Keeps the bytes that the real one keeps."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def vectors(self, keys: Sequence[VectorKey]) -> dict[VectorKey, Vector]:
        await checkpoint()
        found = {key: self.kept.get(codec.vector_key(key)) for key in keys}
        read = {key: codec.vector_of(data) for key, data in found.items() if data}
        return {key: vector for key, vector in read.items() if vector is not None}

    async def pictures(self, preparation: str, hashes: Sequence[bytes]) -> dict[bytes, Picture]:
        await checkpoint()
        found = {one: self.kept.get(codec.picture_key(preparation, one)) for one in hashes}
        read = {one: codec.picture_of(data) for one, data in found.items() if data}
        return {one: picture for one, picture in read.items() if picture is not None}

    async def captions(self, fingerprint: str, hashes: Sequence[bytes]) -> dict[bytes, str]:
        await checkpoint()
        found = {one: self.kept.get(codec.caption_key(fingerprint, one)) for one in hashes}
        read = {one: codec.caption_of(data) for one, data in found.items() if data}
        return {one: caption for one, caption in read.items() if caption is not None}

    async def put_captions(self, fingerprint: str, captions: Mapping[bytes, str]) -> None:
        await checkpoint()
        for one, caption in captions.items():
            key = codec.caption_key(fingerprint, one)
            self.kept[key] = codec.caption_bytes(caption)

    async def put_vectors(self, vectors: Mapping[VectorKey, Vector]) -> None:
        await checkpoint()
        for key, vector in vectors.items():
            self.kept[codec.vector_key(key)] = codec.vector_bytes(vector)

    async def put_pictures(self, preparation: str, pictures: Mapping[bytes, Picture]) -> None:
        await checkpoint()
        for one, picture in pictures.items():
            self.kept[codec.picture_key(preparation, one)] = codec.picture_bytes(picture)
