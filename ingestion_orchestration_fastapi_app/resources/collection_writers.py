"""Who may write to a collection now: one group of points at a time, whichever job they are of."""

from __future__ import annotations

from collections import defaultdict

from anyio import Lock


class CollectionWriters:
    """A lock a collection. Its holder sees the ledger and the tables agree: no other is between
    intent and end. It is held for one group, one removal, or a switch of generations.
    """

    def __init__(self) -> None:
        self._locks: defaultdict[int, Lock] = defaultdict(Lock)

    def of(self, collection_id: int) -> Lock:
        return self._locks[collection_id]
