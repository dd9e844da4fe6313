"""A file as an answer: whole, one range of it, or that the asker has it already."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from typing import Protocol, TypeAlias

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

_CHUNK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)

# Runs what blocks where it holds up nobody else.
Read: TypeAlias = Callable[[Callable[[], bytes]], Awaitable[bytes]]


class Served(Protocol):
    """A file that stays the same one while it is served. `read_at` blocks."""

    size_bytes: int
    mtime_ns: int

    def read_at(self, offset: int, length: int) -> bytes: ...
    def close(self) -> None:
        """Idempotent."""


class RangedResponse(StreamingResponse):
    """Streams a part of a file, and closes it, come what may."""

    def __init__(
        self,
        file: Served,
        *,
        status_code: int,
        media_type: str,
        headers: Mapping[str, str],
        first: int,
        length: int,
        read: Read,
    ) -> None:
        super().__init__(
            self._chunks(first, length),
            status_code,
            {**headers, "Content-Length": str(length)},
            media_type=media_type,
        )
        self._file = file
        self._read = read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()

    async def _chunks(self, first: int, length: int) -> AsyncIterator[bytes]:
        end = first + length
        while first < end:
            wanted = min(_CHUNK_BYTES, end - first)
            chunk = await self._read(partial(self._file.read_at, first, wanted))
            if not chunk:
                raise OSError("the file was cut short while it was sent")
            first += len(chunk)
            yield chunk


def ranged_response(
    request: Request,
    file: Served,
    *,
    media_type: str,
    disposition: str,
    etag: str,
    headers: Mapping[str, str],
    read: Read,
) -> Response:
    """Takes the file over: it is closed when the answer is sent. `headers` are in all answers."""
    told = {
        **headers,
        "ETag": etag,
        "Cache-Control": "private, no-cache",  # kept, but asked about: the file may change
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition,
    }
    modified = _http_date(file.mtime_ns)
    if modified is not None:
        told["Last-Modified"] = modified
    asked = request.headers
    if is_held(asked.get("If-None-Match"), etag):
        file.close()
        return Response(status_code=304, headers=told)
    wanted = asked.get("Range")
    if asked.get("If-Range") not in (None, etag, modified):
        wanted = None
    span = None if wanted is None else byte_range(wanted, size_bytes=file.size_bytes)
    if span is not None and span[0] >= span[1]:
        file.close()
        refused = {"Content-Range": f"bytes */{file.size_bytes}", **headers}
        return Response(status_code=416, headers=refused)
    first, end = span or (0, file.size_bytes)
    if span is not None:
        told["Content-Range"] = f"bytes {first}-{end - 1}/{file.size_bytes}"
    status_code = 206 if span else 200
    if request.method == "HEAD":
        file.close()
        told["Content-Length"] = str(end - first)
        return Response(status_code=status_code, headers=told, media_type=media_type)
    return RangedResponse(
        file,
        status_code=status_code,
        media_type=media_type,
        headers=told,
        first=first,
        length=end - first,
        read=read,
    )


def is_held(if_none_match: str | None, etag: str) -> bool:
    """Whether the asker named this very version as one that it has."""
    if if_none_match is None:
        return False
    named = (one.strip().removeprefix("W/") for one in if_none_match.split(","))
    return any(one in ("*", etag) for one in named)


def byte_range(header: str, *, size_bytes: int) -> tuple[int, int] | None:
    """First byte and end of one range; empty where none of it is there.

    None, which asks for the whole: several ranges, other units, and what is no range at all.
    """
    match = _RANGE.fullmatch(header.strip().replace(" ", ""))
    if match is None or match.group() == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return max(0, size_bytes - int(last)), size_bytes
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size_bytes) if last else size_bytes


def _http_date(mtime_ns: int) -> str | None:
    """None for a time that HTTP has no date for."""
    try:
        moment = datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return format_datetime(moment, usegmt=True)
