"""One watched folder: waits for events or for its time, looks, and asks for a job."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
from anyio import CancelScope, Event, create_task_group

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, is_within
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    FILES_LANE,
    IngestOptions,
    import_request,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import Origin
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.ports.folders.folder_events import (
    MAX_FOLDERS,
    DirtyFolders,
    Feed,
    FolderEvents,
    NoEventsError,
)
from ingestion_orchestration_fastapi_app.ports.ledger.collections import CollectionRepository
from ingestion_orchestration_fastapi_app.watch.change_scan import ChangeScan, FolderDiff
from utils.contract.warnings import WarningCode, WarningDetail
from utils.problems import Problem, resource_shortage

log = structlog.get_logger(__name__)

PROBE_S = 30.0  # how soon it is seen that the folder is mounted, or is gone
RETRY_S = 60.0  # after the ledger or the folder could not be read


@dataclass(frozen=True, slots=True)
class Timing:
    """`rescan_s` 0: only at the start. The clock is monotonic, in seconds."""

    debounce_s: float
    rescan_s: float
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]


class WatchedFolder:
    """A job is asked for only where there is something to do in it, and only when no job of the
    collection is unfinished: what happens meanwhile is for the next one.

    What a job left as it was (it was stopped by the guard, or failed) is not tried again before
    something changes there, or at the next start.
    """

    def __init__(
        self,
        collections: CollectionRepository,
        change_scan: ChangeScan,
        scheduler: JobScheduler,
        events: FolderEvents,
        timing: Timing,
        collection: CollectionRecord,
        watch: Watch,
    ) -> None:
        self.watch = watch
        self.warning: WarningDetail | None = WarningDetail.of(WarningCode.WATCH_BEGINS)
        self._collections = collections
        self._change_scan = change_scan
        self._scheduler = scheduler
        self._events = events
        self._timing = timing
        self._collection = collection
        self._touched = DirtyFolders(timing.clock)
        self._woken = Event()
        self._feed: Feed | None = None
        self._device: int | None = None
        self._wants_events = True
        self._rescan_at_s = timing.clock()
        self._tried: dict[bytes, int] = {}
        self._tried_whole: int | None = None

    @property
    def detail(self) -> str | None:
        """What is wrong, in English."""
        return None if self.warning is None else self.warning.detail

    @property
    def has_events(self) -> bool:
        return self._feed is not None and not self._feed.broken

    async def run(self) -> None:
        """Until cancelled, or until the collection is gone."""
        try:
            while not await self._is_over():
                pass
        except Exception:  # a bug ends one watch
            log.exception("watch_ended", directory=display_text(self.watch.directory))
            self.warning = WarningDetail.of(WarningCode.WATCH_ENDED)
        finally:
            with CancelScope(shield=True):  # bounded: it only tells threads to end
                await self._close_feed()

    async def _is_over(self) -> bool:
        """Waits for what is next and does it; True where the collection is gone."""
        try:
            await self._keep_events()
            wait_s = self._due_s() - self._timing.clock()
            if wait_s > 0:
                await self._rest(min(wait_s, PROBE_S))
                return False
            await self._scheduler.idle(self._collection.id, FILES_LANE)
            now = await self._collections.find_by_id(self._collection.id)
            if now is None:
                return True
            fault = await self._pick_up(now)
        except Exception as exc:
            problem = exc if isinstance(exc, Problem) else resource_shortage(exc)
            if problem is None:
                raise
            fault = WarningDetail.of(  # of the moment: the ledger, or a thread
                WarningCode.WATCH_HELD_UP, error=problem.code.value, reason=problem.detail
            )
        if fault is not None:
            self._say(fault)
            self._rescan_at_s = self._timing.clock() + RETRY_S
            await self._rest(PROBE_S)  # the folder itself may be what cannot be looked at
        return False

    def _due_s(self) -> float:
        if self._device is None:
            return math.inf
        return min(self._rescan_at_s, self._touched.due_s(self._timing.debounce_s))

    async def _rest(self, wait_s: float) -> None:
        async def ring() -> None:
            await self._timing.sleep(wait_s)
            self._woken.set()

        async with create_task_group() as tg:
            tg.start_soon(ring)
            await self._woken.wait()
            tg.cancel_scope.cancel()
        self._woken = Event()

    def _wake(self) -> None:
        self._woken.set()

    async def _keep_events(self) -> None:
        """Follows the folder that is there now. What happened while it was not followed shows."""
        directory = self.watch.directory
        device = await self._events.device(directory)
        if device != self._device or (self._feed is not None and self._feed.broken):
            await self._close_feed()
            self._device, self._wants_events = device, True
            self._rescan_at_s = self._timing.clock()
        if device is None:
            self._say(WarningDetail.of(WarningCode.WATCH_FOLDER_AWAY))
        elif self._wants_events and self._feed is None:
            self._wants_events = False
            try:
                self._feed = await self._events.follow(
                    directory,
                    recursive=self.watch.recursive,
                    touched=self._touched,
                    wake=self._wake,
                )
            except NoEventsError as exc:
                self._say(WarningDetail.of(WarningCode.WATCH_WITHOUT_EVENTS, reason=str(exc)))
            else:
                self._say(None)

    async def _close_feed(self) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            await feed.close()

    def _say(self, warning: WarningDetail | None) -> None:
        """Once, however often it is found."""
        if warning is not None and warning != self.warning:
            log.warning(
                "watching_without_events",
                directory=display_text(self.watch.directory),
                collection=self._collection.name,
                detail=warning.detail,
            )
        self.warning = warning

    async def _pick_up(self, collection: CollectionRecord) -> WarningDetail | None:
        """What kept it from looking, if anything did: then what was taken is looked at with all."""
        taken = self._touched.take()
        is_whole = taken.whole or self._timing.clock() >= self._rescan_at_s
        touched = None if is_whole else taken.folders
        if not await self._change_scan.library.is_allowed(self.watch.directory):
            return WarningDetail.of(WarningCode.WATCH_NOT_ALLOWED)
        diff = await self._change_scan.at(collection, self.watch, touched)
        if await self._events.device(self.watch.directory) != self._device:
            return None  # it was unmounted meanwhile: what was seen means nothing
        if diff.fault is not None:
            return WarningDetail.of(WarningCode.WATCH_FOLDER_UNREADABLE, reason=diff.fault)
        await self._submit(collection, diff, touched)
        if is_whole:
            self._rescan_at_s = self._timing.clock() + (self._timing.rescan_s or math.inf)
            self._wants_events = True
        if self.has_events:
            self._say(None)
        return None

    async def _submit(
        self, collection: CollectionRecord, diff: FolderDiff, touched: Mapping[bytes, bool] | None
    ) -> None:
        folders = self._not_tried(diff, touched)
        if folders is None:
            return
        watch = self.watch
        request = import_request(
            collection.name,
            watch.directory,
            IngestOptions(recursive=watch.recursive, captions=watch.captions, sync=watch.recursive),
            folders=folders,
            origin=Origin.WATCH,
        )
        await self._scheduler.submit(collection, request)
        self._tried_whole = diff.whole
        if len(self._tried) + len(folders) > 2 * MAX_FOLDERS:
            self._tried.clear()
        self._tried.update({folder: diff.folders[folder] for folder in folders})

    def _not_tried(
        self, diff: FolderDiff, touched: Mapping[bytes, bool] | None
    ) -> tuple[bytes, ...] | None:
        """The folders for a job, none for all of them; None where there is nothing to do."""
        for folder in [one for one in self._tried if _covers(touched, one)]:
            if diff.folders.get(folder) != self._tried[folder]:
                del self._tried[folder]  # it was in order, or is another way now
        if diff.whole is not None:
            return None if diff.whole == self._tried_whole else ()
        if touched is None:
            self._tried_whole = None
        fresh = tuple(sorted(folder for folder in diff.folders if folder not in self._tried))
        return fresh or None


def _covers(touched: Mapping[bytes, bool] | None, folder: bytes) -> bool:
    if touched is None or folder in touched:
        return True
    return any(deep and is_within(folder, one) for one, deep in touched.items())
