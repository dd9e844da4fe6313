"""A real server of an app on a free port of the loopback, and bare sockets to speak to it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from starlette.types import ASGIApp

from utils.web.serving.connections import ConnectionLimits
from utils.web.serving.server import Server

STARTED_LIMIT_S = 60.0


class _Telling(Server):
    def __init__(self, app: ASGIApp, limits: ConnectionLimits) -> None:
        super().__init__(
            app, host="127.0.0.1", port=0, max_connections=0, limits=limits, loop="asyncio"
        )
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


@contextmanager
def serving(app: ASGIApp, limits: ConnectionLimits | None = None) -> Iterator[int]:
    """Its port. The event loop is in a thread of its own, so that a test may block."""
    server = _Telling(app, limits or ConnectionLimits())
    thread = threading.Thread(target=server.run, name="served")
    thread.start()
    try:
        assert server.is_up.wait(STARTED_LIMIT_S), "the server does not start"
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = server.force_exit = True
        thread.join(STARTED_LIMIT_S)
        assert not thread.is_alive()


def connected(port: int, *, timeout_s: float = 60.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=timeout_s)


def answer_to(port: int, *pieces: bytes) -> bytes:
    """All that comes until the server closes; sending ends where nobody takes it any more."""
    with connected(port) as sock:
        with suppress(ConnectionError):
            for piece in pieces:
                sock.sendall(piece)
        return rest_of(sock)


def rest_of(sock: socket.socket) -> bytes:
    """What comes until the other side closes."""
    received = b""
    with suppress(ConnectionError):
        while more := sock.recv(65_536):
            received += more
    return received


def head_of(sock: socket.socket) -> bytes:
    """The next status line and headers; what follows may be among it."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = sock.recv(65_536)
        assert more, f"closed after {received!r}"
        received += more
    return received
