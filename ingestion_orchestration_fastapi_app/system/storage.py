"""How much the parts of the data take on the disk, looked up beside everything else."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from anyio import CapacityLimiter, Lock, move_on_after, to_thread

from utils.contract.system.overview import StoragePart
from utils.problems import resource_shortage

log = structlog.get_logger(__name__)

MAX_AGE_S = 30.0
ASKED_S = 2.0  # for which who asks waits; the look goes on, and the next one has it
WALK_S = 60.0  # for which all parts together are looked through


@dataclass(frozen=True, slots=True)
class Part:
    """A folder, or where `beginning` is given the files in it whose names begin so.

    `folder` is None for what lies on no disk of this machine.
    """

    name: StoragePart
    folder: str | None
    location: str
    limit_bytes: int | None = None
    beginning: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """`sizes` lack what could not be measured."""

    sizes: Mapping[StoragePart, int] = field(default_factory=dict)
    free_bytes: int | None = None
    total_bytes: int | None = None
    at: datetime | None = None


class Storage:
    """One look at a time, in a thread of its own, remembered for a while."""

    def __init__(
        self,
        data_dir: str,
        parts: Sequence[Part],
        *,
        asked_s: float = ASKED_S,
        walk_s: float = WALK_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.data_dir = data_dir
        self.parts = tuple(parts)
        self._asked_s = asked_s
        self._walk_s = walk_s
        self._clock = clock
        self._folders = frozenset(one.folder for one in parts if one.folder is not None)
        self._thread = CapacityLimiter(1)
        self._turn = Lock()
        self._looking = threading.Lock()  # by the thread: it may outlive who asked
        self._looked_s: float | None = None
        self._known = Measured()

    async def measured(self) -> Measured:
        """What was last known, where it is fresh or a new look takes too long."""
        with move_on_after(self._asked_s):
            async with self._turn:
                if self._is_old() and not self._looking.locked():
                    await self._look_in_thread()
        return self._known

    async def _look_in_thread(self) -> None:
        try:
            await to_thread.run_sync(self._look, limiter=self._thread, abandon_on_cancel=True)
        except Exception as exc:
            if resource_shortage(exc) is None:
                raise
            log.warning("storage_not_measured", error=str(exc))

    def _is_old(self) -> bool:
        return self._looked_s is None or self._clock() - self._looked_s >= MAX_AGE_S

    def _look(self) -> None:
        if not self._looking.acquire(blocking=False):
            return  # nobody waited until that one began
        try:
            until_s = time.monotonic() + self._walk_s
            sizes = {one.name: self._size(one, until_s) for one in self.parts}
            free, total = self._disk()
            known = {name: size for name, size in sizes.items() if size is not None}
            self._known = Measured(known, free, total, datetime.now(UTC))
            self._looked_s = self._clock()
        finally:
            self._looking.release()

    def _disk(self) -> tuple[int | None, int | None]:
        try:
            space = shutil.disk_usage(self.data_dir)
        except OSError:
            return None, None
        return space.free, space.total

    def _size(self, part: Part, until_s: float) -> int | None:
        """None where it is elsewhere, cannot be read, or takes too long."""
        if part.folder is None:
            return None
        try:
            return self._bytes_in(part, part.folder, until_s)
        except OSError as exc:
            log.warning("storage_not_measured", part=part.name, error=str(exc))
            return None

    def _bytes_in(self, part: Part, folder: str, until_s: float) -> int:
        """Follows no link. What is not there takes nothing; what goes meanwhile does not count."""
        found, pending = 0, [folder]
        while pending:
            if time.monotonic() > until_s:
                raise TimeoutError("it holds too much")
            with suppress(FileNotFoundError), os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if part.beginning is None and entry.path not in self._folders:
                            pending.append(entry.path)
                    elif part.beginning is None or entry.name.startswith(part.beginning):
                        with suppress(FileNotFoundError):
                            found += entry.stat(follow_symlinks=False).st_size
        return found
