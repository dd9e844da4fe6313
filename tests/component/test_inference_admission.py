"""Full means 429 at once, over real sockets; and whoever leaves frees a place."""

from __future__ import annotations

import http.client
import socket
from collections.abc import AsyncIterator
from functools import partial
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpx
import pytest

from tests.component.inference_fakes import (
    FakeEmbedder,
    Served,
    eventually,
    files,
    loaded,
    picture,
    ppm,
    problem_of,
    served,
    vector_of,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

URL = "/api/v1/batch_embed_and_caption"
MULTIPART = {"Content-Type": "multipart/form-data; boundary=B"}


def body_of(image: bytes, *, padding_bytes: int = 0) -> bytes:
    part = b'--B\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\n%s\r\n'
    padded = part % (b"padding", b"x" * padding_bytes) if padding_bytes else b""
    return part % (b"image", image) + padded + b"--B--\r\n"


class Busy:
    """A service whose model thread stands in the batches of two clients."""

    def __init__(self, service: Served, client: httpx.AsyncClient, embedder: FakeEmbedder) -> None:
        self.service = service
        self.client = client
        self.embedder = embedder
        self.answers: list[httpx.Response] = []

    async def post(self, seed: int) -> None:
        self.answers.append(await self.client.post(URL, files=files(("a", ppm(picture(seed))))))

    async def queue_is(self, running: int, waiting: int) -> None:
        async def met() -> bool:
            queue = (await self.client.get("/api/v1/capabilities")).json()["queue"]
            return (queue["running"], queue["waiting"]) == (running, waiting)

        await eventually(met)


@pytest.fixture
async def free() -> AsyncIterator[Busy]:
    embedder = FakeEmbedder()
    async with (
        served(embedder, ml_max_batch=50) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        yield Busy(service, client, embedder)


@pytest.fixture
async def busy(free: Busy) -> AsyncIterator[Busy]:
    free.embedder.gate.clear()
    async with anyio.create_task_group() as tg:
        tg.start_soon(free.post, 1)
        tg.start_soon(free.post, 2)
        await free.queue_is(1, 1)
        yield free
        free.embedder.gate.set()
    assert [answer.status_code for answer in free.answers] == [200, 200]


async def test_a_429_says_when_and_leaves_the_connection_usable(busy: Busy) -> None:
    def talk() -> tuple[http.client.HTTPResponse, bytes, int, bytes]:
        """Blocking, on one connection: refused with a body of 2 MB, then served."""
        connection = http.client.HTTPConnection(urlsplit(busy.service.url).netloc, timeout=60)
        connection.request(
            "POST", URL, body_of(ppm(picture(3)), padding_bytes=2_000_000), MULTIPART
        )
        first_socket = connection.sock
        refused = connection.getresponse()
        problem = refused.read()
        busy.embedder.gate.set()
        status = 429
        while status == 429:
            connection.request("POST", URL, body_of(ppm(picture(3))), MULTIPART)
            answer = connection.getresponse()
            status, text = answer.status, answer.read()
        assert connection.sock is first_socket, "the client never had to connect again"
        connection.close()
        return refused, problem, status, text

    refused, problem, status, _ = await anyio.to_thread.run_sync(talk)
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert b'"ERR_GPU_BUSY"' in problem
    assert b'"retry_after_ms":' in problem
    assert status == 200


async def test_a_429_is_answered_before_the_body_is_sent(busy: Busy) -> None:
    def only_the_head() -> bytes:
        address = urlsplit(busy.service.url)
        with socket.create_connection((address.hostname, address.port), timeout=60) as sock:
            sock.sendall(
                b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
                b"Content-Type: multipart/form-data; boundary=B\r\n\r\n" % URL.encode()
            )
            return sock.recv(1000)

    assert (await anyio.to_thread.run_sync(only_the_head)).startswith(b"HTTP/1.1 429 ")


async def test_text_queries_are_admitted_while_batches_are_refused(busy: Busy) -> None:
    refused = await busy.client.post(URL, files=files(("a", ppm(picture(3)))))
    assert problem_of(refused).code is ErrorCode.GPU_BUSY
    async with anyio.create_task_group() as tg:

        async def ask() -> None:
            answer = await busy.client.post("/api/v1/embed_text", json={"texts": ["a"]})
            assert answer.status_code == 200

        tg.start_soon(ask)
        busy.embedder.gate.set()


async def test_a_client_that_hangs_up_frees_its_place_and_its_work_never_starts(
    free: Busy,
) -> None:
    free.embedder.gate.clear()
    free.embedder.calls.clear()
    uploads = files(*((str(seed), ppm(picture(seed))) for seed in range(7)))
    async with anyio.create_task_group() as tg:
        tg.start_soon(free.post, 1)
        await free.queue_is(1, 0)
        async with anyio.create_task_group() as leaving:
            leaving.start_soon(partial(free.client.post, URL, files=uploads))
            await free.queue_is(1, 1)
            leaving.cancel_scope.cancel()
        await free.queue_is(1, 0)
        tg.start_soon(free.post, 2)
        await free.queue_is(1, 1)
        free.embedder.gate.set()
    assert [answer.status_code for answer in free.answers] == [200, 200]
    assert 7 not in free.embedder.calls


async def test_a_slow_upload_loses_its_place() -> None:
    def begin_and_wait(service: Served) -> bytes:
        address = urlsplit(service.url)
        with socket.create_connection((address.hostname, address.port), timeout=60) as sock:
            sock.sendall(
                b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
                b"Content-Type: multipart/form-data; boundary=B\r\n\r\n--B\r\n" % URL.encode()
            )
            return sock.recv(1000)

    embedder = FakeEmbedder()
    async with (
        served(embedder, ml_upload_timeout_s=0.5) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        said = await anyio.to_thread.run_sync(begin_and_wait, service)
        assert said.startswith(b"HTTP/1.1 408 ")
        await Busy(service, client, embedder).queue_is(0, 0)


async def test_a_body_cut_off_by_its_connection_frees_the_place(free: Busy) -> None:
    def begin_and_leave() -> None:
        address = urlsplit(free.service.url)
        with socket.create_connection((address.hostname, address.port), timeout=60) as sock:
            sock.sendall(
                b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
                b"Content-Type: multipart/form-data; boundary=B\r\n\r\n"
                % URL.encode()
                + body_of(ppm(picture(1)))[:300]
            )

    await anyio.to_thread.run_sync(begin_and_leave)
    await free.queue_is(0, 0)
    await free.post(1)
    assert free.answers[0].status_code == 200


async def test_eight_clients_all_get_their_own_vectors(free: Busy) -> None:
    wrong: list[int] = []

    async def client_of(number: int) -> None:
        for turn in range(4):
            seeds = [number * 1000 + turn * 100 + offset for offset in range(5)]
            uploads = files(*((str(seed), ppm(picture(seed))) for seed in seeds))
            response = await free.client.post(URL, files=uploads)
            while response.status_code == 429:
                await anyio.sleep(problem_of(response).retry_after_ms / 1000)  # type: ignore[operator]  # set on a 429
                response = await free.client.post(URL, files=uploads)
            for seed, item in zip(seeds, response.json()["results"], strict=True):
                if item["embedding"] != pytest.approx(vector_of(picture(seed)).tolist()):
                    wrong.append(seed)

    async with anyio.create_task_group() as tg:
        for number in range(8):
            tg.start_soon(client_of, number)
    assert wrong == []
    assert len(free.embedder.calls) >= 32


async def test_the_strict_lock_admits_one_batch_at_a_time() -> None:
    embedder = FakeEmbedder()
    async with (
        served(embedder, ml_max_waiting_batches=0) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        one = Busy(service, client, embedder)
        embedder.gate.clear()
        async with anyio.create_task_group() as tg:
            tg.start_soon(one.post, 1)
            await one.queue_is(1, 0)
            assert (await client.post(URL, files=files(("a", b"x")))).status_code == 429
            embedder.gate.set()
        assert one.answers[0].status_code == 200
