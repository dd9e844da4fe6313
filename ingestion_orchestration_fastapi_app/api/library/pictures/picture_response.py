"""Pictures as answers: the original with ranges and conditions, and what is never run as a page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from fastapi import Request, Response

from ingestion_orchestration_fastapi_app.api.ranged_response import Read, ranged_response
from ingestion_orchestration_fastapi_app.domain.library.saved_names import saved_name
from ingestion_orchestration_fastapi_app.library.pictures.originals import OpenedPicture
from utils.imaging.formats import Format

# A picture is data: nothing in it may run, whatever a browser takes it for.
PICTURE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}
_PLAIN = re.compile(r"[^A-Za-z0-9 !#$&+.^_`~()\[\]{}@=,-]", re.ASCII)


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
    return ranged_response(
        request,
        picture,
        media_type=picture.format.media_type,
        disposition=disposition(name, picture.format, download=download),
        etag=etag,
        headers=PICTURE_HEADERS,
        read=read,
    )


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
