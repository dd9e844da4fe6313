"""The app's files, as browsers are sent them."""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from anyio import CapacityLimiter, Lock, current_time, to_thread
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from ingestion_orchestration_fastapi_app.api.web_app.comments import without_comments

FRESH = {"Cache-Control": "no-cache"}  # asked for again each time, and sent again if it changed
LOOK_AGAIN_S = 1.0
_LEAST_COMPRESSED_BYTES = 1000


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file as it was when `mark` was its own. `packed`: compressed, where that is smaller."""

    path: str
    mark: tuple[int, int]
    headers: Mapping[str, str]
    media_type: str | None
    plain: bytes
    packed: bytes | None


class AppFiles(StaticFiles):
    """A browser asks whether its copy is the newest: an update needs no reload.

    An opened page asks for a hundred of them at once, and a thread for each would cost more than
    all else. So they are kept in memory as they are sent, and all are looked at together whether
    the disk has others, after LOOK_AGAIN_S.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)
        self._kept: dict[str, _Kept] = {}
        self._thread = CapacityLimiter(1)
        self._looking = Lock()
        self._looked_at = 0.0

    async def get_response(self, path: str, scope: Scope) -> Response:
        await self._look()
        kept = self._kept.get(path)
        if kept is None or scope["method"] not in ("GET", "HEAD"):
            response = await super().get_response(path, scope)
            if not isinstance(response, FileResponse):
                response.headers.update(FRESH)
                return response
            there = os.fspath(response.path)
            kept = await to_thread.run_sync(_read, there, limiter=self._thread)
            self._kept[path] = kept
        return self._sent(kept, Headers(scope=scope))

    def _sent(self, kept: _Kept, asked: Headers) -> Response:
        headers, content = {**kept.headers, **FRESH}, kept.plain
        if kept.packed is not None:
            headers["Vary"] = "Accept-Encoding"
            if "gzip" in asked.get("accept-encoding", ""):
                headers["Content-Encoding"] = "gzip"
                content = kept.packed
        if self.is_not_modified(Headers(headers), asked):
            return NotModifiedResponse(Headers(headers))
        return Response(content, headers=headers, media_type=kept.media_type)

    async def _look(self) -> None:
        """Forgets those that are others on the disk by now."""
        async with self._looking:
            if current_time() - self._looked_at < LOOK_AGAIN_S:
                return
            known = list(self._kept.items())
            changed = await to_thread.run_sync(_changed, known, limiter=self._thread)
            for path in changed:
                del self._kept[path]
            self._looked_at = current_time()


def _changed(known: list[tuple[str, _Kept]]) -> list[str]:
    return [path for path, kept in known if _mark(kept.path) != kept.mark]


def _mark(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _read(path: str) -> _Kept:
    """Raises OSError where it has just gone."""
    found = os.stat(path)
    file = FileResponse(path, stat_result=found)
    data = Path(path).read_bytes()
    if path.endswith(".js"):
        data = without_comments(data)
    packed = gzip.compress(data) if len(data) >= _LEAST_COMPRESSED_BYTES else data
    return _Kept(
        path,
        (found.st_mtime_ns, found.st_size),
        {name: file.headers[name] for name in ("etag", "last-modified")},
        file.media_type,
        data,
        packed if len(packed) < len(data) else None,
    )
