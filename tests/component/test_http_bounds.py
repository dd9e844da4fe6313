"""What one client sends or leaves out costs no other: real sockets against a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import anyio
import anyio.to_thread
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from prometheus_client import CollectorRegistry

from tests.served_app import answer_to, connected, head_of, rest_of, serving
from utils.web.access.security_headers import HEADERS
from utils.web.bodies.body_limit import BodyLimit
from utils.web.install import install_web
from utils.web.serving.connections import ConnectionLimits

GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
KIB = 1024


def small_app() -> FastAPI:
    """`app.state.given_up` is set when the answer to `/health/much` ends. `/health/work` says by
    `at_work` that it has begun, and goes on when `go_on` is set.
    """
    app = FastAPI()
    app.state.given_up = threading.Event()
    app.state.at_work = threading.Semaphore(0)
    app.state.go_on = threading.Event()

    @app.get("/health/live")
    async def live() -> PlainTextResponse:
        return PlainTextResponse("alive")

    @app.post("/health/echo")
    async def echo(request: Request) -> PlainTextResponse:
        trailers = "x-trailer" in request.headers
        return PlainTextResponse(f"{len(await request.body())} {trailers}")

    @app.post("/health/early")
    async def early() -> PlainTextResponse:
        return PlainTextResponse("early")

    @app.get("/health/much")
    async def much() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * 64 * KIB
                    await anyio.lowlevel.checkpoint()
            finally:
                app.state.given_up.set()

        return StreamingResponse(chunks())

    @app.get("/health/wait")
    async def wait() -> None:
        await anyio.sleep(2)

    @app.get("/health/work")
    async def work() -> None:
        app.state.at_work.release()
        await anyio.to_thread.run_sync(app.state.go_on.wait, 60)

    app.add_middleware(BodyLimit, max_bytes=256 * KIB, uploads={})
    install_web(app, service="test", api_key=None, registry=CollectorRegistry())
    return app


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(small_app()) as port:
        yield port


def is_alive(port: int) -> bool:
    return answer_to(port, GET + b"Connection: close\r\n\r\n").endswith(b"alive")


@pytest.mark.parametrize(
    "head",
    [
        GET + b"X: " + b"a" * 64 * KIB + b"\r\n\r\n",
        b"GET /" + b"a" * 17 * KIB + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        GET + b"".join(b"X%d: a\r\n" % n for n in range(300)) + b"\r\n",
        GET + b"".join(b"X%d: %s\r\n" % (n, b"a" * KIB) for n in range(70)) + b"\r\n",
        GET + b"a" * 65 * KIB,
        b"\r\n" * 40 * KIB,
    ],
    ids=["one header", "address", "many", "many and long", "a name without end", "empty lines"],
)
def test_a_head_over_its_bound_is_431(port: int, head: bytes) -> None:
    said = answer_to(port, head)
    assert said.startswith(b"HTTP/1.1 431 "), said[:200]
    assert b"ERR_HEADERS_TOO_LARGE" in said
    assert b"application/problem+json" in said
    assert is_alive(port)


@pytest.mark.parametrize("said", [b"?\r\n\r\n", GET + b"X: " + b"a" * 64 * KIB + b"\r\n\r\n"])
def test_what_is_refused_unparsed_has_an_id_and_the_headers_of_all_answers(
    port: int, said: bytes
) -> None:
    head, _, body = answer_to(port, said).partition(b"\r\n\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    for name, value in HEADERS.items():
        assert headers[name.lower().encode()] == value.lower().encode()
    request_id = json.loads(body)["request_id"]
    assert request_id
    assert headers[b"x-request-id"] == request_id.encode()


def test_a_head_just_below_the_bound_passes(port: int) -> None:
    head = GET + b"Connection: close\r\nX: " + b"a" * 60 * KIB + b"\r\n\r\n"
    assert answer_to(port, head).startswith(b"HTTP/1.1 200 ")
    cut = [head[at : at + 1000] for at in range(0, len(head), 1000)]
    assert answer_to(port, *cut).startswith(b"HTTP/1.1 200 ")


def test_a_head_without_end_is_answered_while_it_is_still_being_sent(port: int) -> None:
    said = answer_to(port, GET + b"X: ", *[b"a" * 64 * KIB] * 500)
    assert said.startswith(b"HTTP/1.1 431 ")


def test_a_head_that_dribbles_is_closed_with_a_408() -> None:
    with serving(small_app(), ConnectionLimits(head_s=1.0)) as port, connected(port) as sock:
        sock.sendall(GET[:10])
        assert rest_of(sock).startswith(b"HTTP/1.1 408 ")


def test_an_idle_connection_is_closed_before_and_after_its_first_request() -> None:
    with serving(small_app(), ConnectionLimits(idle_s=1.0)) as port:
        with connected(port) as sock:
            assert rest_of(sock) == b""
        with connected(port) as sock:
            sock.sendall(GET + b"\r\n")
            assert rest_of(sock).endswith(b"alive")


CHUNKED = b"POST /health/echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_trailers_and_chunk_extensions_are_bounded_and_become_no_headers(port: int) -> None:
    with connected(port) as sock:
        sock.sendall(
            CHUNKED[:-2] + b"Connection: close\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n"
        )
        assert rest_of(sock).endswith(b"3 False")
    for endless in (
        [b"3;" + b"a" * 30 * KIB] * 4,
        [b"3\r\nabc\r\n0\r\n", *[b"X-Trailer: " + b"a" * 30 * KIB] * 4],
        [b"3\r\nabc\r\n0\r\n", *[b"X-T: a\r\n" * 4 * KIB] * 4],
    ):
        said = answer_to(port, CHUNKED, *endless)
        assert not said.startswith(b"HTTP/1.1 200")
    assert is_alive(port)


def test_the_rest_of_a_body_after_its_answer_has_its_time() -> None:
    head = b"POST /health/early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n"
    limits = ConnectionLimits(rest_s=1.0)
    with serving(small_app(), limits) as port, connected(port) as sock:
        sock.sendall(head)
        assert b"early" in rest_of(sock)


def test_requests_that_wait_on_one_connection_are_bounded_and_answered_in_order(port: int) -> None:
    with connected(port) as sock:
        sock.sendall((GET + b"\r\n") * 15 + GET + b"Connection: close\r\n\r\n")
        assert rest_of(sock).count(b"alive") == 16
    slow = b"GET /health/wait HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert answer_to(port, slow + (GET + b"\r\n") * 5000).count(b"alive") < 20
    assert is_alive(port)


def test_an_answer_that_nobody_takes_is_given_up() -> None:
    app = small_app()
    with serving(app, ConnectionLimits(unread_s=1.0)) as port, connected(port) as sock:
        sock.sendall(b"GET /health/much HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert app.state.given_up.wait(20)


@pytest.mark.parametrize(
    "opening",
    [b"", GET[:20], b"POST /health/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"],
    ids=["silent", "half a head", "no body"],
)
def test_whoever_is_new_gets_in_while_others_do_nothing(opening: bytes) -> None:
    with serving(small_app(), ConnectionLimits(max_connections=20)) as port, ExitStack() as held:
        for _ in range(60):
            sock = held.enter_context(connected(port))
            sock.sendall(opening)
            assert is_alive(port)


def test_where_all_are_at_work_the_next_is_told_so() -> None:
    slow, app = b"GET /health/work HTTP/1.1\r\nHost: localhost\r\n\r\n", small_app()
    with serving(app, ConnectionLimits(max_connections=3)) as port, ExitStack() as held:
        at_work = [held.enter_context(connected(port)) for _ in range(3)]
        for sock in at_work:
            sock.sendall(slow)
            assert app.state.at_work.acquire(timeout=60)
        said = answer_to(port, GET + b"\r\n")
        assert said.startswith(b"HTTP/1.1 503 "), said
        assert b"retry-after: 1" in said
        app.state.go_on.set()
        for sock in at_work:
            assert head_of(sock).startswith(b"HTTP/1.1 200 ")
        assert is_alive(port)


def test_what_is_no_http_is_a_problem_too(port: int) -> None:
    said = answer_to(port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"ERR_VALIDATION" in said
    upgraded = answer_to(port, GET + b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n")
    assert upgraded.startswith(b"HTTP/1.1 200 ")


def test_who_sends_a_large_body_before_reading_gets_the_413(port: int) -> None:
    head = b"POST /health/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    with connected(port) as sock:
        sock.sendall(head % (78 * KIB * KIB))
        for _ in range(78):
            sock.sendall(b"0" * KIB * KIB)
        assert head_of(sock).startswith(b"HTTP/1.1 413 ")
