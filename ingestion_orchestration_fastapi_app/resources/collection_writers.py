"""Who may write to a collection now: one group of points at a time, whichever job they are of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import Lock, fail_after

from utils.problems import ServiceOverloaded

WAIT_LIMIT_S = 60.0  # for a group that an import writes
RETRY_AFTER_S = 10.0


class CollectionWriters:
    """A lock a collection. Its holder sees the ledger and the tables agree: no other is between
    intent and end. It is held for one group, one removal, or a switch of generations.
    """

    def __init__(self) -> None:
        self._locks: defaultdict[int, Lock] = defaultdict(Lock)

    def of(self, collection_id: int) -> Lock:
        return self._locks[collection_id]

    @asynccontextmanager
    async def held(self, collection_id: int) -> AsyncIterator[None]:
        """For who answers a request. Raises ServiceOverloaded where that takes long."""
        lock = self._locks[collection_id]
        try:
            with fail_after(WAIT_LIMIT_S):
                await lock.acquire()
        except TimeoutError as exc:
            raise ServiceOverloaded(
                "The collection is being written to, and that takes long.",
                retry_after_s=RETRY_AFTER_S,
            ) from exc
        try:
            yield
        finally:
            lock.release()
