"""Previews on the disk, in a folder and with a limit of their own: they are large, and many."""

from __future__ import annotations

import os
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CancelScope, CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.adapters.content_cache.disk import ByteCache
from ingestion_orchestration_fastapi_app.ports.previews import PreviewKey

_CRC_BYTES = 4


@asynccontextmanager
async def open_preview_cache(
    folder: str | os.PathLike[str], *, limit_bytes: int
) -> AsyncIterator[DiskPreviewCache]:
    """Never fails: what cannot be opened is logged, and everything is a miss."""
    cache = DiskPreviewCache(
        ByteCache(os.path.join(os.fspath(folder), "previews"), limit_bytes=limit_bytes)
    )
    await cache.open()
    try:
        yield cache
    finally:
        with CancelScope(shield=True):  # closing a database is short
            await cache.close()


class DiskPreviewCache:
    """Implements `PreviewCache`. Made by `open_preview_cache`."""

    def __init__(self, cache: ByteCache) -> None:
        self._cache = cache
        self._turn = CapacityLimiter(1)  # so that a damaged one is not moved from under a reader

    async def open(self) -> None:
        await to_thread.run_sync(self._cache.open, limiter=self._turn)

    async def close(self) -> None:
        await to_thread.run_sync(self._cache.close, limiter=self._turn)

    async def get(self, key: PreviewKey) -> bytes | None:
        """None, too, for one that is not whole; it is forgotten."""
        name = preview_key(key)

        def get() -> bytes | None:
            data = self._cache.get([name]).get(name)
            preview = None if data is None else preview_of(data)
            if data is not None and preview is None:
                self._cache.forget([name])
            return preview

        return await to_thread.run_sync(get, limiter=self._turn)

    async def put(self, key: PreviewKey, preview: bytes) -> None:
        kept = {preview_key(key): preview_bytes(preview)}
        await to_thread.run_sync(self._cache.put, kept, limiter=self._turn)


def preview_key(key: PreviewKey) -> str:
    return f"preview:{key.version}:{key.encoding}:{key.side_px}:{key.picture.hex()}"


def preview_bytes(preview: bytes) -> bytes:
    return zlib.crc32(preview).to_bytes(_CRC_BYTES) + preview


def preview_of(data: bytes) -> bytes | None:
    """None unless it is whole."""
    preview = data[_CRC_BYTES:]
    is_whole = bool(preview) and zlib.crc32(preview).to_bytes(_CRC_BYTES) == data[:_CRC_BYTES]
    return preview if is_whole else None
