"""Hosts as bytes on a real connection: what no well-behaved client sends."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.browser.rig import Orchestrator, orchestrator


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orchestrator]:
    with orchestrator(tmp_path_factory.mktemp("raw")) as one:
        yield one


def status_of(running: Orchestrator, head: str) -> int:
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n")
        answer = connection.recv(65536)
    return int(answer.split()[1])


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        ("GET /api/v1/jobs HTTP/1.1\nHost: localhost", {200}),
        ("GET /api/v1/jobs HTTP/1.1\nHost:   LOCALHOST  ", {200}),
        ("GET /api/v1/jobs HTTP/1.1\nHost: evil.test", {421}),
        ("GET /api/v1/jobs HTTP/1.1\nHost: evil.test\nHost: localhost", {400, 421}),
        ("GET /api/v1/jobs HTTP/1.1\nHost: localhost\nHost: evil.test", {400, 421}),
        ("GET /api/v1/jobs HTTP/1.1", {400, 421}),
        ("GET /api/v1/jobs HTTP/1.0", {421}),
        ("GET /api/v1/jobs HTTP/1.1\nHost: localhost evil.test", {400, 421}),
        ("GET /api/v1/jobs HTTP/1.1\nHost: evil.test\n localhost", {400, 421}),
        ("GET /api/v1/jobs HTTP/1.1\nX-Forwarded-Host: localhost\nHost: evil.test", {421}),
        ("GET /api/v1/jobs HTTP/1.1\nForwarded: host=localhost\nHost: evil.test", {421}),
        ("GET http://localhost/api/v1/jobs HTTP/1.1\nHost: evil.test", {421}),
        ("GET //localhost/api/v1/jobs HTTP/1.1\nHost: evil.test", {421}),
        ("GET /health/live HTTP/1.0", {200}),
        ("GET /health/live HTTP/1.1\nHost: 10.9.8.7:8002", {200}),
        ("GET /health/../api/v1/jobs HTTP/1.1\nHost: evil.test", {404, 421}),
        ("GET /health/%2e%2e/api/v1/jobs HTTP/1.1\nHost: evil.test", {404, 421}),
        ("GET /api/v1/jobs HTTP/1.1\nX-Forwarded-Prefix: /health\nHost: evil.test", {400, 421}),
        ("GET /health/api/v1/jobs HTTP/1.1\nX-Forwarded-Prefix: /health\nHost: evil.test",
         {400, 404, 421}),
    ],
)  # fmt: skip
def test_only_one_plain_host_of_this_machine_is_answered(
    running: Orchestrator, head: str, statuses: set[int]
) -> None:
    assert status_of(running, head) in statuses


def test_there_is_no_web_socket(running: Orchestrator) -> None:
    head = (
        "GET /api/v1/jobs HTTP/1.1\nHost: localhost\nConnection: Upgrade\nUpgrade: websocket\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\nSec-WebSocket-Version: 13"
    )
    assert status_of(running, head) in (200, 403, 426)  # never 101
