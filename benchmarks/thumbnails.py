"""A page of thumbnails of a large collection over HTTP, as a browser asks for it.

python -m benchmarks.thumbnails --count 100000
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import numpy as np
import psutil
from anyio.streams.buffered import BufferedByteReceiveStream

from benchmarks.app_library import make_library
from benchmarks.browse import NAME, PAGE
from benchmarks.report import BenchmarkFailed, Report, Target, parser_of, run
from benchmarks.services import orchestrator_service
from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi

CONNECTIONS = 6  # as many as a browser has to one host
PAGES = 8  # different ones, far from each other
MOST_PAGE_MS = 100


PAGE_OF, PAGE_HELD = "page of thumbnails", "page that is held already"
HELD = 304  # by the browser, which names what it has


@dataclass(slots=True)
class Spent:
    """Milliseconds by what was asked: of each page, and of the service's processor a picture."""

    pages: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)


class Connection:
    """HTTP/1.1 that costs next to nothing: the client shares the machine with the service."""

    def __init__(self, stream: anyio.abc.SocketStream, host: str) -> None:
        self._stream = stream
        self._received = BufferedByteReceiveStream(stream)
        self._host = host

    async def get(self, path: str, etag: str | None = None) -> tuple[int, str | None]:
        """The status and the ETag."""
        held = "" if etag is None else f"If-None-Match: {etag}\r\n"
        head = f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nAccept: image/*\r\n{held}\r\n"
        await self._stream.send(head.encode())
        answer = (await self._received.receive_until(b"\r\n\r\n", 65536)).decode("latin-1")
        status, *lines = answer.split("\r\n")
        headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
        length = int(headers.get("content-length", "0"))
        if length:
            await self._received.receive_exactly(length)
        return int(status.split()[1]), headers.get("etag")


@dataclass(frozen=True, slots=True)
class Browser:
    """Remembers what its pictures are called. `service` is who answers."""

    connections: Sequence[Connection]
    service: psutil.Process
    spent: Spent = field(default_factory=Spent)
    etags: dict[str, str] = field(default_factory=dict)

    async def asks(self, what: str, paths: Sequence[str], *, held: bool = False) -> None:
        """Each connection takes the next that nobody has."""
        turns = iter(paths)

        async def take(connection: Connection) -> None:
            for path in turns:
                status, etag = await connection.get(path, self.etags[path] if held else None)
                if status != (HELD if held else 200) or etag is None:
                    raise BenchmarkFailed(f"{path} was answered {status}")
                self.etags[path] = etag

        cpu_s, began_s = self._cpu_s(), time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for connection in self.connections:
                tasks.start_soon(take, connection)
        spent_ms = (time.perf_counter() - began_s) * 1e3
        self.spent.pages.setdefault(what, []).append(spent_ms)
        each_ms = (self._cpu_s() - cpu_s) * 1e3 / len(paths)
        self.spent.cpu.setdefault(what, []).append(each_ms)

    def _cpu_s(self) -> float:
        times = self.service.cpu_times()
        return float(times.user + times.system)


async def page_paths(api: OrchestratorApi, count: int) -> list[list[str]]:
    pages = []
    for number in range(PAGES):
        offset = min(number * count // PAGES, count - PAGE)
        page = await api.list_images(NAME, limit=PAGE, offset=offset)
        pages.append([one.thumbnail_url for one in page.images])
    return pages


async def measured(folder: Path, count: int, rounds: int) -> Spent:
    photos = folder / "photos"
    await make_library(folder / "data", photos, count)
    async with (
        orchestrator_service(folder, photos) as service,
        OrchestratorApi(service.service.url) as api,
    ):
        process = psutil.Process(service.process.pid)
        host, _, port = service.service.url.removeprefix("http://").partition(":")
        pages = await page_paths(api, count)
        connections = [
            Connection(await anyio.connect_tcp(host, int(port)), f"{host}:{port}")
            for _ in range(CONNECTIONS)
        ]
        warming = Browser(connections, process)
        for paths in pages:
            await warming.asks(PAGE_OF, paths)
        browser = Browser(connections, process, etags=warming.etags)
        for _ in range(rounds):
            for paths in pages:
                await browser.asks(PAGE_OF, paths)
                await browser.asks(PAGE_HELD, paths, held=True)
        return browser.spent


def measure(options: argparse.Namespace, folder: Path) -> Report:
    spent = anyio.run(measured, folder, options.count, options.rounds)
    median = {what: statistics.median(ms) for what, ms in spent.pages.items()}
    late = {what: float(np.percentile(ms, 95)) for what, ms in spent.pages.items()}
    cpu = {what: statistics.mean(ms) for what, ms in spent.cpu.items()}
    return Report(
        title=f"{options.count:,} images, pages of {PAGE}, {CONNECTIONS} connections",
        columns=("what", "p50, ms", "p95, ms", "processor a picture, ms"),
        rows=[
            (what, f"{median[what]:,.1f}", f"{late[what]:,.1f}", f"{cpu[what]:,.2f}")
            for what in median
        ],
        targets=[Target("a page, p95, ms", MOST_PAGE_MS, late[PAGE_OF], at_most=True)],
        figures={"count": options.count, "p50_ms": median, "p95_ms": late, "cpu_ms": cpu},
    )


def main() -> None:
    parser = parser_of("thumbnails", __doc__)
    parser.add_argument("--count", type=int, default=100_000, help="images; at least 1,000")
    parser.add_argument("--rounds", type=int, default=5, help="how often each page is asked for")
    run(parser, measure)


if __name__ == "__main__":
    main()
