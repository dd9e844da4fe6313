"""Collections of which something derived is to be made whole, the first to come first."""

from __future__ import annotations

from anyio import Event


class FillQueue:
    """A collection is in it once."""

    def __init__(self) -> None:
        self._waiting: dict[int, None] = {}
        self._asked = Event()

    def ask(self, collection_id: int) -> None:
        self._waiting[collection_id] = None
        self._asked.set()

    async def next(self) -> int:
        """Waits for a collection that was asked for. Returns its id."""
        while not self._waiting:
            self._asked = Event()
            await self._asked.wait()
        found = next(iter(self._waiting))
        del self._waiting[found]
        return found
