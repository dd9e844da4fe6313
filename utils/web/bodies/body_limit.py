"""Bounds on request bodies, counted as they arrive: nothing larger reaches memory or disk."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette._utils import get_route_path
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from utils.problems import BatchTooLarge, MalformedMultipart, Problem, ValidationProblem
from utils.web.bodies.declared_length import declared_bytes
from utils.web.bodies.form_end import FormEnd
from utils.web.bodies.held_bodies import HeldBodies
from utils.web.problem_responses import DrainBounds, problem_response, request_id_of

MULTIPART = "multipart/form-data"
MAX_CONTENT_TYPE = 1024  # characters: libraries take long to find the parameters of more
_SMALL_BODIES = 64  # of the largest size, that are held at once
# What Starlette's form parser says where a form is over a limit. It has no type of its own.
_OVER_A_FORM_LIMIT = ("Too many ", "Part exceeded ", "Field exceeded ")


class RefusedBody(HTTPException):
    """A problem found while a body is read. FastAPI makes a 400 of everything else there."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.status, problem.detail)
        self.problem = problem


class BodyLimit:
    """ASGI middleware. `max_bytes` bounds every body, except multipart ones to these `uploads`, and
    to `streamed`, whose routes use a body up as it comes, and look for its end themselves.

    What a body declares beyond its bound is refused before a byte of it is read. What is held at
    once has a bound, too: `held_uploads`, which is None where uploads are used up as they come.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int,
        uploads: Mapping[str, int],
        held_uploads: HeldBodies | None = None,
        streamed: Mapping[str, int] = MappingProxyType({}),
        drain: DrainBounds | None = None,
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._uploads = uploads
        self._held = HeldBodies(_SMALL_BODIES * max_bytes)
        self._held_uploads = held_uploads
        self._streamed = streamed
        self._passing = HeldBodies(None)
        self._drain = drain or DrainBounds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = self._max_bytes
        held: HeldBodies | None = self._held
        form_end: FormEnd | None = None  # who uses forms up as they come looks for it himself
        path = get_route_path(scope)
        is_form = media_type(headers.get("Content-Type", "")) == MULTIPART
        if is_form and path in self._streamed:
            limit, held = self._streamed[path], self._passing
        elif is_form and path in self._uploads:
            limit, held = self._uploads[path], self._held_uploads
            form_end = None if held is None else FormEnd(headers["Content-Type"])
        if (fault := _fault_of(headers, limit)) is not None:
            refusal = problem_response(fault, request_id_of(scope), drain=self._drain)
            await refusal(scope, receive, send)
            return
        received_bytes, is_over = 0, False

        async def bounded() -> Message:
            """Bounded until an answer has begun: draining the rest has bounds of its own."""
            nonlocal received_bytes, is_over
            if is_over:
                return await receive()
            try:
                message = await (held.next(body, receive) if held else receive())
                received_bytes += len(message.get("body", b""))
                if received_bytes > limit:
                    raise _too_large(limit)
                if form_end is not None:
                    form_end.check(message)
            except Problem as exc:
                is_over = True
                raise RefusedBody(exc) from exc
            is_over = not message.get("more_body", False)
            return message

        async def observed_send(message: Message) -> None:
            nonlocal is_over
            is_over = True
            await send(message)

        with (held or self._held).body() as body:
            await self._app(scope, bounded, observed_send)


def _fault_of(headers: Headers, limit: int) -> Problem | None:
    """What can be known to be wrong before the body is read."""
    if sum(map(len, headers.getlist("Content-Type"))) > MAX_CONTENT_TYPE:
        return ValidationProblem(f"A Content-Type may have {MAX_CONTENT_TYPE} characters.")
    if declared_bytes(headers.get("Content-Length")) > limit:
        return _too_large(limit)
    return None


def _too_large(limit: int) -> BatchTooLarge:
    return BatchTooLarge(f"The body may have {limit} bytes.", limit=limit)


def media_type(content_type: str) -> str:
    """In lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def form_problem(exc: HTTPException) -> Problem | None:
    """The problem behind a 400 that FastAPI made of its form parser's exception; else None."""
    cause = exc.__context__
    if not isinstance(cause, MultiPartException):
        return None
    if cause.message.startswith(_OVER_A_FORM_LIMIT):
        return BatchTooLarge(cause.message)
    return MalformedMultipart(cause.message)
