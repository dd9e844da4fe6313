"""Who may use the device now: admission by request. Full means 429, at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog

from utils.problems import GpuBusy

log = structlog.stdlib.get_logger(__name__)


T = TypeVar("T")


MIN_RETRY_S = 0.05


MAX_RETRY_S = 30.0


class Speed:
    """Images a second on the device, smoothed. Written on the model thread, read anywhere."""

    def __init__(self, images_per_s: float | None = None) -> None:
        self.images_per_s = images_per_s

    def observe(self, images: int, model_s: float) -> None:
        seen = images / max(model_s, 1e-6)
        known = self.images_per_s
        self.images_per_s = seen if known is None else 0.8 * known + 0.2 * seen


@dataclass(slots=True, eq=False)
class Permit:
    """An admitted batch. `images_left` starts as declared and falls as the device works, at the
    `speed` of its model."""

    images_left: int
    speed: Speed


class Admission:
    """Requests that are in. Full means no, at once: the client waits, not the service.

    One batch is on the device and `max_waiting_batches` arrive and decode behind it. Queries have
    capacity of their own, so that an import never shuts a search out.
    """

    def __init__(
        self,
        *,
        max_waiting_batches: int,
        max_waiting_queries: int,
        on_busy: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_busy = on_busy
        self.limit = 1 + max_waiting_batches
        self._max_queries = 1 + max_waiting_queries
        self._permits: list[Permit] = []  # oldest first
        self._queries = 0

    @property
    def running(self) -> int:
        return min(1, len(self._permits))

    @property
    def waiting(self) -> int:
        return len(self._permits) - self.running

    def check_batch(self) -> None:
        """Raises GpuBusy with the time after which the oldest batch should have left."""
        if len(self._permits) >= self.limit:
            self._on_busy()
            raise GpuBusy(
                f"{len(self._permits)} of {self.limit} batches are in.",
                retry_after_s=self._retry_after_s(),
            )

    def check_query(self) -> None:
        """Raises GpuBusy."""
        if self._queries >= self._max_queries:
            self._on_busy()
            raise GpuBusy("Too many queries are waiting.", retry_after_s=MIN_RETRY_S * 10)

    @contextmanager
    def batch(self, images: int, speed: Speed) -> Iterator[Permit]:
        """Raises GpuBusy."""
        self.check_batch()
        permit = Permit(images, speed)
        self._permits.append(permit)
        try:
            yield permit
        finally:
            self._permits.remove(permit)

    @contextmanager
    def query(self) -> Iterator[None]:
        self.check_query()
        self._queries += 1
        try:
            yield
        finally:
            self._queries -= 1

    def _retry_after_s(self) -> float:
        oldest = self._permits[0]
        speed = oldest.speed.images_per_s
        wait_s = 1.0 if speed is None else oldest.images_left / speed
        return min(max(wait_s, MIN_RETRY_S), MAX_RETRY_S)
