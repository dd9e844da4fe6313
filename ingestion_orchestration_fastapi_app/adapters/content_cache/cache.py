"""The content cache on the disk: vectors and captions by model and content, pictures by content."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.adapters.content_cache import codec
from ingestion_orchestration_fastapi_app.adapters.content_cache.disk import ByteCache
from ingestion_orchestration_fastapi_app.domain.inference.uploads import VectorKey
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Vector

K = TypeVar("K")
V = TypeVar("V")

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
        # One at a time in each, so that a damaged one is not moved from under a reader.
        self._turns = {cache: CapacityLimiter(1) for cache in (vectors, pictures)}

    async def open(self) -> None:
        for cache, turn in self._turns.items():
            await to_thread.run_sync(cache.open, limiter=turn)

    async def close(self) -> None:
        for cache, turn in self._turns.items():
            await to_thread.run_sync(cache.close, limiter=turn)

    async def vectors(self, keys: Sequence[VectorKey]) -> dict[VectorKey, Vector]:
        return await self._get(self._vectors, keys, codec.vector_key, codec.vector_of)

    async def pictures(self, preparation: str, hashes: Sequence[bytes]) -> dict[bytes, Picture]:
        key = partial(codec.picture_key, preparation)
        return await self._get(self._pictures, hashes, key, codec.picture_of)

    async def captions(self, fingerprint: str, hashes: Sequence[bytes]) -> dict[bytes, str]:
        """They lie among the pictures."""
        key = partial(codec.caption_key, fingerprint)
        return await self._get(self._pictures, hashes, key, codec.caption_of)

    async def put_vectors(self, vectors: Mapping[VectorKey, Vector]) -> None:
        await self._put(self._vectors, vectors, codec.vector_key, codec.vector_bytes)

    async def put_pictures(self, preparation: str, pictures: Mapping[bytes, Picture]) -> None:
        key = partial(codec.picture_key, preparation)
        await self._put(self._pictures, pictures, key, codec.picture_bytes)

    async def put_captions(self, fingerprint: str, captions: Mapping[bytes, str]) -> None:
        key = partial(codec.caption_key, fingerprint)
        await self._put(self._pictures, captions, key, codec.caption_bytes)

    async def _get(
        self,
        cache: ByteCache,
        wanted: Sequence[K],
        key: Callable[[K], str],
        decode: Callable[[bytes], V | None],
    ) -> dict[K, V]:
        def get() -> dict[K, V]:
            by_key = {key(one): one for one in wanted}
            decoded = {name: decode(data) for name, data in cache.get(by_key).items()}
            corrupt = [name for name, value in decoded.items() if value is None]
            if corrupt:
                cache.forget(corrupt)
            return {by_key[name]: value for name, value in decoded.items() if value is not None}

        return await to_thread.run_sync(get, limiter=self._turns[cache]) if wanted else {}

    async def _put(
        self,
        cache: ByteCache,
        values: Mapping[K, V],
        key: Callable[[K], str],
        encode: Callable[[V], bytes],
    ) -> None:
        def put() -> None:
            cache.put({key(one): encode(value) for one, value in values.items()})

        if values:
            await to_thread.run_sync(put, limiter=self._turns[cache])
