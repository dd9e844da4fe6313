"""Events of one folder and of those below it, over asyncinotify.

Its own recursive watches follow excluded folders, too, and keep to themselves what could not be
watched. Here a folder that cannot be watched and an overflow of the kernel's queue break the feed.
Loads only where there is inotify.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress

from anyio import CapacityLimiter, Lock, to_thread
from asyncinotify import Event, Inotify, Mask, Watch

from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.ports.folders.folder_events import DirtyFolders

_SELF_LOST = Mask.DELETE_SELF | Mask.MOVE_SELF | Mask.UNMOUNT
_CAME = Mask.CREATE | Mask.MOVED_TO | Mask.ATTRIB  # a changed right may open a folder
_CHANGED = Mask.MODIFY | Mask.CLOSE_WRITE | Mask.MOVED_FROM | Mask.DELETE
_FLAGS = Mask.ONLYDIR | Mask.DONT_FOLLOW | Mask.EXCL_UNLINK
# No reading: importing would call for the next import. UNMOUNT comes unasked.
_MASK = _CAME | _CHANGED | Mask.DELETE_SELF | Mask.MOVE_SELF | _FLAGS
_PASSING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP})


class InotifyFeed:
    """Implements `Feed`. Its state changes on the event loop, or in a thread under its lock."""

    def __init__(
        self,
        inotify: Inotify,
        feeds: list[InotifyFeed],
        directory: bytes,
        *,
        recursive: bool,
        rules: ExcludeRules,
        touched: DirtyFolders,
        wake: Callable[[], None],
        limiter: CapacityLimiter,
    ) -> None:
        """`feeds` are those that share the descriptor. This one is among them while it is open."""
        self.broken = False
        self._inotify = inotify
        self._feeds = feeds
        self._directory = directory
        self._recursive = recursive
        self._rules = rules
        self._touched = touched
        self._wake = wake
        self._limiter = limiter
        self._lock = Lock()
        self._paths: dict[int, bytes] = {}  # by watch descriptor
        self._watched: dict[bytes, Watch] = {}

    async def open(self) -> None:
        """Raises OSError (ENOSPC, or that of the directory itself)."""
        self._feeds.append(self)
        async with self._lock:
            await to_thread.run_sync(self._add, self._directory, limiter=self._limiter)

    async def close(self) -> None:
        async with self._lock:
            if self in self._feeds:
                self._feeds.remove(self)
            self._remove(list(self._watched))

    def lose(self) -> None:
        """From now on events are missed."""
        self.broken = True
        self._tell(is_news=self._touched.add_whole())

    async def note(self, event: Event) -> None:
        """Of any folder that is watched, also by another feed."""
        watch = event.watch
        if Mask.Q_OVERFLOW in event.mask:
            self.lose()
        elif watch is not None and watch.wd in self._paths:
            async with self._lock:
                if (folder := self._paths.get(watch.wd)) is not None:
                    self._tell(is_news=await self._noted(folder, event))
        elif self._lock.locked():  # a thread may have added the folder, and not have said so yet
            self._tell(is_news=self._touched.add_whole())

    async def _noted(self, folder: bytes, event: Event) -> bool:
        """Whether somebody must be woken."""
        mask = event.mask
        if Mask.IGNORED in mask:
            self._remove([folder])
            return False
        if mask & _SELF_LOST:
            if folder == self._directory:
                self.lose()
            return False
        path = folder.rstrip(b"/") + b"/" + os.fsencode(event.name) if event.name else folder
        if Mask.ISDIR not in mask:
            return not self._rules.excludes_file(path) and self._touched.add(folder, deep=False)
        if path == folder or not self._recursive or self._rules.excludes_folder(path):
            return False
        if Mask.DELETE in mask:
            self._remove([path])  # it is empty: those below went before
        elif Mask.MOVED_FROM in mask:
            self._remove([one for one in self._watched if (one + b"/").startswith(path + b"/")])
        elif mask & _CAME:
            try:
                await to_thread.run_sync(self._add, path, limiter=self._limiter)
            except (OSError, RuntimeError):  # the second: no thread can be started
                self.lose()
                return False
        return self._touched.add(path, deep=True)

    def _tell(self, *, is_news: bool) -> None:
        if is_news:
            self._wake()

    def _add(self, top: bytes) -> None:
        """Watches a folder before it lists it: what is made in it meanwhile is an event."""
        pending = [top]
        while pending:
            folder = pending.pop()
            if folder in self._watched:
                continue
            try:
                watch = self._inotify.add_watch(folder, _MASK)
                self._paths[watch.wd] = folder
                self._watched[folder] = watch
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
        for folder in folders:
            watch = self._watched.pop(folder, None)
            if watch is not None:
                self._paths.pop(watch.wd, None)
                if not any(watch.wd in feed._paths for feed in self._feeds):
                    with suppress(OSError, ValueError):  # it went with its folder, or all did
                        self._inotify.rm_watch(watch)
