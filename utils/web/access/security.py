"""Who calls, and what they may do: principals, scopes, keys.

FastAPI reads a request's body before it solves dependencies. So `Authentication`, a middleware,
finds out who calls before a byte of the body is read, and refuses strangers on every path that is
not open; the dependencies of the routes say what the caller must be allowed to do, and yield who
it is.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Protocol

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer, SecurityScopes
from pydantic import SecretStr
from starlette._utils import get_route_path
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope
from starlette.websockets import WebSocketClose

from utils.problems import Forbidden, Unauthorized
from utils.web.problem_responses import DrainBounds, problem_response, request_id_of


class Scope(StrEnum):
    """What a caller may do: look, change, or decide what may be looked at."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. `name` is for logs and people."""

    name: str
    scopes: frozenset[Scope]


_HOW = "Send the API key in X-API-Key or as a Bearer token, or log in."

LOCAL_USER = Principal("local user", frozenset({Scope.READ, Scope.WRITE}))


class CredentialChecker(Protocol):
    """One way to prove who calls.

    `is_ambient`: browsers add the credential to requests by themselves, whichever page made them,
    so that it alone does not prove that its owner wanted the request.
    """

    @property
    def is_ambient(self) -> bool: ...

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        """None where the request carries no such credential, or a wrong one."""


class KeyChecker:
    """The API key, in `X-API-Key` or as a bearer token; gives every scope."""

    is_ambient = False

    def __init__(self, api_key: SecretStr) -> None:
        self._key = api_key.get_secret_value().encode()
        self._principal = Principal("API key", frozenset(Scope))

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        given = [
            *connection.headers.getlist("X-API-Key"),
            *map(_bearer_token, connection.headers.getlist("Authorization")),
        ]
        # Starlette decodes headers as latin-1: this gives the bytes that were sent. Each is
        # compared, and each in a time that does not depend on where it differs.
        matches = [hmac.compare_digest(one.encode("latin-1"), self._key) for one in given]
        return self._principal if any(matches) else None


def _bearer_token(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


_OPEN_PATHS = frozenset({"/", "/docs", "/openapi.json"})
_OPEN_PREFIXES = ("/health/", "/static/", "/docs/")


@dataclass(frozen=True, slots=True)
class OpenPaths:
    """What anyone may ask for: it holds no data. Everything else needs a principal.

    `calls` are a method and a path, `more_prefixes` end with `/`, `are_more` says it of a request.
    """

    more_paths: frozenset[str] = frozenset()
    more_prefixes: tuple[str, ...] = ()
    calls: frozenset[tuple[str, str]] = frozenset()
    are_more: Callable[[AsgiScope], bool] | None = None

    def include(self, scope: AsgiScope) -> bool:
        path = get_route_path(scope)  # as the router sees it
        return (
            path in _OPEN_PATHS
            or path in self.more_paths
            or path.startswith((*_OPEN_PREFIXES, *self.more_prefixes))
            or (scope["method"], path) in self.calls
            or (self.are_more is not None and self.are_more(scope))
        )


class Authentication:
    """ASGI middleware: puts the caller into the request's state, or answers 401.

    Without `needs_credential` a caller who proves nothing is the local user.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        checkers: Sequence[CredentialChecker],
        needs_credential: bool,
        open_paths: OpenPaths,
        drain: DrainBounds,
    ) -> None:
        self._app = app
        self._checkers = checkers
        self._needs_credential = needs_credential
        self._open_paths = open_paths
        self._drain = drain

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)  # there is none
            return
        if scope["type"] != "http" or self._open_paths.include(scope):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        state = scope.setdefault("state", {})
        state["principal"] = None if self._needs_credential else LOCAL_USER
        state["credential_is_ambient"] = False
        for checker in self._checkers:
            principal = await checker(connection)
            if principal is not None:
                state["principal"] = principal
                state["credential_is_ambient"] = checker.is_ambient
                break
        if state["principal"] is not None:
            await self._app(scope, receive, send)
            return
        response = problem_response(
            Unauthorized(_HOW),
            request_id_of(scope),
            drain=self._drain,
        )
        await response(scope, receive, send)


KEY_HEADER = APIKeyHeader(
    name="X-API-Key", scheme_name="ApiKey", description="The setting API_KEY.", auto_error=False
)
KEY_AS_BEARER = HTTPBearer(
    scheme_name="Bearer", description="The setting API_KEY as a bearer token.", auto_error=False
)


def authorised(request: Request, needed: SecurityScopes) -> Principal:
    """The caller, who has every scope that is needed. Raises Unauthorized or Forbidden."""
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is None:
        raise Unauthorized(_HOW)
    missing = [scope for scope in needed.scopes if scope not in principal.scopes]
    if missing:
        advice = (
            " Set an API_KEY, or use `photoseek` as the user who runs the service and with the "
            "DATA_DIR that it has."
        )
        raise Forbidden(
            f"The {principal.name} lacks the scope `{missing[0]}` that this needs."
            + (advice if principal is LOCAL_USER else "")
        )
    return principal


async def _key_holder(
    request: Request,
    needed: SecurityScopes,
    _header: Annotated[object, Security(KEY_HEADER)],
    _bearer: Annotated[object, Security(KEY_AS_BEARER)],
) -> Principal:
    return authorised(request, needed)


# For routes that are reached by key alone.
KEY_READS = Security(_key_holder, scopes=[Scope.READ])
