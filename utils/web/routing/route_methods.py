"""Which methods a path knows, over all of its routes."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import Scope

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def known_methods(app: FastAPI, scope: Scope) -> list[str]:
    """Of all routes of the path. Starlette itself names only those of the first."""
    known = [method for method in _METHODS if _is_known(app, {**scope, "method": method})]
    return [*known, "HEAD"] if "GET" in known else known  # wherever there is GET


def _is_known(app: FastAPI, scope: Scope) -> bool:
    bare = {key: value for key, value in scope.items() if key not in ("fastapi", "route")}
    return any(route.matches(bare)[0] is Match.FULL for route in app.routes)
