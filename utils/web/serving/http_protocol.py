"""HTTP/1.1 as uvicorn speaks it, with bounds on what comes outside of bodies."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from utils.contract import REQUEST_ID_HEADER
from utils.problems import HeadersTooLarge, Problem, ValidationProblem
from utils.web.access.security_headers import HEADERS
from utils.web.problem_responses import problem_response
from utils.web.serving.connections import Connections

log = structlog.stdlib.get_logger(__name__)

MAX_HEAD_BYTES = 64 * 1024  # request line and headers
MAX_ADDRESS_BYTES = 16 * 1024  # of it; a path of 4,096 bytes, written as %00, has 12,288
MAX_HEADERS = 256
MAX_PIPELINED = 16  # requests that wait on a connection for the answer before theirs
SLICE_BYTES = 16 * 1024  # the parser sees so much before the bounds are looked at
# A client that is still sending sees a closed connection before it sees the answer to it.
LINGER_S = 3.0


class _OverABoundError(Exception):
    """Ends the parser; what is answered is in `_refusal`."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection. httptools itself takes headers, trailers and chunk extensions without end."""

    def __init__(self, *args: Any, connections: Connections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._all = connections
        self._refusal: Problem | None = None
        self._in_head = False
        self._in_message = False
        self._framing_bytes = 0  # since the parser last had something to say
        self._linger: asyncio.TimerHandle | None = None

    # What `Connections` may do

    def refuse(self, problem: Problem) -> None:
        self._refusal = problem
        self.send_400_response("")

    def close(self) -> None:
        self.transport.abort()

    def unsent_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    @property
    def is_paused(self) -> bool:
        return self.flow.read_paused

    # The transport's calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        super().connection_made(transport)
        self._all.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.closed(self)
        if self._linger is not None:
            self._linger.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE_BYTES):
            if self._linger is not None or self.transport.is_closing():
                return
            piece = data[start : start + SLICE_BYTES] if len(data) > SLICE_BYTES else data
            self._framing_bytes += len(piece)
            super().data_received(piece)
            if self._framing_bytes > MAX_HEAD_BYTES and self._linger is None:
                self.refuse(_too_large())

    def pause_writing(self) -> None:
        super().pause_writing()
        self._all.unread(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._all.read(self)

    # The parser's calls

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._in_message = True
        if not self._is_answering():
            self._all.head_began(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer: nobody has asked for any
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            self._over(_too_large())

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._framing_bytes = 0
        sizes = (len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.url) > MAX_ADDRESS_BYTES or len(self.url) + sum(sizes) > MAX_HEAD_BYTES:
            self._over(_too_large())
        if len(self.pipeline) >= MAX_PIPELINED:
            self._over(_too_large())
        if not self._is_answering():
            self._all.body_began(self)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._framing_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._framing_bytes = 0
        self._in_message = False
        super().on_message_complete()
        if self._is_answering():
            self._all.answering(self)
        else:
            self._all.idles(self)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing() or self._is_answering():
            return
        if self._in_head:
            self._all.head_began(self)
        elif self._in_message:
            self._all.answered_early(self)
        else:
            self._all.idles(self)

    # Refusing

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _over(self, problem: Problem) -> None:
        self._refusal = problem
        raise _OverABoundError

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: who offers HTTP/2 or asks for a WebSocket is answered by HTTP/1.1."""

    def send_400_response(self, msg: str) -> None:
        """For whatever cannot be parsed: as a problem, where no answer has begun."""
        if self._is_answering() or self._linger is not None:
            self.transport.close()  # anything said now would be read as part of the answer
            return
        problem = self._refusal or ValidationProblem(msg)
        request_id = uuid4().hex
        headers = {**HEADERS, REQUEST_ID_HEADER: request_id}
        response = problem_response(problem, request_id, headers=headers)
        status = response.status_code
        log.info("request_refused", request_id=request_id, status=status, detail=problem.detail)
        head = [STATUS_LINE[status], b"connection: close\r\n"]
        for name, value in [*self.server_state.default_headers, *response.raw_headers]:
            head.append(b"%s: %s\r\n" % (name, value))
        self.transport.write(b"".join([*head, b"\r\n", bytes(response.body)]))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._all.answered_early(self)
        self._linger = self.loop.call_later(LINGER_S, self.transport.abort)


def _too_large() -> Problem:
    return HeadersTooLarge(
        f"A request may have {MAX_HEAD_BYTES} bytes of headers and address, {MAX_ADDRESS_BYTES} of "
        f"them for the address, and {MAX_HEADERS} headers.",
        limit=MAX_HEAD_BYTES,
    )
