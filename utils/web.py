"""What both services' HTTP side shares: logs, request ids, problems, API key, metrics."""

from __future__ import annotations

import hmac
import logging
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

import anyio
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CollectorRegistry
from pydantic import SecretStr, ValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from utils.contract import PROBLEM_MEDIA_TYPE, REQUEST_ID_HEADER, ErrorCode, ProblemBody
from utils.problems import Problem, Unauthorized, ValidationProblem
from utils.web_metrics import RequestMetrics, metrics_endpoint, route_template

log = structlog.stdlib.get_logger(__name__)

# An orchestrating system's probes carry no key, and the page, which holds no data, asks for it.
OPEN_PATH_PREFIXES = ("/health/", "/static/")
OPEN_PATHS = frozenset({"/"})
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


@dataclass(frozen=True, slots=True)
class DrainBounds:
    """How much of a refused request's body is read so that its connection stays usable."""

    max_bytes: int = 64 * 1024 * 1024
    max_s: float = 10.0


def setup_logging(level: str) -> None:
    """Logs of the service and of its libraries to stderr: JSON when that is not a terminal."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if sys.stderr.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # `request_served` says it once, with keys
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # a line a request, and known already
    # It warns of every malformed body; that is an answer to the caller, not an event.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


class RequestScope:
    """ASGI middleware: gives a request its id, logs its end, and turns a bug into a bare 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        request_id = given if _SANE_REQUEST_ID.fullmatch(given) else uuid4().hex
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 0

        async def noted_receive() -> Message:
            message = await receive()
            if not message.get("more_body", False):
                state["body_ended"] = True  # one more receive would wait for the client to leave
            return message

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        started_s = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, noted_receive, send_with_id)
            except ClientDisconnect:
                log.info("client_left", method=scope["method"], route=route_template(scope))
                return
            except Exception:
                log.exception("request_crashed", method=scope["method"], path=scope["path"])
                if status:
                    raise  # too late for a problem: the server closes the connection
                body = problem_response(
                    Problem("The service failed; its log says why."), request_id
                )
                await body(scope, noted_receive, send_with_id)
            quiet = scope["path"].startswith("/health/") or scope["path"] == "/metrics"
            (log.debug if quiet else log.info)(
                "request_served",
                method=scope["method"],
                path=scope["path"],
                status=status,
                wall_s=round(time.perf_counter() - started_s, 4),
            )


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


class DrainingResponse(Response):
    """Answers at once, then reads what is left of the request's body, within bounds.

    Without that a client that is still sending sees its connection break instead of the answer.
    """

    def __init__(
        self, content: bytes, *, status: int, headers: Mapping[str, str], drain: DrainBounds
    ) -> None:
        super().__init__(content, status, dict(headers), media_type=PROBLEM_MEDIA_TYPE)
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = Headers(scope=scope).get("Content-Length", "")
        ended = scope.get("state", {}).get("body_ended", False)
        hopeless = not ended and declared.isdecimal() and int(declared) > self._drain.max_bytes
        if hopeless:
            self.headers["Connection"] = "close"
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        if not (ended or hopeless or await self._drained(receive)):
            return  # an unfinished answer makes the server close the connection
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drained(self, receive: Receive) -> bool:
        left_bytes = self._drain.max_bytes
        with anyio.move_on_after(self._drain.max_s):
            while left_bytes >= 0:
                message = await receive()
                if not message.get("more_body", False):
                    return True
                left_bytes -= len(message.get("body", b""))
        log.warning("drain_gave_up", max_bytes=self._drain.max_bytes, max_s=self._drain.max_s)
        return False


def request_id_of(scope: Scope) -> str:
    return str(scope.get("state", {}).get("request_id", ""))


def problem_response(
    problem: Problem,
    request_id: str,
    *,
    drain: DrainBounds | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """RFC 9457. With `drain` what is left of the request's body is read after answering."""
    retry_after_s = problem.retry_after_s
    body = ProblemBody(
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        request_id=request_id,
        retry_after_ms=None if retry_after_s is None else round(retry_after_s * 1000),
        limit=problem.limit,
        eta_s=None if problem.eta_s is None else round(problem.eta_s, 1),
    )
    retry_after = problem.retry_after_header()
    also = {"Retry-After": retry_after} if retry_after else {}
    return _body_response(body, headers={**(headers or {}), **also}, drain=drain)


def _body_response(
    body: ProblemBody, *, headers: Mapping[str, str], drain: DrainBounds | None
) -> Response:
    content = body.model_dump_json(exclude_none=True).encode()
    if drain is not None:
        return DrainingResponse(content, status=body.status, headers=headers, drain=drain)
    return Response(content, body.status, dict(headers), media_type=PROBLEM_MEDIA_TYPE)


def readable(error: RequestValidationError | ValidationError) -> str:
    """Every fault in one line: `body.limit: Input should be less than or equal to 500`."""
    return "; ".join(
        f"{'.'.join(str(step) for step in fault['loc'])}: {fault['msg']}"
        for fault in error.errors()[:10]
    )


def install_web(
    app: FastAPI,
    *,
    service: str,
    api_key: SecretStr | None,
    registry: CollectorRegistry,
    drain: DrainBounds | None = None,
) -> None:
    """Everything above, on one app. `service` is a word for metric names: `orchestrator`."""
    bounds = drain or DrainBounds()

    async def on_problem(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, Problem)
        return problem_response(exc, request_id_of(request.scope), drain=bounds)

    async def on_invalid(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, RequestValidationError)
        return await on_problem(request, ValidationProblem(readable(exc)))

    async def on_http_error(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, HTTPException)
        phrase = HTTPStatus(exc.status_code).phrase
        body = ProblemBody(
            title=phrase,
            status=exc.status_code,
            detail=exc.detail or phrase,
            code=ErrorCode.VALIDATION if exc.status_code < 500 else ErrorCode.INTERNAL,
            request_id=request_id_of(request.scope),
        )
        return _body_response(body, headers=exc.headers or {}, drain=bounds)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_route("/metrics", metrics_endpoint(registry), include_in_schema=False)  # type: ignore[arg-type]
    if api_key is not None:
        app.add_middleware(ApiKey, api_key=api_key, drain=bounds)
    app.add_middleware(RequestMetrics, service=service, registry=registry)
    app.add_middleware(RequestScope)  # added last: outermost, so that everything has its id
