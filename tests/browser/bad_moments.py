"""What befalls an app while it is open: a line that is cut, a slow one, batches that wait."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

from anyio import to_thread
from playwright.sync_api import Locator, Page, expect
from starlette.types import ASGIApp, Receive, Scope, Send

PATIENCE_S = 30
MOST_HELD_S = 120
MOST_WAIT_MS = 60_000
LOOK_S = 0.1
MOST_BYTES = 65_536
AT_ONCE = struct.pack("ii", 1, 0)  # closing a socket resets its connection


class _Relay(ThreadingTCPServer):
    allow_reuse_address = True
    target: tuple[str, int]
    ended: threading.Event


class _Connection(BaseRequestHandler):
    def handle(self) -> None:
        relay = self.server
        assert isinstance(relay, _Relay)
        with (
            suppress(OSError),
            socket.create_connection(relay.target) as service,
        ):
            others = {self.request: service, service: self.request}
            for one in others:
                one.settimeout(PATIENCE_S)
            while not relay.ended.is_set():
                for one in select.select(list(others), [], [], LOOK_S)[0]:
                    data = one.recv(MOST_BYTES)
                    if not data:
                        return
                    others[one].sendall(data)
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)


@dataclass
class Line:
    """A way to a service. Once it is cut it is to browsers as if `kill -9` had struck the service:
    what was open is reset, what is tried is refused."""

    target: tuple[str, int]
    port: int = 0
    _relay: _Relay | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        relay = _Relay(("127.0.0.1", self.port), _Connection)
        relay.target, relay.ended = self.target, threading.Event()
        self.port = relay.server_address[1]
        self._thread = threading.Thread(target=relay.serve_forever, args=(0.05,), name="line")
        self._thread.start()
        self._relay = relay

    def cut(self) -> None:
        relay, thread = self._relay, self._thread
        self._relay = self._thread = None
        if relay is None or thread is None:
            return
        relay.ended.set()
        relay.shutdown()
        relay.server_close()  # waits for the connections
        thread.join(PATIENCE_S)


@contextmanager
def line_to(url: str) -> Iterator[Line]:
    parts = urlsplit(url)
    line = Line((str(parts.hostname), int(parts.port or 0)))
    line.mend()
    try:
        yield line
    finally:
        line.cut()


@dataclass
class Gate:
    """Holds batches back while it is closed, so that an import can be looked at."""

    opened: threading.Event = field(default_factory=threading.Event)

    def wraps(self, app: ASGIApp) -> ASGIApp:
        async def held(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["method"] == "POST":
                await to_thread.run_sync(self.opened.wait, MOST_HELD_S, abandon_on_cancel=True)
            await app(scope, receive, send)

        return held


def slow_down(page: Page, *, latency_ms: float, bytes_per_s: int) -> None:
    """As a bad mobile network is, from the next request on."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": latency_ms,
            "downloadThroughput": bytes_per_s,
            "uploadThroughput": bytes_per_s,
        },
    )


def offline_notice(page: Page) -> Locator:
    """What says that nobody answers, over every place."""
    return page.get_by_text("No connection to Photoseek. Next try in")


def is_back(page: Page) -> None:
    """Until the app has found by itself that somebody answers again: it looks ever less often."""
    expect(offline_notice(page)).to_have_count(0, timeout=MOST_WAIT_MS)
