"""Installs all of it on one app: request ids, logs, problems, hosts, authentication, metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from anyio.lowlevel import checkpoint
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.responses import Response

from utils.contract import ErrorCode, ProblemBody
from utils.problems import MethodNotAllowed, NotFound, Problem, ValidationProblem
from utils.web.access.cors import Cors
from utils.web.access.cross_site import CrossSiteCheck
from utils.web.access.hosts import AllowedHosts, HostCheck
from utils.web.access.security import (
    KEY_READS,
    Authentication,
    CredentialChecker,
    KeyChecker,
    OpenPaths,
)
from utils.web.access.security_headers import SecurityHeaders
from utils.web.bodies.body_limit import RefusedBody, form_problem
from utils.web.docs_page import add_docs_page
from utils.web.metrics import RequestMetrics, metrics_endpoint
from utils.web.problem_responses import (
    DrainBounds,
    body_response,
    problem_response,
    request_id_of,
    validation_text,
)
from utils.web.request_scope import RequestScope
from utils.web.routing.head_requests import HeadRequests
from utils.web.routing.root_path import RootPath
from utils.web.routing.route_methods import LiteralPaths, known_methods, method_problem_response


def install_web(
    app: FastAPI,
    *,
    service: str,
    api_key: SecretStr | None,
    registry: CollectorRegistry,
    allowed_hosts: tuple[str, ...] = (),
    trusted_origins: frozenset[str] = frozenset(),
    checkers: Sequence[CredentialChecker] = (),
    open_paths: OpenPaths | None = None,
    root_path: str = "",
    drain: DrainBounds | None = None,
    refresh_metrics: Callable[[], Awaitable[None]] = checkpoint,
    not_found_page: Callable[[Request], Awaitable[Response | None]] | None = None,
) -> None:
    """Everything of this package, on one app. `service` names metrics: `orchestrator`.

    `allowed_hosts` are rules, as the setting's; pages of `trusted_origins` may use the API;
    `checkers` are ways to prove who calls, beside the API key. `refresh_metrics` looks up what
    metrics say and cannot be known at once. `not_found_page` gives what people see in place of a
    problem, None for programs.
    """
    bounds = drain or DrainBounds()

    async def on_problem(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, Problem)
        return problem_response(exc, request_id_of(request.scope), drain=bounds)

    async def on_invalid(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, RequestValidationError)
        return await on_problem(request, ValidationProblem(validation_text(exc)))

    async def on_http_error(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, HTTPException)
        problem = exc.problem if isinstance(exc, RefusedBody) else form_problem(exc)
        if problem is not None:
            return await on_problem(request, problem)
        if exc.status_code == NotFound.status:
            page = None if not_found_page is None else await not_found_page(request)
            if page is not None:
                return page
            return await on_problem(request, NotFound("There is nothing here; see /docs."))
        if exc.status_code == MethodNotAllowed.status:
            methods = known_methods(app, request.scope)
            return method_problem_response(request.scope, methods, drain=bounds)
        phrase = HTTPStatus(exc.status_code).phrase
        body = ProblemBody(
            title=phrase,
            status=exc.status_code,
            detail=exc.detail or phrase,
            code=ErrorCode.VALIDATION if exc.status_code < 500 else ErrorCode.INTERNAL,
            request_id=request_id_of(request.scope),
        )
        return body_response(body, headers=exc.headers or {}, drain=bounds)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_api_route(
        "/metrics",
        metrics_endpoint(registry, refresh_metrics),
        include_in_schema=False,
        dependencies=[KEY_READS],
    )
    hosts = AllowedHosts(allowed_hosts, has_key=api_key is not None)
    # The one that is added last comes first.
    app.add_middleware(LiteralPaths, routes=app.routes, drain=bounds)
    app.add_middleware(CrossSiteCheck, hosts=hosts, trusted_origins=trusted_origins, drain=bounds)
    app.add_middleware(
        Authentication,
        checkers=[*([] if api_key is None else [KeyChecker(api_key)]), *checkers],
        needs_credential=api_key is not None,
        open_paths=open_paths or OpenPaths(),
        drain=bounds,
    )
    app.add_middleware(HostCheck, hosts=hosts, drain=bounds)
    if trusted_origins:
        app.add_middleware(Cors, origins=trusted_origins)
    app.add_middleware(RequestMetrics, service=service, registry=registry)
    app.add_middleware(HeadRequests)
    app.add_middleware(RootPath, root_path=root_path)
    app.add_middleware(RequestScope)
    # Outermost, so that whatever answers, everything has its id and these.
    app.add_middleware(SecurityHeaders, is_shared=bool(trusted_origins))
    add_docs_page(app)
