"""What a route asks of its caller: one of three scopes, and how to prove who one is.

A router that only shows things takes `dependencies=[READS]`, a route that changes something
`[WRITES]`, one that decides what Photoseek may look at `[ADMINISTERS]`. `Reader`, `Writer` and
`Admin` are the same for a route that wants to know the caller.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Request, Security
from fastapi.security import APIKeyCookie, SecurityScopes

from utils.web.access.security import KEY_AS_BEARER, KEY_HEADER, Principal, Scope, authorised


def cookie_name(port: int) -> str:
    """Browsers share cookies between the ports of a host; services there must not."""
    return f"photoseek_session_{port}"


_SESSION_SCHEME = "Session"
SESSION_COOKIE = APIKeyCookie(
    name=cookie_name(8002),  # the documents of another port have theirs: `name_cookie`
    scheme_name=_SESSION_SCHEME,
    description="What `POST /api/v1/session` gives a browser. The name ends with the port.",
    auto_error=False,
)


def name_cookie(app: FastAPI, port: int) -> None:
    """Makes the app's OpenAPI document name the cookie of its own port."""
    plain = app.openapi

    def named() -> dict[str, Any]:
        document = plain()
        document["components"]["securitySchemes"][_SESSION_SCHEME]["name"] = cookie_name(port)
        return document

    app.openapi = named  # type: ignore[method-assign]  # as FastAPI's documentation does it


async def _caller(
    request: Request,
    needed: SecurityScopes,
    _header: Annotated[object, Security(KEY_HEADER)],
    _bearer: Annotated[object, Security(KEY_AS_BEARER)],
    _cookie: Annotated[object, Security(SESSION_COOKIE)],
) -> Principal:
    return authorised(request, needed)


READS = Security(_caller, scopes=[Scope.READ])
WRITES = Security(_caller, scopes=[Scope.WRITE])
ADMINISTERS = Security(_caller, scopes=[Scope.ADMIN])

Reader = Annotated[Principal, READS]
Writer = Annotated[Principal, WRITES]
Admin = Annotated[Principal, ADMINISTERS]
