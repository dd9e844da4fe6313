"""How fast the vector store writes, merges and finds, how well its index recalls, what it holds.

python -m benchmarks.store --rows 100000 --dim 512
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from threading import Event, Thread
from uuid import UUID, uuid5

import anyio
import numpy as np
import numpy.typing as npt
import psutil
from rich.console import Console
from rich.table import Table

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from utils.metadata.photo_metadata import Metadata

GROUP_ROWS = 4096
SEARCHES = 40
NEIGHBOURS = 10
COLLECTION = "benchmark"
ROOT_ID = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
TAKEN_AT = datetime(2020, 1, 1)  # noqa: DTZ001  # a camera's clock has no zone
MIB = 1024**2

Vectors = npt.NDArray[np.float32]


class Scenes:
    """Vectors that lie in clusters, as those of real photographs do."""

    def __init__(self, dim: int, *, spread: float = 0.8) -> None:
        self._random = np.random.default_rng(0)
        self._centres = self._random.standard_normal((1000, dim), dtype=np.float32)
        self._spread = spread

    def vectors(self, count: int) -> Vectors:
        chosen = self._centres[self._random.integers(0, len(self._centres), count)]
        noise = self._random.standard_normal(chosen.shape, dtype=np.float32)
        mixed = chosen + self._spread * noise
        unit: Vectors = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        return unit


def points(start: int, vectors: Vectors) -> list[Point]:
    return [_point(start + row, vector) for row, vector in enumerate(vectors)]


def _point(number: int, vector: npt.NDArray[np.float32]) -> Point:
    name = f"IMG_{number:07d}.jpg"
    path = f"/photos/{number // 500:05d}/{name}"
    return Point(
        id=uuid5(ROOT_ID, path),
        vector=vector,
        root_id=ROOT_ID,
        path=path.encode(),
        display_path=path,
        filename=name,
        sha256=number.to_bytes(32, "big"),
        size_bytes=6_000_000 + number,
        mtime_ns=1_700_000_000_000_000_000 + number,
        format="jpeg",
        width_px=4000 + number % 100,
        height_px=3000,
        phash=number * 2_654_435_761 % 2**64,
        partial=False,
        pixel_source="image",
        metadata=Metadata(
            taken_at=TAKEN_AT,
            camera_make="Canon",
            camera_model="EOS R5",
            latitude=47.0,
            longitude=8.0,
        ),
        caption=None,
        fingerprint="0123456789abcdef",
        job_id="job",
    )


class PeakRss:
    """The most memory this process held while the block ran, above what it held before."""

    def __enter__(self) -> PeakRss:
        self._process = psutil.Process()
        self._done = Event()
        self.before = self.peak = self._process.memory_info().rss
        self._thread = Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.peak = max(self.peak, self._process.memory_info().rss)


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await call()
    return time.perf_counter() - start


class Benchmark:
    """Fills one store and measures it; every figure is a row of the table."""

    def __init__(self, folder: str, *, rows: int, dim: int) -> None:
        self._store = LanceStore(folder, index_threshold_rows=rows)
        self._rows = rows
        self._dim = dim
        self._scenes = Scenes(dim)
        self._queries = self._scenes.vectors(SEARCHES)
        self.figures: list[tuple[str, str]] = []

    async def run(self) -> None:
        await self._store.create(COLLECTION, dim=self._dim)
        await self._insert()
        await self._merge()
        await self._search("flat")
        truth = [await self._nearest(query) for query in self._queries]
        await self._index()
        await self._search("indexed")
        found = [await self._nearest(query) for query in self._queries]
        shared = [len(wanted & got) / NEIGHBOURS for wanted, got in zip(truth, found, strict=True)]
        self._note(f"recall@{NEIGHBOURS}, indexed against flat", f"{statistics.mean(shared):.3f}")
        await self._beside_the_index()
        rss = psutil.Process().memory_info().rss
        self._note("RSS at the end", f"{rss / MIB:,.0f} MiB")

    async def _insert(self) -> None:
        spent_s = 0.0
        slowest_s = 0.0
        for start in range(0, self._rows, GROUP_ROWS):
            group = points(start, self._scenes.vectors(min(GROUP_ROWS, self._rows - start)))
            group_s = await timed(lambda g=group: self._store.write(COLLECTION, g, may_exist=()))  # type: ignore[misc]  # mypy infers no default's type
            spent_s += group_s
            slowest_s = max(slowest_s, group_s)
        self._note(f"inserts, groups of {GROUP_ROWS:,}, synced", f"{self._rows / spent_s:,.0f} /s")
        self._note("slowest group", f"{slowest_s * 1e3:,.0f} ms")

    async def _merge(self) -> None:
        count = min(GROUP_ROWS, self._rows)
        stored = points(0, self._scenes.vectors(count))
        group = [replace(point, job_id="later") for point in stored]
        may_exist = frozenset(point.id for point in group)
        spent_s = await timed(
            lambda: self._store.write(COLLECTION, group, may_exist=may_exist),
        )
        self._note(f"merges, one group of {count:,}, synced", f"{count / spent_s:,.0f} /s")

    async def _search(self, kind: str, filters: Filters | None = None) -> None:
        asked = filters or Filters()
        times_s = []
        for query in self._queries:
            call = self._store.search
            start = time.perf_counter()
            await call(COLLECTION, query, limit=NEIGHBOURS, filters=asked)
            times_s.append(time.perf_counter() - start)
        times_s.sort()
        p50_ms, p95_ms = times_s[len(times_s) // 2] * 1e3, times_s[-len(times_s) // 20] * 1e3
        self._note(f"search, {kind}", f"{p50_ms:,.1f} ms p50, {p95_ms:,.1f} ms p95")

    async def _nearest(self, query: npt.NDArray[np.float32]) -> set[UUID]:
        hits = await self._store.search(COLLECTION, query, limit=NEIGHBOURS)
        return {hit.point.id for hit in hits}

    async def _index(self) -> None:
        with PeakRss() as memory:
            spent_s = await timed(lambda: self._store.upkeep(COLLECTION))
        self._note("compaction and index", f"{spent_s:,.1f} s")
        grown = (memory.peak - memory.before) / MIB
        self._note("RSS while indexing, above before", f"{grown:,.0f} MiB at most")

    async def _beside_the_index(self) -> None:
        start = self._rows
        group = points(start, self._scenes.vectors(GROUP_ROWS))
        await self._store.write(COLLECTION, group, may_exist=())
        await self._search(f"indexed, {GROUP_ROWS:,} rows not yet")
        await self._search("indexed, one row in a hundred", Filters(min_width_px=4099))
        page_s = await timed(lambda: self._store.page(COLLECTION, limit=50, offset=start // 2))
        self._note("a page in the middle", f"{page_s * 1e3:,.0f} ms")
        wanted = [point.id for point in group[:50]]
        get_s = await timed(lambda: self._store.get(COLLECTION, wanted))
        self._note("50 points by id", f"{get_s * 1e3:,.0f} ms")
        self._note("rows", f"{await self._store.count(COLLECTION):,}")

    def _note(self, what: str, figure: str) -> None:
        self.figures.append((what, figure))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--folder", help="where to put the store (default: a temporary folder)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        benchmark = Benchmark(folder, rows=arguments.rows, dim=arguments.dim)
        anyio.run(benchmark.run)
    table = Table(title=f"Vector store, {arguments.rows:,} x {arguments.dim}")
    table.add_column("what")
    table.add_column("figure", justify="right")
    for what, figure in benchmark.figures:
        table.add_row(what, figure)
    Console().print(table)


if __name__ == "__main__":
    main()
