"""Who reads which state of a table, so that pruning takes no file from under a reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio


class Readers:
    """Counts readers by the generation they began in. A new version starts a new generation."""

    def __init__(self) -> None:
        self._generation = 0
        self._active: Counter[int] = Counter()
        self._left = anyio.Event()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        generation = self._generation
        self._active[generation] += 1
        try:
            yield
        finally:
            self._active[generation] -= 1
            if not self._active[generation]:
                del self._active[generation]
            self._left.set()
            self._left = anyio.Event()

    def advance(self) -> None:
        """Readers from now on see the newest version."""
        self._generation += 1

    async def earlier_gone(self, *, wait_s: float | None) -> bool:
        """Waits until nobody reads an older generation; false if somebody still does."""
        with anyio.move_on_after(wait_s):
            while self._earlier():
                await self._left.wait()
        return not self._earlier()

    def _earlier(self) -> bool:
        return any(generation < self._generation for generation in self._active)
