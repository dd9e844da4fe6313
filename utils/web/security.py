"""Who may call: the API key."""

from __future__ import annotations

import hmac

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from utils.problems import Unauthorized
from utils.web.problem_responses import DrainBounds, problem_response, request_id_of

# An orchestrating system's probes carry no key, and the page, which holds no data, asks for it.
OPEN_PATH_PREFIXES = ("/health/", "/static/")
OPEN_PATHS = frozenset({"/"})


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_PATH_PREFIXES)


class ApiKey:
    """ASGI middleware: a request without the key gets a 401; health and the page stay open."""

    def __init__(self, app: ASGIApp, *, api_key: SecretStr, drain: DrainBounds) -> None:
        self._app = app
        self._key = api_key.get_secret_value().encode()
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("X-API-Key", "")
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if not given and scheme.lower() == "bearer":
            given = token.strip()
        if hmac.compare_digest(given.encode("latin-1"), self._key):
            await self._app(scope, receive, send)
            return
        problem = Unauthorized("Send the API key in X-API-Key, or as a Bearer token.")
        response = problem_response(
            problem, request_id_of(scope), drain=self._drain, headers={"WWW-Authenticate": "Bearer"}
        )
        await response(scope, receive, send)
