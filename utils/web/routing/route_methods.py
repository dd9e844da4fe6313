"""Which methods a path knows, over all of its routes, and 405 for all others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from utils.problems import MethodNotAllowed
from utils.web.problem_responses import DrainBounds, problem_response, request_id_of

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class LiteralPaths:
    """ASGI middleware: 405 for methods that a path without parameters does not know.

    Starlette would take the next template that fits and knows the method: with `/images/facets`
    read as `/images/{image_id}`, DELETE would look for an image named `facets`.
    """

    def __init__(self, app: ASGIApp, *, routes: Sequence[BaseRoute], drain: DrainBounds) -> None:
        self._app = app
        self._routes = routes
        self._drain = drain
        self._by_path: dict[str, list[RouteContext]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = self._own_routes(scope) if scope["type"] == "http" else []
        known = {method for route in own for method in route.methods or ()}
        if not own or scope["method"] in known:
            await self._app(scope, receive, send)
            return
        scope["route"] = own[0].original_route  # for the metrics' label
        response = method_problem_response(
            scope, with_head(method for method in _METHODS if method in known), drain=self._drain
        )
        await response(scope, receive, send)

    def _own_routes(self, scope: Scope) -> list[RouteContext]:
        if self._by_path is None:  # routes are added after the middleware is
            self._by_path = {}
            for route in iter_route_contexts(self._routes):
                if route.path is not None and route.methods and "{" not in route.path:
                    self._by_path.setdefault(route.path, []).append(route)
        return self._by_path.get(scope["path"].removeprefix(scope.get("root_path", "")), [])


def known_methods(app: FastAPI, scope: Scope) -> list[str]:
    """Of all routes of the path. Starlette itself names only those of the first."""
    return with_head(method for method in _METHODS if _is_known(app, {**scope, "method": method}))


def with_head(methods: Iterable[str]) -> list[str]:
    """HEAD is wherever there is GET."""
    known = list(methods)
    return [*known, "HEAD"] if "GET" in known else known


def method_problem_response(
    scope: Scope, methods: Sequence[str], *, drain: DrainBounds
) -> Response:
    """405, naming the methods that the path knows."""
    named = ", ".join(methods)
    return problem_response(
        MethodNotAllowed(f"The methods here are {named}."),
        request_id_of(scope),
        drain=drain,
        headers={"Allow": named},
    )


def _is_known(app: FastAPI, scope: Scope) -> bool:
    bare = {key: value for key, value in scope.items() if key not in ("fastapi", "route")}
    return any(route.matches(bare)[0] is Match.FULL for route in app.routes)
