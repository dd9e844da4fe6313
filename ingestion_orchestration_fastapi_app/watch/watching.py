"""Watched folders: which there are, kept over restarts, each followed by a task of its own."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from anyio import TASK_STATUS_IGNORED, CancelScope, create_task_group, sleep, sleep_forever
from anyio.abc import TaskGroup, TaskStatus

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.ports.folders.folder_events import FolderEvents
from ingestion_orchestration_fastapi_app.ports.ledger.collections import CollectionRepository
from ingestion_orchestration_fastapi_app.watch.change_scan import ChangeScan
from ingestion_orchestration_fastapi_app.watch.watched_folder import Timing, WatchedFolder

Key = tuple[int, bytes]  # collection and directory


@dataclass(slots=True)
class _Followed:
    folder: WatchedFolder
    scope: CancelScope = field(default_factory=CancelScope)


class Watching:
    """Asks the scheduler, which must be serving, for jobs over what changes.

    `is_allowed`: whether a folder may be ingested still; `follow_allowed` asks it. `captions`:
    whether jobs may make any. `clock` is monotonic.
    """

    def __init__(
        self,
        collections: CollectionRepository,
        change_scan: ChangeScan,
        scheduler: JobScheduler,
        events: FolderEvents,
        *,
        is_allowed: Callable[[bytes], bool],
        captions: bool,
        debounce_s: float,
        rescan_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = sleep,
    ) -> None:
        self._collections = collections
        self._change_scan = change_scan
        self._scheduler = scheduler
        self._events = events
        self._timing = Timing(debounce_s, rescan_s, clock, sleep)
        self._is_allowed = is_allowed
        self._captions = captions
        self._followed: dict[Key, _Followed] = {}
        self._tasks: TaskGroup | None = None

    async def serve(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Until cancelled; the ledger keeps what is watched."""
        async with create_task_group() as self._tasks:
            await self.follow_allowed()
            task_status.started()
            await sleep_forever()

    async def put(self, collection: CollectionRecord, watch: Watch) -> None:
        """Watches a folder from now on, durably; a second time it may be in another way."""
        await self._collections.put_watch(collection.id, watch)
        followed = self._followed.get((collection.id, watch.directory))
        if followed is None or followed.folder.watch != watch:
            self._stop((collection.id, watch.directory))
            self._start(collection, watch)

    async def end(self, collection_id: int, directory: bytes) -> None:
        """Idempotent."""
        await self._collections.end_watch(collection_id, directory)
        self._stop((collection_id, directory))

    async def follow_allowed(self) -> None:
        """What may be looked at now: what may not any more rests, what may again goes on."""
        for collection in await self._collections.list_all():
            self._follow_allowed(collection)

    def follow_anew(self, collection: CollectionRecord) -> None:
        """All that the collection watches, and may; what was followed is looked at again."""
        self.forget(collection.id)
        self._follow_allowed(collection)

    def _follow_allowed(self, collection: CollectionRecord) -> None:
        for watch in collection.watches:
            key = (collection.id, watch.directory)
            if not self._is_allowed(watch.directory):
                self._stop(key)
            elif key not in self._followed:
                may = replace(watch, captions=watch.captions and self._captions)
                self._start(collection, may)

    def forget(self, collection_id: int) -> None:
        """Of a collection that was deleted."""
        for key in [key for key in self._followed if key[0] == collection_id]:
            self._stop(key)

    def followed(self, collection_id: int, directory: bytes) -> WatchedFolder | None:
        """None also for a folder that may not be ingested any more."""
        followed = self._followed.get((collection_id, directory))
        return None if followed is None else followed.folder

    def _start(self, collection: CollectionRecord, watch: Watch) -> None:
        assert self._tasks is not None, "it is not being served"
        folder = WatchedFolder(
            self._collections,
            self._change_scan,
            self._scheduler,
            self._events,
            self._timing,
            collection,
            watch,
        )
        followed = _Followed(folder)
        self._followed[collection.id, watch.directory] = followed
        self._tasks.start_soon(self._follow, followed)

    def _stop(self, key: Key) -> None:
        followed = self._followed.pop(key, None)
        if followed is not None:
            followed.scope.cancel()

    @staticmethod
    async def _follow(followed: _Followed) -> None:
        with followed.scope:
            await followed.folder.run()
