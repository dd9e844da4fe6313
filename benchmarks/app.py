"""The web app with a large library in Chromium: how soon pictures are seen, and what it holds.

python -m benchmarks.app --count 100000
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import anyio
import psutil

from benchmarks.app_library import make_library, months_of
from benchmarks.report import BenchmarkFailed, Report, Target, parser_of, run
from benchmarks.services import orchestrator_service

try:
    from playwright.async_api import async_playwright

    from benchmarks.app_page import Memory, PhotosPage, Shown, opened
except ModuleNotFoundError as missing:
    if missing.name != "playwright":
        raise
    sys.exit("Not measured: Playwright is missing. `make install`, or `pip install -e .[dev]`.")

QUIET_LIMIT_S, LOOK_S, QUIET_PERCENT = 120, 2, 20

MOST_FIRST_MS, MOST_JUMP_MS = 1_500, 500
MOST_GROWTH = 1.1  # the last quarter of the way by the first
MOST_SHIFT = 0.05


@dataclass(frozen=True, slots=True)
class Times:
    """How often each is done. `samples`: of what is held, while all is scrolled through."""

    openings: int
    jumps: int
    samples: int
    steps_a_sample: int


ALL, FEW = Times(5, 20, 40, 5), Times(1, 2, 4, 1)


@dataclass(frozen=True, slots=True)
class Measured:
    """Of `memory` the first is of the newest pictures, the last of the oldest."""

    openings: Sequence[Shown]
    by_address: Sequence[Shown]
    by_scrubber: Sequence[Shown]
    memory: Sequence[Memory]
    shift: float


async def measured(folder: Path, count: int, times: Times) -> Measured:
    """Raises BenchmarkFailed where there is no Chromium, or the service never rests."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if chromium is None:
        raise BenchmarkFailed("Chromium is missing: `apt-get install chromium`.")
    photos = folder / "photos"
    await make_library(folder / "data", photos, count)
    async with (
        orchestrator_service(folder, photos) as running,
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=chromium) as browser,
    ):
        await quiet(psutil.Process(running.process.pid))
        url = running.service.url
        openings = []
        for _ in range(times.openings):
            async with opened(browser, url) as page:
                openings.append(await page.first())
        async with opened(browser, url) as page:
            await page.first()
            random = Random(0)
            months = random.choices(months_of(count), k=times.jumps)
            return Measured(
                openings,
                [await page.at_month(one) for one in months],
                [await page.at_share(random.random()) for _ in range(times.jumps)],
                await through_all(page, times),
                await page.shift(),
            )


async def quiet(service: psutil.Process) -> None:
    """Waits until it has done what it does after a start."""
    service.cpu_percent()  # since when the next one tells it
    for _ in range(QUIET_LIMIT_S // LOOK_S):
        await anyio.sleep(LOOK_S)
        if service.cpu_percent() < QUIET_PERCENT:
            return
    raise BenchmarkFailed(f"the service is still busy {QUIET_LIMIT_S} s after its start")


async def through_all(page: PhotosPage, times: Times) -> list[Memory]:
    """From the newest to the oldest in steps of many screens; at each all that is seen is there."""
    last = times.samples * times.steps_a_sample - 1
    found = []
    for step in range(last + 1):
        await page.scrolled(step / last)
        if (step + 1) % times.steps_a_sample == 0:
            found.append(await page.memory())
    return found


def growth(values: Sequence[float]) -> float:
    quarter = len(values) // 4
    return statistics.mean(values[-quarter:]) / statistics.mean(values[:quarter])


def p95(values: Sequence[float]) -> float:
    if len(values) < 2:  # of one there are no shares
        return values[0]
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def report_of(found: Measured, count: int) -> Report:
    first = [one.ms for one in found.openings]
    address = [one.ms for one in found.by_address]
    scrubber = [one.ms for one in found.by_scrubber]
    heap = [one.heap_mib for one in found.memory]
    nodes = [float(one.nodes) for one in found.memory]
    tiles = statistics.median(one.tiles for one in found.openings)
    at_most = [
        ("first pictures, ms, median", MOST_FIRST_MS, statistics.median(first)),
        ("a month by its address, ms, p95", MOST_JUMP_MS, p95(address)),
        ("a place by the scroll bar, ms, p95", MOST_JUMP_MS, p95(scrubber)),
        ("memory at the end of all by its beginning", MOST_GROWTH, growth(heap)),
        ("nodes at the end of all by its beginning", MOST_GROWTH, growth(nodes)),
        ("layout shifts, all together", MOST_SHIFT, found.shift),
    ]
    return Report(
        title=f"{count:,} images, a window of 1440 x 900",
        columns=("what", "median", "p95", "most"),
        rows=[
            row(f"opened until all {tiles:g} pictures are seen, ms", first),
            row("a month by its address, ms", address),
            row("a place by the scroll bar, ms", scrubber),
            row("JavaScript's memory, MiB", heap, digits=1),
            row("nodes of the document", nodes),
        ],
        targets=[Target(what, most, value, at_most=True) for what, most, value in at_most],
        figures={"count": count, **asdict(found)},
    )


def row(what: str, values: Sequence[float], *, digits: int = 0) -> tuple[str, ...]:
    told = (statistics.median(values), p95(values), max(values))
    return (what, *(f"{value:,.{digits}f}" for value in told))


def measure(options: argparse.Namespace, folder: Path) -> Report:
    times = FEW if options.quick else ALL
    return report_of(anyio.run(measured, folder, options.count, times), options.count)


def main() -> None:
    parser = parser_of("app", __doc__)
    parser.add_argument("--count", type=int, default=100_000, help="images; at least 1,000")
    parser.add_argument("--quick", action="store_true", help="few of each, as a try")
    run(parser, measure)


if __name__ == "__main__":
    main()
