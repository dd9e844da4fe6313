"""The FolderEvents port over inotify."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from anyio import CancelScope, CapacityLimiter, Lock, to_thread
from anyio.lowlevel import current_token

from ingestion_orchestration_fastapi_app.adapters.local_files.mounts import mount_number
from ingestion_orchestration_fastapi_app.domain.files.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.ports.folder_events import (
    DirtyFolders,
    Feed,
    NoEventsError,
)

if TYPE_CHECKING:  # it does not load where there is no inotify
    from watchdog.observers.inotify_c import InotifyFD

_WHY = {
    errno.ENOSPC: "the limit of watched folders is reached (fs.inotify.max_user_watches)",
    errno.EMFILE: "the limit of inotify instances is reached (fs.inotify.max_user_instances)",
}
_THREADS = 16  # a share that does not answer holds one


class InotifyEvents:
    """Implements `FolderEvents`: one descriptor and one thread for all folders, made when needed.

    An async context manager; its feeds must be closed before it is left.
    """

    def __init__(self, rules: ExcludeRules) -> None:
        self._rules = rules
        self._limiter = CapacityLimiter(_THREADS)
        self._starting = Lock()
        self._reader: InotifyFD | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.stop()
            with CancelScope(shield=True):  # its thread may be about to wake the loop: it ends then
                await to_thread.run_sync(reader.join, limiter=self._limiter)

    async def device(self, directory: bytes) -> int | None:
        # A share whose server is gone may never answer: nobody waits for it at the end.
        found = partial(mount_number, directory)
        return await to_thread.run_sync(found, limiter=self._limiter, abandon_on_cancel=True)

    async def follow(
        self, directory: bytes, *, recursive: bool, touched: DirtyFolders, wake: Callable[[], None]
    ) -> Feed:
        try:
            from ingestion_orchestration_fastapi_app.adapters.inotify import inotify_feed
        except Exception as exc:  # watchdog's own has no narrower base
            raise NoEventsError("no events: this system has no inotify") from exc
        try:
            async with self._starting:
                if self._reader is None:
                    self._reader = inotify_feed.started_reader()
        except OSError as exc:
            raise NoEventsError(_why(exc)) from exc
        feed = inotify_feed.InotifyFeed(
            self._reader,
            directory,
            recursive=recursive,
            rules=self._rules,
            touched=touched,
            wake=wake,
            token=current_token(),
            limiter=self._limiter,
        )
        try:
            await to_thread.run_sync(feed.open, limiter=self._limiter)
        except BaseException as exc:
            with CancelScope(shield=True):
                await feed.close()
            if isinstance(exc, OSError):
                raise NoEventsError(_why(exc)) from exc
            raise
        return feed


def _why(exc: OSError) -> str:
    return f"no events: {_WHY.get(exc.errno or 0, exc.strerror or type(exc).__name__)}"
