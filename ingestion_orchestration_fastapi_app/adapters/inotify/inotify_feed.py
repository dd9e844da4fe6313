"""Events of one folder and of those below it, from watchdog's reader of an inotify descriptor.

watchdog's own observers watch every folder, also excluded ones, and keep to themselves that a
folder below could not be watched or that the kernel's queue ran over. Here both break the feed.
Loads only where there is inotify.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from threading import Lock

from anyio import CapacityLimiter, from_thread, to_thread
from anyio.lowlevel import EventLoopToken
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

from ingestion_orchestration_fastapi_app.domain.files.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.ports.folder_events import DirtyFolders

_SELF_LOST = (
    InotifyConstants.IN_DELETE_SELF | InotifyConstants.IN_MOVE_SELF | InotifyConstants.IN_UNMOUNT
)
_CAME = (
    InotifyConstants.IN_CREATE | InotifyConstants.IN_MOVED_TO | InotifyConstants.IN_ATTRIB
)  # a changed right may open a folder
_MASK = Mask(  # no reading: importing would call for the next import
    InotifyConstants.IN_MODIFY
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_MOVED_FROM
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_DONT_FOLLOW
    | InotifyConstants.IN_EXCL_UNLINK
    | _CAME
)
_PASSING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP})


def started_reader() -> InotifyFD:
    """One descriptor and its thread, for all feeds. Raises OSError (EMFILE)."""
    reader = InotifyFD()
    reader.start()
    return reader


class InotifyFeed:
    """Implements `Feed`, and watchdog's callbacks, which run in the reader's thread."""

    def __init__(
        self,
        reader: InotifyFD,
        directory: bytes,
        *,
        recursive: bool,
        rules: ExcludeRules,
        touched: DirtyFolders,
        wake: Callable[[], None],
        token: EventLoopToken,
        limiter: CapacityLimiter,
    ) -> None:
        self.broken = False
        self._reader = reader
        self._directory = directory
        self._recursive = recursive
        self._rules = rules
        self._touched = touched
        self._wake = wake
        self._token = token
        self._limiter = limiter
        self._id = CallbackId(id(self))
        self._lock = Lock()  # the reader has one of its own, which it never holds when it calls
        self._paths: dict[WatchDescriptor, bytes] = {}
        self._watched: dict[bytes, WatchDescriptor] = {}
        self._closed = False

    def open(self) -> None:
        """Blocking. Raises OSError (ENOSPC, or that of the directory itself)."""
        with self._lock:
            self._add(self._directory)

    async def close(self) -> None:
        await to_thread.run_sync(self._close, limiter=self._limiter)

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            self._remove(list(self._watched))

    def on_event(self, event: InotifyEvent) -> None:
        with self._lock:
            folder = self._paths.get(event.wd)
            if folder is None or self._closed:
                return
            is_news = self._noted(folder, event)
        if is_news:
            from_thread.run_sync(self._wake, token=self._token)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        with self._lock:
            path = self._paths.pop(wd, None)
            if path is not None and self._watched.get(path) == wd:
                del self._watched[path]

    def on_queue_overflow(self) -> None:
        with self._lock:
            is_news = not self._closed and self._broke()
        if is_news:
            from_thread.run_sync(self._wake, token=self._token)

    def _noted(self, folder: bytes, event: InotifyEvent) -> bool:
        """Whether somebody must be woken."""
        if event.mask & _SELF_LOST:
            return folder == self._directory and self._broke()
        path = folder.rstrip(b"/") + b"/" + event.name if event.name else folder
        if not event.is_directory:
            if self._rules.excludes_file(path):
                return False
            return self._touched.add(folder, deep=False)
        if path == folder or not self._recursive or self._rules.excludes_folder(path):
            return False
        if event.is_delete:
            self._remove([path])  # it is empty: those below went before
        elif event.is_moved_from:
            self._remove([one for one in self._watched if (one + b"/").startswith(path + b"/")])
        elif event.mask & _CAME:
            try:
                self._add(path)
            except OSError:
                return self._broke()
        return self._touched.add(path, deep=True)

    def _broke(self) -> bool:
        self.broken = True
        return self._touched.add_whole()

    def _add(self, top: bytes) -> None:
        """Watches a folder before it lists it: what is made in it meanwhile is an event."""
        pending = [top]
        while pending:
            folder = pending.pop()
            if folder in self._watched:
                continue
            try:
                wd = self._reader.add_callback(folder, _MASK, self, self._id)
                if wd < 0:  # watchdog's word for EACCES
                    raise PermissionError(errno.EACCES, "permission denied")
                self._paths[wd] = folder
                self._watched[folder] = wd
                if self._recursive:
                    pending += self._folders_in(folder)
            except OSError as exc:
                # A folder that is gone again, or closed to this user: scans pass it over, too.
                if folder == self._directory or exc.errno not in _PASSING:
                    raise

    def _folders_in(self, folder: bytes) -> list[bytes]:
        with os.scandir(folder) as entries:
            return [
                entry.path
                for entry in entries
                if entry.is_dir(follow_symlinks=False)
                and not self._rules.excludes_folder(entry.path)
            ]

    def _remove(self, folders: list[bytes]) -> None:
        watched = [self._watched.pop(folder) for folder in folders if folder in self._watched]
        for wd in watched:
            self._paths.pop(wd, None)
        self._reader.remove_callbacks([(wd, self._id) for wd in watched])
