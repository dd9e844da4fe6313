"""What every answer says to browsers: nothing foreign, no frames, no guessing of types."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NOTHING = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action"
DEFAULT_POLICY = f"{_NOTHING} 'none'"
PAGE_POLICY = (
    f"{_NOTHING} 'self'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'"
)
# Swagger UI's icons are data in its style sheet; pictures that it was answered are blobs.
DOCS_POLICY = PAGE_POLICY.replace("img-src 'self'", "img-src 'self' data: blob:")

HEADERS = {
    "Content-Security-Policy": DEFAULT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    # `same-origin`, since under `no-referrer` browsers send `Origin: null` with their own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # of browsers that know no frame-ancestors
}


class SecurityHeaders:
    """ASGI middleware. Headers that an answer has already, as pages and pictures do, stay.

    `is_shared`: pages of other origins may show what is served.
    """

    def __init__(self, app: ASGIApp, *, is_shared: bool) -> None:
        self._app = app
        self._headers = dict(HEADERS)
        if not is_shared:
            self._headers["Cross-Origin-Resource-Policy"] = "same-origin"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
