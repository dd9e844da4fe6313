"""The server of both services: bounded connections, signals, and where it listens."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

import structlog
import uvicorn
from starlette.types import ASGIApp

from utils.process.garbage import freeze_loaded_modules
from utils.web.serving.connections import ConnectionLimits, Connections
from utils.web.serving.descriptors import (
    arrivals,
    connection_limit,
    raise_descriptor_limit,
)
from utils.web.serving.http_protocol import BoundedHttpProtocol

log = structlog.stdlib.get_logger(__name__)

GRACE_S = 10  # for the answers that are under way when the server stops
TICKS_A_SECOND = 10  # of uvicorn's loop
ANY_IPV6 = "::"


class Server(uvicorn.Server):
    """`on_stop` is called before it waits for the answers that are under way."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        max_connections: int,
        on_stop: Callable[[], None] = lambda: None,
        limits: ConnectionLimits | None = None,
        loop: str = "auto",
    ) -> None:
        descriptors = raise_descriptor_limit()
        limits = limits or ConnectionLimits(connection_limit(max_connections, descriptors))
        self._arrivals = arrivals(limits.max_connections, descriptors)
        self.open_connections = Connections(limits, time.monotonic)
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                # uvicorn calls it, and a partial is called as the class is.
                http=partial(BoundedHttpProtocol, connections=self.open_connections),  # type: ignore[arg-type]
                ws="none",
                loop=loop,
                log_config=None,
                access_log=False,
                backlog=self._arrivals.at_once,  # as asyncio takes the word
                timeout_keep_alive=int(limits.idle_s),
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._on_stop = on_stop

    def run_to_end(self) -> bool:
        """Serves until it is stopped. False if it could not start; the log says why."""
        freeze_loaded_modules()
        # Both are uvicorn's own way out: after a Ctrl-C, and when the start failed.
        with suppress(KeyboardInterrupt, SystemExit):
            self.run(self._sockets())
        return self.started

    def _sockets(self) -> list[socket.socket] | None:
        """Of the address that stands for all; uvicorn itself binds `::` to IPv6 alone."""
        if self.config.host != ANY_IPV6:
            return None
        address = (ANY_IPV6, self.config.port)
        both = socket.has_dualstack_ipv6()
        try:
            listening = socket.create_server(
                address, family=socket.AF_INET6, backlog=self.config.backlog, dualstack_ipv6=both
            )
        except OSError as exc:
            log.critical("cannot_listen", host=ANY_IPV6, port=self.config.port, error=str(exc))
            sys.exit(1)
        log.info("listening", host=ANY_IPV6, port=listening.getsockname()[1], ipv4=both)
        if not both:
            log.warning("ipv6_alone", advice="set the host to 0.0.0.0 for IPv4")
        return [listening]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers if self.started else ():
            for listening in server.sockets:
                with socket.socket(fileno=os.dup(listening.fileno())) as same:
                    same.listen(self._arrivals.waiting)

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_A_SECOND == 0:
            self.open_connections.close_overdue()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A terminal that goes away ends the server as SIGTERM does, unless `nohup` says no."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        with super().capture_signals():
            before = signal.getsignal(signal.SIGHUP)
            if before is not signal.SIG_IGN:
                signal.signal(signal.SIGHUP, self._on_hangup)
            try:
                yield
            finally:
                signal.signal(signal.SIGHUP, before)

    def _on_hangup(self, _number: int, frame: FrameType | None) -> None:
        self.handle_exit(signal.SIGTERM, frame)
