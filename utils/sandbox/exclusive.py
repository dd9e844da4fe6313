"""The whole of a limiter for one at a time: what must have no company."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from anyio import CapacityLimiter, Lock


class Exclusive:
    """Whoever holds it shares the limiter's places with nobody. It must hold none of them."""

    def __init__(self, limiter: CapacityLimiter) -> None:
        self._limiter = limiter
        self._one = Lock()  # two that gather places would wait for each other's

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        async with self._one:
            with ExitStack() as places:
                for _ in range(int(self._limiter.total_tokens)):
                    borrower = object()
                    await self._limiter.acquire_on_behalf_of(borrower)
                    places.callback(self._limiter.release_on_behalf_of, borrower)
                yield
