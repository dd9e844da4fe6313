"""A large library of tiny files: memory while it is imported, and the speed of looking again.

python -m benchmarks.library --count 200000

Both services run as real processes, with the tiny model. The store's index is built apart, after
a restart, so that what it takes is seen by itself.
"""

from __future__ import annotations

import argparse
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import anyio
import httpx
import psutil

from benchmarks.raw import photograph
from benchmarks.report import BenchmarkFailed, Report, Target, parser_of, run
from benchmarks.services import Both, both_services, ended, spent_s, started
from utils.contract import API_PREFIX, JobReply

SIDE_PX = 24
FILES_A_FOLDER = 1000
PICTURES = 16
MARK_FILES = 20_000
LONG_AGO_NS = 1_600_000_000 * 10**9  # files changed just now are not trusted to be unchanged later
MOST_GROWN_MB = 60.0
UNCHANGED_PER_S = 20_000.0
KEPT_SAMPLES = 40
MB = 1e6
LONGEST_BUILD_S = 3600.0
LOOK_S = 0.2
NEVER = str(10**9)
AT_ONCE = "256"


@dataclass(frozen=True, slots=True)
class Memory:
    """Of the orchestrator and, apart, of its children, once so many files were done."""

    files: int
    rss_mb: float
    children_mb: float


class MemoryOverTime:
    """Looks at the orchestrator as often as its job is asked for."""

    def __init__(self, orchestrator: psutil.Process) -> None:
        self._orchestrator = orchestrator
        self.samples: list[Memory] = []

    def look(self, job: JobReply) -> None:
        children = 0
        for child in self._orchestrator.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                children += child.memory_info().rss
        done = job.counts.found - job.counts.pending
        rss = self._orchestrator.memory_info().rss
        self.samples.append(Memory(done, rss / MB, children / MB))

    def at(self, files: int) -> Memory:
        """The first sample with so many files done."""
        return next((one for one in self.samples if one.files >= files), self.samples[-1])

    @property
    def most_mb(self) -> float:
        return max(one.rss_mb for one in self.samples)


@dataclass(frozen=True, slots=True)
class Pass:
    """One job over the whole tree. `cpu_s` is the orchestrator's."""

    files: int
    spent_s: float
    cpu_s: float
    stages_s: dict[str, float]
    inference_calls: int
    opened_files: int

    @property
    def files_per_s(self) -> float:
        return self.files / self.spent_s

    @property
    def files_per_cpu_s(self) -> float:
        return self.files / self.cpu_s


@dataclass(frozen=True, slots=True)
class Index:
    """Its build by a child process, seen to within 10 s: so old may the metrics be."""

    upkeep_s: float
    rss_before_mb: float
    rss_most_mb: float
    children_most_mb: float


@dataclass(frozen=True, slots=True)
class Result:
    first: Pass
    memory: tuple[Memory, ...]
    at_mark: Memory
    at_end: Memory
    most_after_mark_mb: float
    unchanged: Pass
    index: Index


def write_tree(folder: Path, count: int) -> None:
    """JPEGs and PNGs by turns, each of different content, settled long ago."""
    pictures = [_encoded(number) for number in range(PICTURES)]
    for number in range(count):
        suffix, data = pictures[number % PICTURES]
        place = folder / f"{number // FILES_A_FOLDER:05d}"
        if number % FILES_A_FOLDER == 0:
            place.mkdir(parents=True, exist_ok=True)
        path = f"{place}/{number:08d}.{suffix}"
        with open(path, "wb") as file:
            file.write(data + b"%08d" % number)  # behind the picture's end
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))


def _encoded(number: int) -> tuple[str, bytes]:
    picture = photograph(1).crop((number * SIDE_PX, 0, (number + 1) * SIDE_PX, SIDE_PX))
    file = BytesIO()
    suffix, name = ("jpg", "JPEG") if number % 2 else ("png", "PNG")
    picture.save(file, name)
    return suffix, file.getvalue()


async def one_pass(both: Both, photos: Path, *, files: int, memory: MemoryOverTime) -> Pass:
    """A job that need not open what is unchanged.

    Raises:
        BenchmarkFailed: it did not find every file, or some failed.
    """
    calls = await inference_calls(both)
    cpu_s = _cpu_s(both)
    job_id = await started(both.api, photos)
    job = await ended(both.api, job_id, meanwhile=memory.look)
    memory.look(job)
    counts = job.counts
    if counts.found != files or counts.failed or counts.skipped or counts.pending:
        raise BenchmarkFailed(f"{files} files: {counts}, {job.errors_by_code}")
    return Pass(
        files=files,
        spent_s=spent_s(job),
        cpu_s=_cpu_s(both) - cpu_s,
        stages_s=job.stages,
        inference_calls=await inference_calls(both) - calls,
        opened_files=counts.found - counts.unchanged if "read" in job.stages else 0,
    )


def _cpu_s(both: Both) -> float:
    times = both.orchestrator.cpu_times()
    return float(times.user + times.system)


async def inference_calls(both: Both) -> int:
    """Requests that the inference service has answered on any way that infers."""
    async with httpx.AsyncClient(trust_env=False) as client:
        metrics = (await client.get(f"{both.inference_url}/metrics")).text
    total = 0.0
    for line in metrics.splitlines():
        if "http_requests_total{" in line and 'method="POST"' in line and API_PREFIX in line:
            total += float(line.rpartition(" ")[2])
    return int(total)


async def imported(folder: Path, photos: Path, *, files: int) -> tuple[Pass, MemoryOverTime, Pass]:
    """First everything is new, then nothing is."""
    async with both_services(folder, photos, more={"INDEX_THRESHOLD_ROWS": NEVER}) as both:
        memory = MemoryOverTime(both.orchestrator)
        first = await one_pass(both, photos, files=files, memory=memory)
        unchanged = await one_pass(
            both, photos, files=files, memory=MemoryOverTime(both.orchestrator)
        )
    return first, memory, unchanged


async def indexed(folder: Path, photos: Path) -> Index:
    """After a restart, which finds that the index of all rows is due."""
    async with both_services(folder, photos, more={"INDEX_THRESHOLD_ROWS": AT_ONCE}) as both:
        memory, start_s = MemoryOverTime(both.orchestrator), anyio.current_time()
        job = (await both.api.list_jobs(limit=50)).jobs[0]
        with anyio.fail_after(LONGEST_BUILD_S):
            while not await is_indexed(both):
                memory.look(job)
                await anyio.sleep(LOOK_S)
        memory.look(job)
        spent_s = anyio.current_time() - start_s
    most_of_child_mb = max(one.children_mb for one in memory.samples)
    return Index(spent_s, memory.samples[0].rss_mb, memory.most_mb, most_of_child_mb)


async def is_indexed(both: Both) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        metrics = (await client.get(f"{both.orchestrator_url}/metrics")).text
    return 'photoseek_orchestrator_vector_indexes{state="indexed"} 1.0' in metrics


def measured(folder: Path, *, files: int) -> Result:
    photos = folder / "photos"
    write_tree(photos, files)
    first, memory, unchanged = anyio.run(lambda: imported(folder, photos, files=files))
    if first.inference_calls == 0 or "read" not in first.stages_s:
        raise BenchmarkFailed("inference calls or opened files are not counted any more")
    index = anyio.run(indexed, folder, photos)
    mark = min(MARK_FILES, files // 10)
    later = [one for one in memory.samples if one.files >= mark]
    every = max(1, len(memory.samples) // KEPT_SAMPLES)
    return Result(
        first=first,
        memory=tuple(memory.samples[::every]),
        at_mark=memory.at(mark),
        at_end=memory.samples[-1],
        most_after_mark_mb=max(one.rss_mb for one in later),
        unchanged=unchanged,
        index=index,
    )


def targets_of(result: Result) -> list[Target]:
    grown_mb = result.at_end.rss_mb - result.at_mark.rss_mb
    since = f"above that at {result.at_mark.files:,} files, MB"
    unchanged = result.unchanged
    return [
        Target(f"RSS at the end {since}", MOST_GROWN_MB, grown_mb, at_most=True),
        Target("unchanged files/s, by the job's times", UNCHANGED_PER_S, unchanged.files_per_s),
        Target("inference calls for unchanged files", 0, unchanged.inference_calls, at_most=True),
        Target("unchanged files that were opened", 0, unchanged.opened_files, at_most=True),
    ]


def rows_of(result: Result) -> list[tuple[str, str]]:
    first, unchanged, index = result.first, result.unchanged, result.index
    rows = [
        ("import, images/s", f"{first.files_per_s:,.0f}"),
        ("import, images a CPU second of the orchestrator", f"{first.files_per_cpu_s:,.0f}"),
        ("unchanged, files/s", f"{unchanged.files_per_s:,.0f}"),
        ("unchanged, files a CPU second of the orchestrator", f"{unchanged.files_per_cpu_s:,.0f}"),
    ]
    for memory in (result.at_mark, result.at_end):
        text = f"{memory.rss_mb:,.0f} MB, {memory.children_mb:,.0f} MB"
        rows.append((f"RSS at {memory.files:,} files, of children", text))
    rows += [
        ("most RSS after that mark", f"{result.most_after_mark_mb:,.0f} MB"),
        ("index of all rows, after a restart: upkeep", f"{index.upkeep_s:,.1f} s"),
        ("RSS before it and at most", f"{index.rss_before_mb:,.0f}, {index.rss_most_mb:,.0f} MB"),
        ("RSS of its children at most", f"{index.children_most_mb:,.0f} MB"),
    ]
    return rows


def measure(options: argparse.Namespace, folder: Path) -> Report:
    result = measured(folder, files=options.count)
    return Report(
        title=f"{options.count:,} files of {SIDE_PX} px, tiny model",
        columns=("what", "figure"),
        rows=rows_of(result),
        targets=targets_of(result),
        figures={"count": options.count, **asdict(result)},
    )


def main() -> None:
    parser = parser_of("library", __doc__)
    parser.add_argument("--count", type=int, default=200_000, help="files; at least 100")
    run(parser, measure)


if __name__ == "__main__":
    main()
