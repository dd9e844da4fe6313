"""Pictures as answers: the original with ranges and conditions, and what is never run as a page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from typing import TypeAlias
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ingestion_orchestration_fastapi_app.domain.library.saved_names import saved_name
from ingestion_orchestration_fastapi_app.library.pictures.originals import OpenedPicture
from utils.imaging.formats import Format

# A picture is data: nothing in it may run, whatever a browser takes it for.
PICTURE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}
_CHUNK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)
_PLAIN = re.compile(r"[^A-Za-z0-9 !#$&+.^_`~()\[\]{}@=,-]", re.ASCII)


# Runs what blocks where it holds up nobody else.
Read: TypeAlias = Callable[[Callable[[], bytes]], Awaitable[bytes]]


class OriginalResponse(StreamingResponse):
    """Streams a part of a file, and closes it, come what may."""

    def __init__(
        self,
        picture: OpenedPicture,
        *,
        status_code: int,
        headers: Mapping[str, str],
        first: int,
        length: int,
        read: Read,
    ) -> None:
        super().__init__(
            self._chunks(first, length),
            status_code,
            {**headers, "Content-Length": str(length)},
            media_type=picture.format.media_type,
        )
        self._picture = picture
        self._read = read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._picture.close()

    async def _chunks(self, first: int, length: int) -> AsyncIterator[bytes]:
        end = first + length
        while first < end:
            wanted = min(_CHUNK_BYTES, end - first)
            chunk = await self._read(partial(self._picture.read_at, first, wanted))
            if not chunk:
                raise OSError("the file was cut short while it was sent")
            first += len(chunk)
            yield chunk


def original_response(
    request: Request,
    picture: OpenedPicture,
    *,
    name: str,
    etag: str,
    download: bool,
    read: Read,
) -> Response:
    """The whole file, one range of it, or that the asker has it already.

    Takes the picture over: it is closed when the answer is sent.
    """
    headers = {
        **PICTURE_HEADERS,
        "ETag": etag,
        "Cache-Control": "private, no-cache",  # kept, but asked about: the file may change
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition(name, picture.format, download=download),
    }
    modified = _http_date(picture.mtime_ns)
    if modified is not None:
        headers["Last-Modified"] = modified
    asked = request.headers
    if is_held(asked.get("If-None-Match"), etag):
        picture.close()
        return Response(status_code=304, headers=headers)
    wanted = asked.get("Range")
    if asked.get("If-Range") not in (None, etag, modified):
        wanted = None
    span = None if wanted is None else byte_range(wanted, size_bytes=picture.size_bytes)
    if span is not None and span[0] >= span[1]:
        picture.close()
        headers = {"Content-Range": f"bytes */{picture.size_bytes}", **PICTURE_HEADERS}
        return Response(status_code=416, headers=headers)
    first, end = span or (0, picture.size_bytes)
    if span is not None:
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{picture.size_bytes}"
    if request.method == "HEAD":
        picture.close()
        headers["Content-Length"] = str(end - first)
        return Response(
            status_code=206 if span else 200, headers=headers, media_type=picture.format.media_type
        )
    return OriginalResponse(
        picture,
        status_code=206 if span else 200,
        headers=headers,
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


def disposition(name: str, known: Format, *, download: bool) -> str:
    """Shown where browsers show the format, else saved, by a name that fits the format.

    A name that is no image's gets an extension: saved as `x.html` a picture would open as a page.
    """
    kind = "inline" if known.is_shown_by_browsers and not download else "attachment"
    text = saved_name(name, known)
    plain = _PLAIN.sub("_", text)
    if plain == text:
        return f'{kind}; filename="{plain}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(text, safe='')}"


def _http_date(mtime_ns: int) -> str | None:
    """None for a time that HTTP has no date for."""
    try:
        moment = datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return format_datetime(moment, usegmt=True)
