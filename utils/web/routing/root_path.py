"""Below which path a reverse proxy shows the service, and the addresses that lead there."""

from __future__ import annotations

import re
from contextvars import ContextVar
from urllib.parse import urlsplit, urlunsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# No `//`, which would begin another site's address, and no dots alone, which would climb.
_ROOT_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
_MAX_CHARACTERS = 200
# Paths of the services begin so: below such a root it would be unclear who means which.
_OF_SERVICES = {"api", "docs", "health", "metrics", "openapi.json", "static"}
_OF_THE_APP = {"map", "albums", "duplicates", "imports", "system", "help", "login"}
_OWN = frozenset(_OF_SERVICES | _OF_THE_APP)

_current: ContextVar[str] = ContextVar("root_path", default="")


def external_path(path: str) -> str:
    """A path of this service as the caller of the current request reaches it."""
    return _current.get() + path


def checked_root_path(text: str) -> str:
    """Without a slash at its end; empty for the root itself. Raises ValueError."""
    tidy = text.strip().removesuffix("/")
    if not tidy:
        return ""
    if len(tidy) > _MAX_CHARACTERS or not _ROOT_PATH.fullmatch(tidy):
        raise ValueError("a root path is /name or /name/name, of letters, digits and . _ ~ -")
    if tidy.split("/")[1] in _OWN:
        raise ValueError(
            f"a root path does not begin with /{tidy.split('/')[1]}, a path of its own"
        )
    return tidy


class RootPath:
    """ASGI middleware: sets `root_path` by the setting or else by X-Forwarded-Prefix.

    A proxy may take the prefix off or leave it on. `path` begins with it from here on.
    """

    def __init__(self, app: ASGIApp, *, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = self._of(scope) if scope["type"] == "http" else ""
        if not root:
            await self._app(scope, receive, send)
            return
        scope["root_path"] = root
        if scope["path"] == root:  # what the page names is relative to `{root}/`
            await RedirectResponse(f"{root}/")(scope, receive, send)
            return
        if not scope["path"].startswith(f"{root}/"):
            scope["path"] = root + scope["path"]
            if raw_path := scope.get("raw_path"):
                scope["raw_path"] = root.encode() + raw_path

        async def send_local(message: Message) -> None:
            if message["type"] == "http.response.start" and 300 <= message["status"] < 400:
                _make_local(MutableHeaders(scope=message))
            await send(message)

        token = _current.set(root)
        try:
            await self._app(scope, receive, send_local)
        finally:
            _current.reset(token)

    def _of(self, scope: Scope) -> str:
        if self._root_path:
            return self._root_path
        try:
            return checked_root_path(Headers(scope=scope).get("X-Forwarded-Prefix", ""))
        except ValueError:
            return ""


def _make_local(headers: MutableHeaders) -> None:
    """Makes redirects relative: a proxy need not pass on the name that it was called by."""
    if location := headers.get("Location"):
        parts = urlsplit(location)
        headers["Location"] = urlunsplit(("", "", parts.path, parts.query, parts.fragment))
