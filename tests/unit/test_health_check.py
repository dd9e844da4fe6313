"""What a container's health check asks, of a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from utils.web.serving.health_check import is_ready


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A service on the loopback that is ready or not; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
@pytest.mark.parametrize(("status", "ready"), [(200, True), (503, False), (404, False)])
def test_ready_is_what_answers_200_where_the_service_listens(
    host: str, status: int, *, ready: bool
) -> None:
    with answering(status) as port:
        assert is_ready(host, port) is ready


def test_a_service_that_does_not_answer_is_not_ready() -> None:
    with answering(200) as port:
        pass
    assert is_ready("127.0.0.1", port) is False
