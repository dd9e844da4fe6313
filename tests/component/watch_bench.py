"""A whole orchestrator with watched folders: a tree, events and a clock that tests drive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import Event, create_task_group, fail_after, sleep, wait_all_tasks_blocked
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.deletion import device_at
from ingestion_orchestration_fastapi_app.domain.files.file import File, Root
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    is_within,
    new_identity,
    point_id,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, Origin
from ingestion_orchestration_fastapi_app.domain.library.collection import Watch
from ingestion_orchestration_fastapi_app.domain.scanning.found import Mounted, ScanFault
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.ports.folders.folder_events import (
    DirtyFolders,
    NoEventsError,
)
from ingestion_orchestration_fastapi_app.watch.change_scan import ChangeScan
from ingestion_orchestration_fastapi_app.watch.watched_folder import WatchedFolder
from ingestion_orchestration_fastapi_app.watch.watching import Watching
from tests.component.bench import PATIENCE_S, Bench
from tests.fakes import FakeLibrary
from utils.contract import JobState

DEBOUNCE_S = 2.0
RESCAN_S = 3600.0
PHOTOS = b"/photos"


class TreeLibrary(FakeLibrary):
    """Scans what is asked for. A folder is there while a file is in it, or it is in `devices`."""

    def __init__(self) -> None:
        super().__init__()
        self.scanned: list[tuple[bytes, bool]] = []

    async def scan(
        self,
        directory: bytes,
        *,
        recursive: bool,
        roots: Sequence[Root],
        names: frozenset[bytes] | None = None,
        excluded: Collection[bytes] = (),
    ) -> AsyncIterator[list[File] | Mounted | ScanFault]:
        self.scanned.append((directory, recursive))
        await checkpoint()
        device = device_at(directory, self.devices)
        below = [path for path in sorted(self.files) if is_within(PHOTOS + b"/" + path, directory)]
        if device is None or not (below or directory in self.devices):
            yield ScanFault(directory, "no such folder")
            return
        yield Mounted(directory, device)
        for path, found in self.devices.items():
            if recursive and path != directory and is_within(path, directory):
                yield Mounted(path, found)
        met = [
            file
            for file in map(self._file, below)
            if recursive or file.absolute.rpartition(b"/")[0] == directory
        ]
        for start in range(0, len(met), self.group_files):
            await checkpoint()
            yield met[start : start + self.group_files]

    async def gone(
        self, paths: Sequence[bytes], *, below: bytes, are_folders: bool = False
    ) -> list[bool]:
        await checkpoint()
        there = {self._file(path).absolute for path in self.files} | set(self.devices)
        folders = {one[:at] for one in there for at in range(len(one)) if one[at : at + 1] == b"/"}
        return [path not in there | folders for path in paths]


class FakeClock:
    def __init__(self) -> None:
        self.now_s = 1000.0
        self._sleepers: list[tuple[float, Event]] = []

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, wait_s: float) -> None:
        woken = Event()
        sleeper = (self.now_s + wait_s, woken)
        self._sleepers.append(sleeper)
        try:
            await woken.wait()
        finally:
            self._sleepers.remove(sleeper)

    def advance(self, by_s: float) -> None:
        self.now_s += by_s
        for due_s, woken in self._sleepers:
            if due_s <= self.now_s:
                woken.set()


@dataclass
class FakeFeed:
    touched: DirtyFolders
    wake: Callable[[], None]
    broken: bool = False
    closed: bool = False

    async def close(self) -> None:
        await checkpoint()
        self.closed = True


@dataclass
class FakeEvents:
    """`refused`: why there are none."""

    library: TreeLibrary
    refused: str | None = None
    feeds: list[FakeFeed] = field(default_factory=list)

    async def device(self, directory: bytes) -> int | None:
        await checkpoint()
        return self.library.devices.get(PHOTOS)

    async def follow(
        self, directory: bytes, *, recursive: bool, touched: DirtyFolders, wake: Callable[[], None]
    ) -> FakeFeed:
        await checkpoint()
        if self.refused is not None:
            raise NoEventsError(self.refused)
        self.feeds.append(FakeFeed(touched, wake))
        return self.feeds[-1]

    def touch(self, *folders: bytes, deep: bool = False) -> None:
        """Something happened in these, relative to the photos."""
        for feed in self.feeds:
            for folder in folders:
                path = PHOTOS + b"/" + folder if folder else PHOTOS
                if not feed.closed and feed.touched.add(path, deep=deep):
                    feed.wake()


@dataclass
class Watched:
    """One run of the orchestrator."""

    bench: Bench
    library: TreeLibrary
    events: FakeEvents
    clock: FakeClock
    scheduler: JobScheduler
    watching: Watching

    async def settled(self) -> None:
        """Until nothing more can happen at this time."""
        with fail_after(PATIENCE_S):
            await wait_all_tasks_blocked()
            while await self.bench.ledger.jobs.list_unfinished():
                await sleep(0.002)  # a job's own lingers are real
                await wait_all_tasks_blocked()

    async def pass_by(self, seconds: float) -> None:
        """All at once: who waits for less wakes late."""
        self.clock.advance(seconds)
        await self.settled()

    async def jobs(self) -> list[JobRecord]:
        """Oldest first."""
        return (await self.bench.ledger.jobs.list_newest(limit=1000, offset=0))[::-1]

    async def watch(self, *, recursive: bool = True) -> None:
        collection = await self.bench.collection()
        await self.watching.put(collection, Watch(PHOTOS, recursive=recursive))
        await self.settled()

    async def folder(self) -> WatchedFolder | None:
        collection = await self.bench.collection()
        return self.watching.followed(collection.id, PHOTOS)

    async def ids_match(self) -> bool:
        return await ids_match(self.bench)


async def ids_match(bench: Bench) -> bool:
    """Each image has its one point, and there is no other."""
    wanted = {
        point_id(new_identity("default", ()), bench.library.root.id, path): 1
        for path, file in bench.library.files.items()
        if file.data.startswith(b"image") and b"corrupt" not in file.data
    }
    return dict(await bench.rows()) == wanted


def is_image_name(path: bytes) -> bool:
    return path.endswith(b".jpg")


@asynccontextmanager
async def watched(bench: Bench, *, refused: str | None = None) -> AsyncIterator[Watched]:
    """Enter twice for a restart."""
    assert isinstance(bench.library, TreeLibrary)
    clock, events = FakeClock(), FakeEvents(bench.library, refused)
    scheduler = bench.scheduler()
    watching = Watching(
        bench.ledger.collections,
        ChangeScan(bench.ledger.files, bench.ledger.folders, bench.library, is_image_name),
        scheduler,
        events,
        is_allowed=lambda directory: directory == PHOTOS,
        captions=True,
        debounce_s=DEBOUNCE_S,
        rescan_s=RESCAN_S,
        clock=clock,
        sleep=clock.sleep,
    )
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        await tg.start(watching.serve)
        run = Watched(bench, bench.library, events, clock, scheduler, watching)
        await run.settled()
        yield run
        tg.cancel_scope.cancel()
    assert all(feed.closed for feed in events.feeds)


def tree(images: int = 60) -> Bench:
    """Two folders and a nested one."""
    bench = Bench(library=TreeLibrary())
    for number in range(images):
        folder = (b"one", b"two", b"two/deep")[number % 3]
        bench.library.put(folder + b"/%03d.jpg" % number, b"image %d" % number)
    return bench


async def quiet(run: Watched) -> None:
    await run.pass_by(DEBOUNCE_S + 1)


async def rescans(run: Watched) -> None:
    for _ in range(2):
        await run.pass_by(RESCAN_S)


async def only_new_job(run: Watched, *, before: int = 1) -> JobRecord:
    jobs = (await run.jobs())[before:]
    assert len(jobs) == 1, [(job.request, job.counts) for job in jobs]
    assert jobs[0].state is JobState.COMPLETED
    assert jobs[0].request.origin is Origin.WATCH
    return jobs[0]
