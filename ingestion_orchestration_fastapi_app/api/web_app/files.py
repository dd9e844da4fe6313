"""The app's files, as browsers are sent them."""

from __future__ import annotations

import gzip
import os
from collections.abc import MutableMapping
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FRESH = {"Cache-Control": "no-cache"}  # asked for again each time, and sent again if it changed
_LEAST_COMPRESSED_BYTES = 1000
_THREADS = 2


class AppFiles(StaticFiles):
    """A browser asks whether its copy is the newest: an update needs no reload.

    An opened page asks for a hundred of them at once. So they are kept in memory as they are sent,
    compressed where that is worth it, and read again where the disk has another.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)
        self._kept: MutableMapping[str, tuple[str, bytes, bytes | None]] = {}
        self._threads = CapacityLimiter(_THREADS)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if isinstance(response, FileResponse):
            response = await self._from_memory(response, Headers(scope=scope))
        response.headers.update(FRESH)
        return response

    async def _from_memory(self, file: FileResponse, asked: Headers) -> Response:
        etag, path = file.headers["etag"], os.fspath(file.path)
        kept = self._kept.get(path)
        if kept is None or kept[0] != etag:
            plain, packed = await to_thread.run_sync(_read, path, limiter=self._threads)
            kept = self._kept[path] = (etag, plain, packed)
        _, plain, packed = kept
        headers = {name: file.headers[name] for name in ("etag", "last-modified")}
        if packed is not None:
            headers["Vary"] = "Accept-Encoding"
            if "gzip" in asked.get("accept-encoding", ""):
                headers["Content-Encoding"] = "gzip"
                plain = packed
        return Response(plain, headers=headers, media_type=file.media_type)


def _read(path: str) -> tuple[bytes, bytes | None]:
    """Also compressed, where that is smaller."""
    data = Path(path).read_bytes()
    packed = gzip.compress(data) if len(data) >= _LEAST_COMPRESSED_BYTES else data
    return data, packed if len(packed) < len(data) else None
