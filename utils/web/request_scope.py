"""What every request has: an id, one line in the log, a bare 500 where there is a bug."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from starlette._utils import get_route_path
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from utils.contract import API_PREFIX, REQUEST_ID_HEADER
from utils.problems import Problem, resource_shortage
from utils.web.metrics import route_template
from utils.web.problem_responses import problem_response

log = structlog.stdlib.get_logger(__name__)

_LOGGED_CHARACTERS = 500
_POLLED = ("/health/", f"{API_PREFIX}/system")  # asked for again and again, by programs and pages
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


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
            except Exception as exc:
                log.exception("request_crashed", method=scope["method"], path=_logged(scope))
                if status:
                    raise  # too late for a problem: the server closes the connection
                problem = resource_shortage(exc) or Problem("The service failed; its log says why.")
                body = problem_response(problem, request_id)
                await body(scope, noted_receive, send_with_id)
            path = get_route_path(scope)
            quiet = path.startswith(_POLLED) or path == "/metrics"
            (log.debug if quiet else log.info)(
                "request_served",
                method=scope["method"],
                path=_logged(scope),
                status=status,
                wall_s=round(time.perf_counter() - started_s, 4),
            )


def _logged(scope: Scope) -> str:
    """The beginning of the path, so that a caller cannot fill the log."""
    path: str = scope["path"]
    return path[:_LOGGED_CHARACTERS]
