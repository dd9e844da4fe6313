"""How fast and how well a large store is searched, and what its index costs: 100,000, 1,000,000.

photoseek bench search [--rows 100000 1000000] [--rounds 5]

The store alone, without a service and without a model: made vectors in clusters, whose spectrum
falls as CLIP's does. Asked by pictures of those clusters, and by vectors that lie as far from all
pictures as CLIP's texts do. What is found is held to an exact search with numpy.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio
import numpy as np
import numpy.typing as npt
import psutil

from benchmarks.report import Report, Target, parser_of, run
from benchmarks.store import points
from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.building import BuildLimits
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.settings import Settings

DIM = 512
GROUP_ROWS = 4096
QUERIES = 100
NEIGHBOURS = 20
NOTHING = -2.0  # no cosine
COLLECTION = "benchmark"
MIB = 1024**2
ONE_IN_A_HUNDRED = Filters(min_width_px=4099)
# p50 and p95 in milliseconds, and how often as long a filtered search may take.
WANTED = {100_000: (15.0, 30.0, 2.0), 1_000_000: (35.0, 60.0, 3.5)}
LEAST_RECALL = 0.97
MOST_RSS_MB = 1600.0

Vectors = npt.NDArray[np.float32]


class Library:
    """A thousand themes with fifty events each, and pictures around those."""

    def __init__(self) -> None:
        fixed = np.random.default_rng(0)
        spectrum = np.arange(1, DIM + 1, dtype=np.float32) ** -0.5
        self._spectrum = spectrum * np.sqrt(DIM / np.sum(spectrum**2))
        self._turn = np.linalg.qr(fixed.standard_normal((DIM, DIM)))[0].astype(np.float32)
        self._themes = self._normal(fixed, 1000)
        self._events = 0.6 * self._normal(fixed, 50_000)
        self._mean = self._normal(fixed, 1)
        self._away = fixed.standard_normal(DIM)
        self._random = np.random.default_rng(1)

    def _normal(self, random: np.random.Generator, count: int) -> Vectors:
        made: Vectors = random.standard_normal((count, DIM), dtype=np.float32) * self._spectrum
        return made

    def pictures(self, count: int) -> Vectors:
        theme = self._random.integers(0, 1000, count)
        event = theme * 50 + self._random.integers(0, 50, count)
        noise = 0.45 * self._normal(self._random, count)
        return unit((self._themes[theme] + self._events[event] + self._mean + noise) @ self._turn)

    def texts(self, count: int) -> Vectors:
        """The nearest picture at a cosine of about 0.3."""
        noise = unit(self._random.standard_normal((count, DIM)))
        away = unit(self._away[np.newaxis])
        return unit(0.3 * self.pictures(count) + 0.8 * away + 0.5 * noise)


def unit(vectors: npt.NDArray[np.floating]) -> Vectors:
    made: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return made


@dataclass(frozen=True, slots=True)
class Searches:
    """Milliseconds, the median of the rounds, and how many of the best 20 were found."""

    p50_ms: float
    p95_ms: float
    recall: float


@dataclass(frozen=True, slots=True)
class Size:
    rows: int
    insert_s: float
    index_s: float
    index_mib: float
    pictures: Searches
    filtered: Searches
    texts: Searches
    rss_mb: float

    @property
    def times_slower_filtered(self) -> float:
        return self.filtered.p50_ms / self.pictures.p50_ms


class Best:
    """The true nearest of some queries among what was shown, batch by batch."""

    def __init__(self, queries: Vectors) -> None:
        self._queries = queries
        self._scores: Vectors = np.full((len(queries), NEIGHBOURS), NOTHING, dtype=np.float32)
        self._numbers = np.zeros((len(queries), NEIGHBOURS), dtype=np.int64)

    def show(self, numbers: npt.NDArray[np.int64], vectors: Vectors) -> None:
        scores = np.hstack([self._scores, self._queries @ vectors.T])
        every = np.broadcast_to(numbers, (len(self._queries), len(numbers)))
        known = np.hstack([self._numbers, every])
        best = np.argsort(-scores, axis=1)[:, :NEIGHBOURS]
        self._scores = np.take_along_axis(scores, best, axis=1)
        self._numbers = np.take_along_axis(known, best, axis=1)

    def of(self, query: int) -> set[int]:
        """Fewer where fewer were shown: none has the score that stands for no number."""
        return set(self._numbers[query][self._scores[query] > NOTHING].tolist())


async def measured(folder: Path, rows: int, *, rounds: int) -> Size:
    settings = Settings(data_dir=folder)
    store = LanceStore(
        str(folder),
        index_threshold_rows=rows,
        index_cache_bytes=settings.index_cache_bytes,
        build_limits=BuildLimits(settings.index_build_memory_bytes, settings.index_build_timeout_s),
    )
    library = Library()
    pictures, texts = library.pictures(QUERIES), library.texts(QUERIES)
    true = [Best(pictures), Best(pictures), Best(texts)]
    await store.create(COLLECTION, dim=DIM)
    insert_s = 0.0
    for start in range(0, rows, GROUP_ROWS):
        vectors = library.pictures(min(GROUP_ROWS, rows - start))
        numbers = np.arange(start, start + len(vectors))
        kept = numbers % 100 == 99  # what ONE_IN_A_HUNDRED leaves
        group, begin_s = points(start, vectors), time.perf_counter()
        await store.write(COLLECTION, group, may_exist=())
        insert_s += time.perf_counter() - begin_s
        true[0].show(numbers, vectors)
        true[1].show(numbers[kept], vectors[kept])
        true[2].show(numbers, vectors)
    begin_s = time.perf_counter()
    await store.upkeep(COLLECTION)
    index_s = time.perf_counter() - begin_s
    return Size(
        rows=rows,
        insert_s=insert_s,
        index_s=index_s,
        index_mib=_bytes_below(folder / f"{COLLECTION}.lance" / "_indices") / MIB,
        pictures=await _searched(store, pictures, true[0], rounds=rounds),
        filtered=await _searched(store, pictures, true[1], ONE_IN_A_HUNDRED, rounds=rounds),
        texts=await _searched(store, texts, true[2], rounds=rounds),
        rss_mb=psutil.Process().memory_info().rss / 1e6,
    )


async def _searched(
    store: LanceStore, queries: Vectors, true: Best, filters: Filters = NO_FILTERS, *, rounds: int
) -> Searches:
    """The first round warms up, and is left out."""
    p50s, p95s, recalls = [], [], []
    for _ in range(rounds + 1):
        times_ms, shares = [], []
        for number, query in enumerate(queries):
            begin_s = time.perf_counter()
            hits = await store.search(COLLECTION, query, limit=NEIGHBOURS, filters=filters)
            times_ms.append((time.perf_counter() - begin_s) * 1e3)
            found = {int.from_bytes(hit.point.sha256, "big") for hit in hits}
            near = true.of(number)
            shares.append(len(found & near) / len(near))
        times_ms.sort()
        p50s.append(times_ms[len(times_ms) // 2])
        p95s.append(times_ms[len(times_ms) * 95 // 100])
        recalls.append(statistics.mean(shares))
    return Searches(*(statistics.median(of[1:]) for of in (p50s, p95s, recalls)))


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def rows_of(size: Size) -> list[tuple[str, str]]:
    rows = [
        ("inserts, synced", f"{size.rows / size.insert_s:,.0f} /s"),
        ("compaction and index", f"{size.index_s:,.0f} s, {size.index_mib:,.0f} MiB"),
    ]
    named = {"pictures": size.pictures, "one in a hundred": size.filtered, "texts": size.texts}
    for name, found in named.items():
        text = f"{found.p50_ms:,.1f}, {found.p95_ms:,.1f} ms, {found.recall:.3f}"
        rows.append((f"p50, p95, recall@{NEIGHBOURS}: {name}", text))
    rows.append(("RSS afterwards", f"{size.rss_mb:,.0f} MB"))
    return [(f"{size.rows:,}: {what}", figure) for what, figure in rows]


def targets_of(size: Size) -> list[Target]:
    targets = []
    if size.rows in WANTED:
        p50_ms, p95_ms, times = WANTED[size.rows]
        targets += [
            Target("p50 in ms", p50_ms, size.pictures.p50_ms, at_most=True),
            Target("p95 in ms", p95_ms, size.pictures.p95_ms, at_most=True),
            Target("times slower with a filter", times, size.times_slower_filtered, at_most=True),
        ]
    every = {"": size.pictures, ", filtered": size.filtered, ", texts": size.texts}
    for name, found in every.items():
        targets.append(Target(f"recall@{NEIGHBOURS}{name}", LEAST_RECALL, found.recall))
    targets.append(Target("RSS in MB", MOST_RSS_MB, size.rss_mb, at_most=True))
    return [
        Target(f"{size.rows:,}: {one.what}", one.wanted, one.measured, at_most=one.at_most)
        for one in targets
    ]


def measure(options: argparse.Namespace, folder: Path) -> Report:
    sizes = []
    for rows in options.rows:
        room = folder / str(rows)
        room.mkdir()
        sizes.append(anyio.run(lambda n=rows, at=room: measured(at, n, rounds=options.rounds)))  # type: ignore[misc]  # mypy infers no default's type
    return Report(
        title=f"Searches for the {NEIGHBOURS} nearest of {DIM} numbers",
        columns=("what", "figure"),
        rows=[row for size in sizes for row in rows_of(size)],
        targets=[target for size in sizes for target in targets_of(size)],
        figures={"sizes": [asdict(size) for size in sizes]},
    )


def main() -> None:
    parser = parser_of("search", __doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    run(parser, measure)


if __name__ == "__main__":
    main()
