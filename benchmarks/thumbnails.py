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
from anyio import CapacityLimiter
from anyio.streams.buffered import BufferedByteReceiveStream
from PIL import Image

from benchmarks.browse import GROUP_ROWS, NAME, PAGE, filled
from benchmarks.report import BenchmarkFailed, Report, Target, parser_of, run
from benchmarks.services import both_services
from ingestion_orchestration_fastapi_app.adapters.content_cache.cache import open_content_cache
from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import LEDGER_NAME
from ingestion_orchestration_fastapi_app.adapters.image_preparation import ImagePreparation
from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.words.store import LanceWords
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture, Placeholder
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.words.filling import WordsFilling
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.imaging.thumbnail import thumbnail_webp
from utils.sandbox.pool import DecoderPool

CONNECTIONS = 6  # as many as a browser has to one host
PAGES = 8  # different ones, far from each other
MOST_PAGE_MS = 100
SIDE_PX = 320
_GRAIN = 5.0  # so that a thumbnail has the bytes of a photograph's


PAGE_OF, PAGE_HELD = "page of thumbnails", "the same page, held by the browser"
HELD = 304  # by the browser, which names what it has


@dataclass(slots=True)
class Spent:
    """Milliseconds by what was asked: of each page, and of the service's processor a picture."""

    pages: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)


def thumbnails() -> list[bytes]:
    """A few of different size: they are read, sent and never looked at."""
    random = np.random.default_rng(0)
    ramp = np.linspace(0, 255, SIDE_PX)[None, :, None]
    made = []
    for number in range(16):
        grain = random.standard_normal((SIDE_PX * 3 // 4, SIDE_PX, 3)) * (_GRAIN + number / 3)
        pixels = np.clip(ramp + grain, 0, 255).astype(np.uint8)
        made.append(thumbnail_webp(Image.fromarray(pixels), SIDE_PX))
    return made


def picture_version(settings: Settings) -> str:
    """What the service will keep its thumbnails under."""
    pool = DecoderPool(workers=1, timeout_s=1, memory_bytes=1)  # starts nothing by itself
    preparation = ImagePreparation(
        CapacityLimiter(1),
        pool,
        RootThreads(lambda path: path, each=1),
        max_pixels=settings.max_image_pixels,
        thumbnail_side_px=settings.thumbnail_side_px,
        encoding=settings.ml_upload_encoding,
    )
    return preparation.picture_version


async def prepared(data: Path, count: int) -> None:
    """A data folder of so many images, in which a service that starts finds nothing to do."""
    settings = Settings(data_dir=data)
    store = LanceStore(str(settings.store_location))
    try:
        async with (
            open_ledger(data / LEDGER_NAME) as ledger,
            open_content_cache(settings.cache_location) as cache,
        ):
            await filled(ledger, store, count)
            while await store.upkeep(NAME) is not None:
                pass
            collections = Collections(ledger, store, LanceWords(store.database))
            await collections.check_all()
            made = await collections.get(NAME)
            await collections.catalogue.fill(made)
            await WordsFilling(ledger, store, collections.words, cache).fill(made)
            version, webp = picture_version(settings), thumbnails()
            async for ids in store.ids(NAME):
                for start in range(0, len(ids), GROUP_ROWS):
                    points = await store.get(NAME, ids[start : start + GROUP_ROWS])
                    pictures = {
                        one.picture_key: made_picture(one, webp[one.sha256[-1] % len(webp)])
                        for one in points
                    }
                    await cache.put_pictures(version, pictures)
                    await ledger.catalogue.put_placeholders(
                        made.id,
                        {one.id: Placeholder(one.picture_key, b"\x7f" * 36) for one in points},
                    )
    finally:
        await store.aclose()


def made_picture(point: Point, thumbnail: bytes) -> Picture:
    """As it was seen: a hash of 0 would be that of a picture whose key begins with zeros."""
    return Picture(
        format=point.format,
        width_px=point.width_px,
        height_px=point.height_px,
        phash=point.phash or 1,
        partial=False,
        pixel_source=point.pixel_source,
        thumbnail=thumbnail,
    )


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
    await prepared(folder / "data", count)
    async with both_services(folder, Path("/photos")) as both:
        host, _, port = both.orchestrator_url.removeprefix("http://").partition(":")
        pages = await page_paths(both.api, count)
        connections = [
            Connection(await anyio.connect_tcp(host, int(port)), f"{host}:{port}")
            for _ in range(CONNECTIONS)
        ]
        warming = Browser(connections, both.orchestrator)
        for paths in pages:
            await warming.asks(PAGE_OF, paths)
        browser = Browser(connections, both.orchestrator, etags=warming.etags)
        for _ in range(rounds):
            for paths in pages:
                await browser.asks(PAGE_OF, paths)
                await browser.asks(PAGE_HELD, paths, held=True)
        return browser.spent


def measure(options: argparse.Namespace, folder: Path) -> Report:
    (folder / "data").mkdir()
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
