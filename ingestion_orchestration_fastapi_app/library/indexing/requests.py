"""Which collections are to be looked at for an index that is due, and when."""

from __future__ import annotations

import math

from anyio import CancelScope, Event, current_time

_FIRST_RETRY_S = 60.0
_LONGEST_RETRY_S = 3600.0


def retry_wait_s(failures: int) -> float:
    """Before the next try, after so many in a row that failed."""
    return min(_FIRST_RETRY_S * 2.0 ** (failures - 1), _LONGEST_RETRY_S)


class IndexRequests:
    """Asked for as often as one likes: each collection waits once. One whose index could not be
    built waits for its time, whoever asks.
    """

    def __init__(self) -> None:
        self._due_s: dict[int, float] = {}  # by the collection's id
        self._failures: dict[int, int] = {}
        self._changed = Event()

    def ask(self, collection_id: int) -> None:
        if collection_id not in self._failures:
            self._put(collection_id, due_s=0.0)

    async def next_due(self) -> int:
        while True:
            soonest = min(self._due_s, key=self._due_s.__getitem__, default=None)
            due_s = math.inf if soonest is None else self._due_s[soonest]
            if soonest is not None and due_s <= current_time():
                del self._due_s[soonest]
                return soonest
            self._changed = Event()
            with CancelScope(deadline=due_s):
                await self._changed.wait()

    def done(self, collection_id: int) -> None:
        self._failures.pop(collection_id, None)

    def failed(self, collection_id: int) -> float:
        """Returns after how long it is due again."""
        failures = self._failures[collection_id] = self._failures.get(collection_id, 0) + 1
        wait_s = retry_wait_s(failures)
        self._put(collection_id, due_s=current_time() + wait_s)
        return wait_s

    def _put(self, collection_id: int, *, due_s: float) -> None:
        self._due_s.setdefault(collection_id, due_s)
        self._changed.set()
