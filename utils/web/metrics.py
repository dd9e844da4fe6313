"""Requests as Prometheus counts and seconds, in a registry of the app's own."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


class RequestMetrics:
    """ASGI middleware. Labels carry the route's template, never a path: paths are unbounded."""

    def __init__(self, app: ASGIApp, *, service: str, registry: CollectorRegistry) -> None:
        self._app = app
        self._requests = Counter(
            f"photoseek_{service}_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            f"photoseek_{service}_http_request_seconds",
            "Time from a request's head to the end of its answer.",
            ("method", "route"),
            buckets=SECONDS_BUCKETS,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = "none"  # the client left before it could be answered
        started_s = time.perf_counter()

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, observed_send)
        finally:
            method, route = _method(scope), route_template(scope)
            self._requests.labels(method, route, status).inc()
            self._seconds.labels(method, route).observe(time.perf_counter() - started_s)


def route_template(scope: Scope) -> str:
    """The matched route's path with its parameters' names, or `unmatched`."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "unmatched"


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    known = method in {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}
    return method if known else "other"


def metrics_endpoint(
    registry: CollectorRegistry, refresh: Callable[[], Awaitable[None]]
) -> Callable[[], Awaitable[Response]]:
    """A handler that answers with the registry's text exposition, once `refresh` is done."""

    async def metrics() -> Response:
        await refresh()
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return metrics
