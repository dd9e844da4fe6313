"""Clients of the inference service that cost little: bodies are made before, sent as they are.

They share the machine with the service, so that what they spend is measured, too.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import httpx
import psutil

from utils.contract import API_PREFIX, IMAGE_COUNT_HEADER, Capabilities

BATCH_PATH = f"{API_PREFIX}/batch_embed_and_caption"
TIMEOUT_S = 600.0
POLL_S = 0.02
BUSY = 429


@dataclass(frozen=True, slots=True)
class Request:
    """One batch, ready to be sent any number of times."""

    body: bytes
    boundary: str
    images: int
    encoding: str = "base64"

    @property
    def path(self) -> str:
        return f"{BATCH_PATH}?encoding_format={self.encoding}"

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Content-Type": f"multipart/form-data; boundary={self.boundary}",
            IMAGE_COUNT_HEADER: str(self.images),
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """`latency_s` from the first try to the last byte; `busy` of the tries were answered 429."""

    status: int
    content: bytes
    latency_s: float
    busy: int = 0


@dataclass(frozen=True, slots=True)
class Drive:
    """What the clients saw, in the requests' order, and what it cost each side."""

    answers: Sequence[Answer]
    wall_s: float
    service_cpu_s: float
    client_cpu_s: float

    @property
    def latencies_s(self) -> list[float]:
        return [answer.latency_s for answer in self.answers]

    @property
    def busy(self) -> int:
        return sum(answer.busy for answer in self.answers)


def request_of(parts: Sequence[tuple[str, bytes]], *, encoding: str = "base64") -> Request:
    """Parts are ids and files; an id stands in a header, so it must need no escaping."""
    boundary = secrets.token_hex(16)
    pieces: list[bytes] = []
    for part_id, data in parts:
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{part_id}"'
            "\r\nContent-Type: application/octet-stream\r\n\r\n"
        )
        pieces += [head.encode(), data, b"\r\n"]
    body = b"".join([*pieces, f"--{boundary}--\r\n".encode()])
    return Request(body, boundary, len(parts), encoding)


class Service:
    """A running service as clients see it; `pid` is for what it spends."""

    def __init__(self, http: httpx.AsyncClient, *, pid: int) -> None:
        self._http = http
        self._process = psutil.Process(pid)

    @property
    def address(self) -> tuple[str, int]:
        url = self._http.base_url
        assert url.port is not None
        return url.host, url.port

    async def capabilities(self) -> Capabilities:
        response = await self._http.get(f"{API_PREFIX}/capabilities")
        return Capabilities.model_validate_json(response.raise_for_status().content)

    async def sent(self, request: Request) -> Answer:
        """Until it is let in: a 429 says when to come again."""
        return await self._until_in(request.path, content=request.body, headers=request.headers)

    async def asked_text(self, text: str) -> Answer:
        return await self._until_in(f"{API_PREFIX}/embed_text", json={"texts": [text]})

    async def _until_in(
        self,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
    ) -> Answer:
        busy = 0
        began_s = time.perf_counter()
        while True:
            reply = await self._http.post(path, content=content, headers=headers, json=json)
            if reply.status_code != BUSY:
                latency_s = time.perf_counter() - began_s
                return Answer(reply.status_code, reply.content, latency_s, busy)
            busy += 1
            await anyio.sleep(reply.json()["retry_after_ms"] / 1000)

    async def driven(self, requests: Sequence[Request], *, clients: int) -> Drive:
        """Each client takes the next request when its last one is answered."""
        answers: dict[int, Answer] = {}
        turns = iter(range(len(requests)))

        async def client(turns: Iterator[int]) -> None:
            for turn in turns:
                answers[turn] = await self.sent(requests[turn])

        service_s, own_s, began_s = self.cpu_s(), time.process_time(), time.perf_counter()
        async with anyio.create_task_group() as tg:
            for _ in range(clients):
                tg.start_soon(client, turns)
        return Drive(
            answers=[answers[turn] for turn in range(len(requests))],
            wall_s=time.perf_counter() - began_s,
            service_cpu_s=self.cpu_s() - service_s,
            client_cpu_s=time.process_time() - own_s,
        )

    async def saturate(self, request: Request) -> None:
        """One client that never ends: to be cancelled."""
        while True:
            await self.sent(request)

    async def until_queued(self, requests: int) -> None:
        """Until so many batches are in, running or waiting."""
        while True:
            queue = (await self.capabilities()).queue
            if queue.running + queue.waiting == requests:
                return
            await anyio.sleep(POLL_S)

    def cpu_s(self) -> float:
        """Of the service and the decoders that it started."""
        spent = self._process.cpu_times()
        total = spent.user + spent.system + spent.children_user + spent.children_system
        for child in self._process.children(recursive=True):
            times = child.cpu_times()
            total += times.user + times.system
        return float(total)

    def rss_bytes(self) -> int:
        """Of the service's own process: decoders come and go."""
        return int(self._process.memory_info().rss)


@asynccontextmanager
async def connected(url: str, *, pid: int) -> AsyncIterator[Service]:
    """Connections are kept, as many as there are clients."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(
        base_url=url, timeout=TIMEOUT_S, limits=limits, trust_env=False
    ) as http:
        yield Service(http, pid=pid)
