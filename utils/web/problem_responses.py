"""Problems as RFC 9457 answers, and what is done with the body of a refused request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from utils.contract import PROBLEM_MEDIA_TYPE, ProblemBody
from utils.problems import Problem, Unauthorized
from utils.web.bodies.declared_length import declared_bytes

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DrainBounds:
    """How much of a refused request's body is read so that its connection stays usable."""

    max_bytes: int = 128 * 1024 * 1024
    max_s: float = 10.0


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
        declared = declared_bytes(Headers(scope=scope).get("Content-Length"))
        ended = scope.get("state", {}).get("body_ended", False)
        hopeless = not ended and declared > self._drain.max_bytes
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
        detail=_speakable(problem.detail),
        code=problem.code,
        request_id=request_id,
        retry_after_ms=None if retry_after_s is None else round(retry_after_s * 1000),
        limit=problem.limit,
        eta_s=None if problem.eta_s is None else round(problem.eta_s, 1),
    )
    retry_after = problem.retry_after_header()
    also = {"Retry-After": retry_after} if retry_after else {}
    if problem.ends_connection:
        also["Connection"], drain = "close", None
    if isinstance(problem, Unauthorized):
        also["WWW-Authenticate"] = "Bearer"
    return body_response(body, headers={**(headers or {}), **also}, drain=drain)


def _speakable(text: str) -> str:
    """Replaces lone surrogates: JSON may carry them, an answer in UTF-8 cannot."""
    return text.encode("utf-8", "backslashreplace").decode()


def body_response(
    body: ProblemBody, *, headers: Mapping[str, str], drain: DrainBounds | None
) -> Response:
    content = body.model_dump_json(exclude_none=True).encode()
    if drain is not None:
        return DrainingResponse(content, status=body.status, headers=headers, drain=drain)
    return Response(content, body.status, dict(headers), media_type=PROBLEM_MEDIA_TYPE)


def validation_text(error: RequestValidationError | ValidationError) -> str:
    """Every fault in one line: `body.limit: Input should be less than or equal to 500`."""
    return "; ".join(map(_fault_text, error.errors()[:10]))


def _fault_text(fault: Mapping[str, Any]) -> str:
    place = ".".join(str(step) for step in fault["loc"])
    if fault["type"] == "json_invalid":
        # FastAPI's place is how many characters of the body were read; pydantic's error says where.
        read = [step for step in fault["loc"] if isinstance(step, int)]
        where = f" at character {read[-1]}" if read else ""
        field = "body" if read or not place else place
        return f"{field}: it is no JSON ({fault['ctx']['error']}{where})"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"
