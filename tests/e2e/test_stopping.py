"""How the services' processes end, and on which addresses they listen."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import ServiceProcess, service_pair

STOPS_WITHIN_S = 15.0


@pytest.fixture
def orchestrator(tmp_path: Path) -> Iterator[ServiceProcess]:
    """Not started. It needs no inference service to answer."""
    service = service_pair(tmp_path).orchestrator
    yield service
    service.kill()


@pytest.fixture
def inference(tmp_path: Path) -> Iterator[ServiceProcess]:
    service = service_pair(tmp_path).inference
    yield service
    service.kill()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_hangup_ends_the_orchestrator_as_sigterm_does(
    orchestrator: ServiceProcess, number: signal.Signals
) -> None:
    orchestrator.start()
    assert orchestrator.end_by(number) == -signal.SIGTERM
    assert "Application shutdown complete" in orchestrator.log()


def test_a_hangup_ends_the_inference_service_too(inference: ServiceProcess) -> None:
    inference.start()
    assert inference.end_by(signal.SIGHUP) == -signal.SIGTERM
    assert "Application shutdown complete" in inference.log()


def test_clients_that_never_end_do_not_hold_the_stop(orchestrator: ServiceProcess) -> None:
    orchestrator.start()
    created = httpx.post(f"{orchestrator.url}/api/v1/collections", json={"name": "a"}, timeout=60)
    assert created.status_code == 201
    head = b"POST /api/v1/search/text HTTP/1.1\r\nHost: localhost\r\n"
    with ExitStack() as held:
        for opening in (
            b"",
            b"GET / HT",
            head + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
            head + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1;a",
        ):
            sock = socket.create_connection(("127.0.0.1", orchestrator.port), timeout=60)
            held.enter_context(sock)
            sock.sendall(opening)
        assert httpx.get(f"{orchestrator.url}/health/live", timeout=60).status_code == 200
        assert orchestrator.end_by(signal.SIGTERM, limit_s=STOPS_WITHIN_S) == -signal.SIGTERM


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no dual stack")
def test_the_address_of_all_ipv6_is_that_of_all_ipv4_too(orchestrator: ServiceProcess) -> None:
    orchestrator.start(wait=False, ORCHESTRATOR_HOST="::", ALLOW_NO_KEY="1")
    orchestrator.wait_ready()  # by 127.0.0.1
    answered = []
    for host in ("[::1]", "127.0.0.1", "localhost"):
        with suppress(httpx.ConnectError):
            url = f"http://{host}:{orchestrator.port}/health/live"
            answered.append(httpx.get(url, trust_env=False, timeout=60).status_code)
    assert answered == [200, 200, 200]


def test_a_listener_of_events_does_not_hold_the_stop(tmp_path: Path) -> None:
    pair = service_pair(tmp_path)
    pair.orchestrator.start()  # without inference: the job waits for it
    (pair.root / "a.jpg").write_bytes(b"\xff\xd8\xff")
    asked = {"directory_path": str(pair.root)}
    job = httpx.post(f"{pair.orchestrator.url}/api/v1/ingest", json=asked, timeout=60).json()
    events = f"{pair.orchestrator.url}/api/v1/jobs/{job['job_id']}/events"
    try:
        with httpx.stream("GET", events, timeout=60) as stream:
            next(stream.iter_lines())
            assert pair.orchestrator.end_by(signal.SIGTERM, limit_s=STOPS_WITHIN_S) == -15
    finally:
        pair.orchestrator.kill()
