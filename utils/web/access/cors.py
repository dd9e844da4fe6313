"""Pages of other origins that may use the API: those that a setting names."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from utils.contract import IMAGE_COUNT_HEADER, REQUEST_ID_HEADER

_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?")


def cors_origins(text: str) -> tuple[str, ...]:
    """The setting CORS_ORIGINS: `https://name[:port]`, after commas, as browsers send them.

    Raises ValueError, for `*` too: who may use a library is not everybody.
    """
    origins = tuple(_tidy(part.strip()) for part in text.split(",") if part.strip())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is no origin such as https://photos.example:8443")
    return origins


def _tidy(origin: str) -> str:
    """Browsers say neither a slash nor the scheme's own port."""
    origin = origin.lower().rstrip("/")
    own_port = ":443" if origin.startswith("https:") else ":80"
    return origin.removesuffix(own_port)


class Cors:
    """ASGI middleware: the answers to these origins say that their pages may read them.

    Credentials that browsers add by themselves stay out: such pages send a key.
    """

    def __init__(self, app: ASGIApp, *, origins: frozenset[str]) -> None:
        self._app = app
        self._origins = origins
        self._cors = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=(
                "Authorization",
                "Content-Type",
                "If-None-Match",
                "Last-Event-ID",
                "Range",
                "X-API-Key",
                IMAGE_COUNT_HEADER,
                REQUEST_ID_HEADER,
            ),
            expose_headers=(
                "Accept-Ranges",
                "Content-Disposition",
                "Content-Range",
                "ETag",
                "Location",
                "Retry-After",
                "Server-Timing",
                REQUEST_ID_HEADER,
            ),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_named = scope["type"] == "http" and Headers(scope=scope).get("Origin") in self._origins
        await (self._cors if is_named else self._app)(scope, receive, send)
