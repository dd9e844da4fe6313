"""The content cache on the disk: vectors and captions by model and content, pictures by content."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from anyio import CancelScope, CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.adapters.content_cache import codec
from ingestion_orchestration_fastapi_app.adapters.content_cache.disk import ByteCache
from ingestion_orchestration_fastapi_app.domain.inference.uploads import VectorKey
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Vector

GIB = 2**30
VECTOR_LIMIT_BYTES = 20 * GIB
PICTURE_LIMIT_BYTES = 10 * GIB


@asynccontextmanager
async def open_content_cache(
    folder: str | os.PathLike[str],
    *,
    vector_limit_bytes: int = VECTOR_LIMIT_BYTES,
    picture_limit_bytes: int = PICTURE_LIMIT_BYTES,
) -> AsyncIterator[DiskContentCache]:
    """Never fails: what cannot be opened is logged, and everything is a miss."""
    path = os.fspath(folder)
    cache = DiskContentCache(
        ByteCache(os.path.join(path, "vectors"), limit_bytes=vector_limit_bytes),
        ByteCache(os.path.join(path, "pictures"), limit_bytes=picture_limit_bytes),
    )
    await cache.open()
    try:
        yield cache
    finally:
        with CancelScope(shield=True):  # closing two databases is short
            await cache.close()


class DiskContentCache:
    """Implements `ContentCache`. Made by `open_content_cache`; a group is one thread hop."""

    def __init__(self, vectors: ByteCache, pictures: ByteCache) -> None:
        self._vectors = vectors
        self._pictures = pictures
        # One at a time on each shelf, so that a damaged one is not moved from under a reader.
        self._at_vectors = CapacityLimiter(1)
        self._at_pictures = CapacityLimiter(1)

    async def open(self) -> None:
        await to_thread.run_sync(self._vectors.open, limiter=self._at_vectors)
        await to_thread.run_sync(self._pictures.open, limiter=self._at_pictures)

    async def close(self) -> None:
        await to_thread.run_sync(self._vectors.close, limiter=self._at_vectors)
        await to_thread.run_sync(self._pictures.close, limiter=self._at_pictures)

    async def vectors(self, keys: Sequence[VectorKey]) -> dict[VectorKey, Vector]:
        if not keys:
            return {}
        return await to_thread.run_sync(self._get_vectors, keys, limiter=self._at_vectors)

    def _get_vectors(self, keys: Sequence[VectorKey]) -> dict[VectorKey, Vector]:
        by_name = {codec.vector_key(key): key for key in keys}
        found: dict[VectorKey, Vector] = {}
        corrupt: list[str] = []
        for name, data in self._vectors.get(by_name).items():
            vector = codec.vector_of(data)
            if vector is None:
                corrupt.append(name)
            else:
                found[by_name[name]] = vector
        if corrupt:
            self._vectors.forget(corrupt)
        return found

    async def pictures(self, preparation: str, hashes: Sequence[bytes]) -> dict[bytes, Picture]:
        if not hashes:
            return {}
        return await to_thread.run_sync(
            self._get_pictures, preparation, hashes, limiter=self._at_pictures
        )

    def _get_pictures(self, preparation: str, hashes: Sequence[bytes]) -> dict[bytes, Picture]:
        by_name = {codec.picture_key(preparation, one): one for one in hashes}
        found: dict[bytes, Picture] = {}
        corrupt: list[str] = []
        for name, data in self._pictures.get(by_name).items():
            picture = codec.picture_of(data)
            if picture is None:
                corrupt.append(name)
            else:
                found[by_name[name]] = picture
        if corrupt:
            self._pictures.forget(corrupt)
        return found

    async def captions(self, fingerprint: str, hashes: Sequence[bytes]) -> dict[bytes, str]:
        """They lie among the pictures."""
        if not hashes:
            return {}
        return await to_thread.run_sync(
            self._get_captions, fingerprint, hashes, limiter=self._at_pictures
        )

    def _get_captions(self, fingerprint: str, hashes: Sequence[bytes]) -> dict[bytes, str]:
        by_name = {codec.caption_key(fingerprint, one): one for one in hashes}
        found: dict[bytes, str] = {}
        corrupt: list[str] = []
        for name, data in self._pictures.get(by_name).items():
            caption = codec.caption_of(data)
            if caption is None:
                corrupt.append(name)
            else:
                found[by_name[name]] = caption
        if corrupt:
            self._pictures.forget(corrupt)
        return found

    async def put_captions(self, fingerprint: str, captions: Mapping[bytes, str]) -> None:
        if captions:
            named = {
                codec.caption_key(fingerprint, one): codec.caption_bytes(caption)
                for one, caption in captions.items()
            }
            await to_thread.run_sync(self._pictures.put, named, limiter=self._at_pictures)

    async def put_vectors(self, vectors: Mapping[VectorKey, Vector]) -> None:
        if vectors:
            await to_thread.run_sync(self._put_vectors, vectors, limiter=self._at_vectors)

    def _put_vectors(self, vectors: Mapping[VectorKey, Vector]) -> None:
        self._vectors.put(
            {codec.vector_key(key): codec.vector_bytes(vector) for key, vector in vectors.items()}
        )

    async def put_pictures(self, preparation: str, pictures: Mapping[bytes, Picture]) -> None:
        if pictures:
            await to_thread.run_sync(
                self._put_pictures, preparation, pictures, limiter=self._at_pictures
            )

    def _put_pictures(self, preparation: str, pictures: Mapping[bytes, Picture]) -> None:
        self._pictures.put(
            {
                codec.picture_key(preparation, one): codec.picture_bytes(picture)
                for one, picture in pictures.items()
            }
        )
