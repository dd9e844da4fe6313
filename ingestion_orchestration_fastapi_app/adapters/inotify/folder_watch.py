"""The FolderEvents port over inotify."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Self

import structlog
from anyio import CancelScope, CapacityLimiter, create_task_group, to_thread, wait_readable
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.adapters.local_files.mounts import mount_number
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.ports.folders.folder_events import (
    DirtyFolders,
    Feed,
    NoEventsError,
)

if TYPE_CHECKING:  # they do not load where there is no inotify
    from asyncinotify import Inotify

    from ingestion_orchestration_fastapi_app.adapters.inotify.inotify_feed import InotifyFeed

log = structlog.get_logger()

_WHY = {
    errno.ENOSPC: "the limit of watched folders is reached (fs.inotify.max_user_watches)",
    errno.EMFILE: "the limit of inotify instances is reached (fs.inotify.max_user_instances)",
}
_THREADS = 16  # a share that does not answer holds one


class InotifyEvents:
    """Implements `FolderEvents`: one descriptor and one task for all folders, made when needed.

    An async context manager; its feeds must be closed before it is left.
    """

    def __init__(self, rules: ExcludeRules) -> None:
        self._rules = rules
        self._limiter = CapacityLimiter(_THREADS)
        self._tasks = create_task_group()
        self._inotify: Inotify | None = None
        self._feeds: list[InotifyFeed] = []

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(None, None, None)  # given an error it would wrap it in a group

    async def device(self, directory: bytes) -> int | None:
        # A share whose server is gone may never answer: nobody waits for it at the end.
        found = partial(mount_number, directory)
        return await to_thread.run_sync(found, limiter=self._limiter, abandon_on_cancel=True)

    async def follow(
        self, directory: bytes, *, recursive: bool, touched: DirtyFolders, wake: Callable[[], None]
    ) -> Feed:
        try:
            from asyncinotify import Inotify

            from ingestion_orchestration_fastapi_app.adapters.inotify import inotify_feed

            if self._inotify is None:
                self._inotify = Inotify(sync_timeout=0)
                self._tasks.start_soon(self._read, self._inotify)
        except OSError as exc:
            raise NoEventsError(_why(exc)) from exc
        except Exception as exc:  # of ctypes, where the function is missing
            raise NoEventsError("no events: this system has no inotify") from exc
        feed = inotify_feed.InotifyFeed(
            self._inotify,
            self._feeds,
            directory,
            recursive=recursive,
            rules=self._rules,
            touched=touched,
            wake=wake,
            limiter=self._limiter,
        )
        try:
            await feed.open()
        except BaseException as exc:
            with CancelScope(shield=True):
                await feed.close()
            if isinstance(exc, OSError):
                raise NoEventsError(_why(exc)) from exc
            raise
        return feed

    async def _read(self, inotify: Inotify) -> None:
        """Gives each event to every feed, in order. Where reading fails all feeds are broken."""
        try:
            with inotify:
                while True:
                    event = inotify.sync_get()
                    if event is None:
                        await wait_readable(inotify.fd)
                        continue
                    for feed in tuple(self._feeds):
                        await feed.note(event)
                    await checkpoint()
        except OSError as exc:
            log.warning("inotify_failed", error=repr(exc))
        finally:
            self._inotify = None
            for feed in self._feeds:
                feed.lose()


def _why(exc: OSError) -> str:
    return f"no events: {_WHY.get(exc.errno or 0, exc.strerror or type(exc).__name__)}"
