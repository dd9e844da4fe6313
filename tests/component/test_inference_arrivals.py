"""Places go to bodies that come: clients that send nothing, or little, cost no others theirs."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpx
import pytest

from ml_inference_fastapi_app.serving import request_body
from ml_inference_fastapi_app.serving.request_body import MAX_ARRIVALS
from tests.component.inference_fakes import (
    FakeEmbedder,
    Served,
    eventually,
    files,
    loaded,
    picture,
    ppm,
    served,
)

pytestmark = pytest.mark.anyio

BATCH = "/api/v1/batch_embed_and_caption"
TEXT = "/api/v1/embed_text"
IMAGE = "/api/v1/embed"


@pytest.fixture
async def service() -> AsyncIterator[Served]:
    async with served(FakeEmbedder(), ml_max_waiting_queries=3) as service:
        yield service


@pytest.fixture
async def client(service: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.url, timeout=60) as client:
        await loaded(client)
        yield client


def begun(service: Served, path: str, start: bytes) -> socket.socket:
    """A connection whose request declares a megabyte, of which only the start is sent."""
    address = urlsplit(service.url)
    sock = socket.create_connection((address.hostname, address.port), timeout=60)
    kind = b"application/json" if path == TEXT else b"multipart/form-data; boundary=B"
    sock.sendall(
        b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nContent-Type: %s\r\n\r\n"
        % (path.encode(), 200_000 if path == TEXT else 1_000_000, kind)
        + start
    )
    return sock


async def answers(client: httpx.AsyncClient) -> tuple[int, int, int]:
    """Of a batch, a text and an image."""
    image = ppm(picture(1))
    return (
        (await client.post(BATCH, files=files(("a", image)))).status_code,
        (await client.post(TEXT, json={"texts": ["a"]})).status_code,
        (await client.post(IMAGE, files=[("file", ("a", image, "image/x"))])).status_code,
    )


@pytest.mark.parametrize("start", [b"", b"-"], ids=["nothing", "a byte"])
async def test_who_sends_nothing_takes_no_place(
    service: Served, client: httpx.AsyncClient, start: bytes
) -> None:
    with ExitStack() as held:
        for path in (BATCH, TEXT, IMAGE):
            for _ in range(MAX_ARRIVALS):
                held.enter_context(begun(service, path, start))
        for _ in range(3):
            assert await answers(client) == (200, 200, 200)
        assert (await client.get("/api/v1/capabilities")).json()["queue"]["running"] == 0


async def test_the_oldest_that_does_not_begin_gives_way_with_a_429(
    service: Served, client: httpx.AsyncClient
) -> None:
    with ExitStack() as held:
        first = held.enter_context(begun(service, BATCH, b""))
        await anyio.sleep(0.2)
        for _ in range(MAX_ARRIVALS):
            held.enter_context(begun(service, BATCH, b""))
        said = await anyio.to_thread.run_sync(first.recv, 1000)
        assert said.startswith(b"HTTP/1.1 429 ")
        assert await answers(client) == (200, 200, 200)


async def test_a_place_is_lost_by_a_body_that_stops_coming(
    service: Served, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_body, "PATIENCE_S", 3.0)
    monkeypatch.setattr(request_body, "MIN_BYTES_PER_S", 10_000_000)
    head = b'--B\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    with ExitStack() as held:
        full = [held.enter_context(begun(service, BATCH, head + b"x" * 70_000)) for _ in range(2)]

        async def is_full() -> bool:
            queue = (await client.get("/api/v1/capabilities")).json()["queue"]
            return bool(queue["running"] + queue["waiting"] == 2)

        await eventually(is_full)
        refused = await client.post(BATCH, files=files(("a", ppm(picture(1)))))
        assert refused.status_code == 429

        async def is_served() -> bool:
            return await answers(client) == (200, 200, 200)

        await eventually(is_served)
        for sock in full:
            assert (await anyio.to_thread.run_sync(sock.recv, 1000)).startswith(b"HTTP/1.1 408 ")
            sock.close()


async def test_a_body_of_many_chunks_arrives_whole(client: httpx.AsyncClient) -> None:
    body = b'--B\r\nContent-Disposition: form-data; name="files"; filename="%d"\r\n\r\n%s\r\n'
    whole = b"".join(body % (n, ppm(picture(n))) for n in range(200)) + b"--B--\r\n"

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(whole), 5000):
            yield whole[at : at + 5000]

    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    answer = await client.post(BATCH, content=chunks(), headers=headers)
    assert len(whole) > request_body.BEGINNING_BYTES * 2
    assert [one["id"] for one in answer.json()["results"]] == [str(n) for n in range(200)]
