"""The memory that files in flight may take, all jobs together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from anyio import Event


class MemoryBudget:
    """Bytes, given out in the order in which they were asked for.

    A wish above the whole budget is clamped to it: a huge file waits until it is alone, then runs.
    """

    def __init__(self, total_bytes: int) -> None:
        self._total_bytes = total_bytes
        self._free_bytes = total_bytes
        self._waiting: deque[tuple[int, Event]] = deque()

    @property
    def free_bytes(self) -> int:
        return self._free_bytes

    def by_state(self) -> Mapping[str, int]:
        return {"free": self._free_bytes, "held": self._total_bytes - self._free_bytes}

    @contextmanager
    def share(self) -> Iterator[Share]:
        """One job's part. What it still holds at the end, however it ends, comes back."""
        share = Share(self)
        try:
            yield share
        finally:
            share.close()

    async def take(self, wanted_bytes: int) -> int:
        """Waits for its turn. Returns what was granted."""
        wanted_bytes = min(max(wanted_bytes, 0), self._total_bytes)
        if not self._waiting and wanted_bytes <= self._free_bytes:
            self._free_bytes -= wanted_bytes
            return wanted_bytes
        granted = Event()
        place = (wanted_bytes, granted)
        self._waiting.append(place)
        try:
            await granted.wait()
        except BaseException:
            if granted.is_set():  # granted and cancelled in the same breath
                self.give_back(wanted_bytes)
            else:
                self._waiting.remove(place)
                self._grant()  # a smaller wish behind it may fit now
            raise
        return wanted_bytes

    def give_back(self, freed_bytes: int) -> None:
        self._free_bytes += freed_bytes
        self._grant()

    def _grant(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free_bytes:
            wanted_bytes, granted = self._waiting.popleft()
            self._free_bytes -= wanted_bytes
            granted.set()


class Share:
    """What one job holds of the budget."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self._held_bytes = 0
        self._closed = False

    async def reserve(self, wanted_bytes: int) -> Lease:
        granted_bytes = await self._budget.take(wanted_bytes)
        self._held_bytes += granted_bytes
        return Lease(self, granted_bytes)

    def give_back(self, freed_bytes: int) -> None:
        if not self._closed:
            self._held_bytes -= freed_bytes
            self._budget.give_back(freed_bytes)

    def close(self) -> None:
        self.give_back(self._held_bytes)
        self._closed = True


class Lease:
    """One file's reservation. Releasing twice does nothing."""

    def __init__(self, share: Share, held_bytes: int) -> None:
        self._share = share
        self._held_bytes = held_bytes

    def shrink(self, to_bytes: int) -> None:
        """Gives back what is held above `to_bytes`; never grows."""
        freed_bytes = self._held_bytes - to_bytes
        if freed_bytes > 0:
            self._held_bytes = to_bytes
            self._share.give_back(freed_bytes)

    def release(self) -> None:
        self.shrink(0)
