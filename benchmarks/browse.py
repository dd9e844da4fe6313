"""Pages, timeline, facets, map and folders of a large collection, as browsing asks for them.

python -m benchmarks.browse --count 1000000
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import anyio
import numpy as np

from benchmarks.report import Report, Target, parser_of, run
from benchmarks.store import ROOT_ID, points
from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.words.store import LanceWords
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Order, Sort, key_of
from ingestion_orchestration_fastapi_app.domain.library.catalogue.timeline import Step
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.generation import NewGeneration
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.library.catalogue.browsing import (
    Asked,
    Browsing,
    viewport,
)
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.metadata.photo_metadata import Metadata

NAME = "default"
DIM = 8  # vectors are not looked at, but their index brings that of ids
PAGE = 100
TIMES = 7  # each is asked: the median counts
GROUP_ROWS = 16_384
MOST_PAGE_MS = 60
MOST_FACETS_MS = 150  # at 100,000 images
MOST_TIMES_SLOWER = 3  # the slowest page than the fastest

ROOT = Root(ROOT_ID, b"/photos")
BASE = datetime(2005, 1, 1)  # noqa: DTZ001  # a camera's clock has no zone
CAMERAS = [("Canon", "EOS R5"), ("NIKON", "Z 8"), ("Apple", "iPhone 14"), ("SONY", "ILCE-7M4")]
ORDERS = {
    "taken_at, newest first": Order(Sort.TAKEN_AT, is_descending=True),
    "path": Order(Sort.PATH),
    "added, newest first": Order(Sort.ADDED, is_descending=True),
}


@dataclass(frozen=True, slots=True)
class Timing:
    what: str
    ms: float


def photograph(point: Point, number: int, random: Random) -> Point:
    """One of twenty without a date, a third without a place, every tenth rated."""
    make, model = CAMERAS[number // 700 % len(CAMERAS)]
    return replace(
        point,
        format="jpeg" if number % 5 else "cr3",
        metadata=Metadata(
            taken_at=BASE + timedelta(minutes=number * 7) if number % 20 else None,
            camera_make=make,
            camera_model=model,
            lens=f"lens {number // 350 % 12}",
            latitude=random.uniform(40, 55) if number % 3 else None,
            longitude=random.uniform(0, 15) if number % 3 else None,
            rating=number % 6 if number % 10 == 0 else None,
            keywords=(f"trip {number // 100 % 300}", f"of {number % 50}") if number % 2 else (),
        ),
    )


async def filled(
    ledger: Ledger,
    store: VectorStore,
    count: int,
    *,
    root: Root = ROOT,
    point_of: Callable[[Point, int, Random], Point] = photograph,
) -> float:
    """Returns catalogue rows/s, written by themselves."""
    made = await ledger.collections.create(NAME, [root], identity=NAME)
    new = NewGeneration(NAME, "m", "w", DIM, "fingerprint")
    await ledger.generations.bind(made.id, new, synced_version=1)
    await store.create(NAME, dim=DIM)
    random, spent_s = Random(0), 0.0  # the same places each time
    directions = np.random.default_rng(0)
    for start in range(0, count, GROUP_ROWS):
        vectors = directions.standard_normal((min(GROUP_ROWS, count - start), DIM), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        group = [
            point_of(one, start + number, random)
            for number, one in enumerate(points(start, vectors))
        ]
        await store.write(NAME, group, may_exist=())
        keyed = [(key_of(one, (root,)), one) for one in group]
        began = time.perf_counter()
        await ledger.catalogue.put(made.id, [(key, one) for key, one in keyed if key is not None])
        spent_s += time.perf_counter() - began
    return count / spent_s


async def timed(what: str, call: Callable[[], Awaitable[object]]) -> Timing:
    spent: list[float] = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await call()
        spent.append(time.perf_counter() - began)
    return Timing(what, statistics.median(spent) * 1e3)


async def pages(browsing: Browsing, ledger: Ledger, count: int) -> list[Timing]:
    """The first, the middle, the last, each by the cursor of the page before."""
    found: list[Timing] = []
    for name, order in ORDERS.items():
        asked = Asked(NAME, NO_FILTERS, order, PAGE)
        cursors: dict[str, str | None] = {"first": None}
        for place, offset in (("middle", count // 2), ("last", count - 2 * PAGE)):
            cursors[place] = (await browsing.page(replace(asked, offset=offset))).cursor
        for place, cursor in cursors.items():
            at = replace(asked, cursor=cursor)
            found.append(await timed(f"page by {name}: {place}", lambda at=at: browsing.page(at)))  # type: ignore[misc]  # mypy infers no default's type
        listed = [one for one in found if one.what.startswith(f"page by {name}")]
        assert len(listed) == len(cursors)
    (made,) = await ledger.collections.list_all()
    order = ORDERS["taken_at, newest first"]
    rows = await timed(
        "the same first page, without its points",
        lambda: ledger.browsing.page(
            made.id, NO_FILTERS, order, after=None, limit=PAGE, is_dense=True
        ),
    )
    return [*found, rows]


async def counts(browsing: Browsing) -> list[Timing]:
    canon, month = Filters(camera="canon"), Filters(taken_after=BASE + timedelta(days=400))
    few = Filters(rating_min=5, keywords=("trip 7",))
    newest = ORDERS["taken_at, newest first"]
    world = viewport(-90, -180, 90, 180, zoom=3)
    city = viewport(47, 7, 47.5, 8, zoom=12)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "first page of one camera": lambda: browsing.page(Asked(NAME, canon, newest, PAGE)),
        "first page of a few": lambda: browsing.page(Asked(NAME, few, newest, PAGE)),
        "timeline by month": lambda: browsing.timeline(
            NAME, NO_FILTERS, Step.MONTH, is_descending=True
        ),
        "facets": lambda: browsing.facets(NAME, NO_FILTERS, top=20),
        "facets of one camera": lambda: browsing.facets(NAME, canon, top=20),
        "facets since a date": lambda: browsing.facets(NAME, month, top=20),
        "map of the world": lambda: browsing.places(NAME, NO_FILTERS, world),
        "map of a city": lambda: browsing.places(NAME, NO_FILTERS, city),
        "folders": lambda: browsing.folders(NAME, "/photos"),
    }
    return [await timed(what, call) for what, call in calls.items()]


async def measured(folder: Path, count: int) -> tuple[float, list[Timing]]:
    store = LanceStore(str(folder / "store"))
    try:
        async with open_ledger(folder / "ledger.sqlite3") as ledger:
            rows_per_s = await filled(ledger, store, count)
            while await store.upkeep(NAME) is not None:
                pass
            collections = Collections(ledger, store, LanceWords(store.database))
            browsing = Browsing(collections, ledger.browsing, store, shown=lambda _: None)
            return rows_per_s, [
                *await pages(browsing, ledger, count),
                *await counts(browsing),
            ]
    finally:
        await store.aclose()


def targets_of(timings: list[Timing], count: int) -> list[Target]:
    of_pages = [one.ms for one in timings if one.what.startswith("page by")]
    facets = next(one.ms for one in timings if one.what == "facets")
    slowest = max(of_pages)
    targets = [
        Target("the slowest page, ms", MOST_PAGE_MS, slowest, at_most=True),
        Target(
            "the slowest page by the fastest, times",
            MOST_TIMES_SLOWER,
            slowest / min(of_pages),
            at_most=True,
        ),
    ]
    if count <= 100_000:
        targets.append(Target("facets, ms", MOST_FACETS_MS, facets, at_most=True))
    return targets


def measure(options: argparse.Namespace, folder: Path) -> Report:
    rows_per_s, timings = anyio.run(measured, folder, options.count)
    return Report(
        title=f"{options.count:,} images, pages of {PAGE}",
        columns=("what", "ms, median"),
        rows=[
            *((one.what, f"{one.ms:,.1f}") for one in timings),
            ("catalogue rows written by themselves, /s", f"{rows_per_s:,.0f}"),
        ],
        targets=targets_of(timings, options.count),
        figures={
            "count": options.count,
            "ms": {one.what: round(one.ms, 2) for one in timings},
            "rows_per_s": round(rows_per_s),
        },
    )


def main() -> None:
    parser = parser_of("browse", __doc__)
    parser.add_argument("--count", type=int, default=100_000, help="images; at least 1,000")
    run(parser, measure)


if __name__ == "__main__":
    main()
