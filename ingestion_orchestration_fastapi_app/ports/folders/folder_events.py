"""What watching needs of the file system's events: a source, and where its threads leave them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

MAX_FOLDERS = 256  # named apart; more of them are the whole directory
MAX_QUIETS = 30  # waited for while events do not end, as with a program that never stops writing


class NoEventsError(Exception):
    """The system gives no events of a folder. The text says why, for people."""


@dataclass(frozen=True, slots=True)
class DirtySnapshot:
    """`folders`: whether with what lies deeper. `whole`: anywhere."""

    folders: Mapping[bytes, bool]
    whole: bool


class DirtyFolders:
    """Folders in which something happened, until they are taken. Any thread may add to it.

    However many events there are, it stays small.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._folders: dict[bytes, bool] = {}
        self._whole = False
        self._first_s = self._last_s = 0.0

    def add(self, folder: bytes, *, deep: bool) -> bool:
        """True for the first since they were taken: somebody must be woken."""
        with self._lock:
            is_first = self._note_time()
            if not self._whole:
                self._folders[folder] = deep or self._folders.get(folder, False)
                if len(self._folders) > MAX_FOLDERS:
                    self._folders, self._whole = {}, True
            return is_first

    def add_whole(self) -> bool:
        with self._lock:
            is_first = self._note_time()
            self._folders, self._whole = {}, True
            return is_first

    def _note_time(self) -> bool:
        is_first = not self._folders and not self._whole
        self._last_s = self._clock()
        if is_first:
            self._first_s = self._last_s
        return is_first

    def due_s(self, quiet_s: float) -> float:
        """When it has been quiet for so long; never, where nothing happened."""
        with self._lock:
            if not self._folders and not self._whole:
                return math.inf
            return min(self._last_s + quiet_s, self._first_s + MAX_QUIETS * quiet_s)

    def take(self) -> DirtySnapshot:
        with self._lock:
            taken = DirtySnapshot(self._folders, self._whole)
            self._folders, self._whole = {}, False
            return taken


class Feed(Protocol):
    """Events of one directory, until it is closed."""

    @property
    def broken(self) -> bool:
        """Events are being missed: it must be closed, and may be opened again."""

    async def close(self) -> None: ...


class FolderEvents(Protocol):
    """The file system's events."""

    async def device(self, directory: bytes) -> int | None:
        """What is mounted where the directory is; None: there is no such directory now."""

    async def follow(
        self, directory: bytes, *, recursive: bool, touched: DirtyFolders, wake: Callable[[], None]
    ) -> Feed:
        """Adds to `touched` what happens from now on, and calls `wake` on the event loop.

        Raises NoEventsError.
        """
