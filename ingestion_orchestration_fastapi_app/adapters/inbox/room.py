"""How much may come into the inbox yet: by what it may hold, and by what its disk has free."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from anyio import Lock

from ingestion_orchestration_fastapi_app.errors import DiskFull

T = TypeVar("T")
MEASURED_AGAIN_S = 600.0  # people take files out of the inbox, and put some in
FULL_AGAIN_S = 5.0  # who made room wants it soon; counting a large inbox takes long


class Answer(Protocol):
    def __call__(self, call: Callable[[], T]) -> Awaitable[T]: ...


class InboxRoom:
    """Counts what comes in, measures the folder anew now and then. `answer` runs what blocks."""

    def __init__(
        self,
        used_bytes: Callable[[], int],
        free_bytes: Callable[[], int],
        answer: Answer,
        *,
        limit_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        self._measure = used_bytes
        self._measure_free = free_bytes
        self._answer = answer
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._measuring = Lock()
        self._measured_at: float | None = None
        self._used_bytes = 0

    async def check(self, coming_bytes: int) -> None:
        """Raises DiskFull, which says what to do. Takes nothing."""
        if self._limit_bytes == 0:
            raise DiskFull("INBOX_MAX_BYTES is 0: this service takes no uploads.")
        await self._measured(older_than_s=MEASURED_AGAIN_S)
        if self._used_bytes + coming_bytes > self._limit_bytes:
            await self._measured(older_than_s=FULL_AGAIN_S)
        if self._used_bytes + coming_bytes > self._limit_bytes:
            raise DiskFull(
                f"The inbox holds {self._used_bytes / 1e6:.0f} MB, {coming_bytes / 1e6:.1f} MB "
                f"come, and INBOX_MAX_BYTES is {self._limit_bytes / 1e6:.0f} MB: move files from "
                "it to where your photos are, or set more."
            )
        free_bytes = await self._answer(self._measure_free)
        if coming_bytes > free_bytes:
            raise DiskFull(
                f"{coming_bytes / 1e6:.1f} MB come, and the inbox's disk can take "
                f"{max(free_bytes, 0) / 1e6:.0f} MB until MIN_FREE_BYTES are left."
            )

    async def take(self, coming_bytes: int) -> None:
        """Raises DiskFull."""
        await self.check(coming_bytes)
        self._used_bytes += coming_bytes

    def give_back(self, count_bytes: int) -> None:
        """Of a file that was not kept."""
        self._used_bytes -= count_bytes

    async def _measured(self, *, older_than_s: float) -> None:
        async with self._measuring:
            now = self._clock()
            if self._measured_at is None or now - self._measured_at >= older_than_s:
                self._used_bytes = await self._answer(self._measure)
                self._measured_at = now
