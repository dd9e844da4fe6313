"""How many bytes of requests are held at once, and how slowly they may come."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from anyio import CancelScope, current_time
from starlette.types import Message, Receive

from utils.problems import ServiceOverloaded, TooSlow


class Pace:
    """Patience that waiting uses up and that bytes restore, up to its initial value.

    A client that sends `min_bytes_per_s` is never too slow. One that sends nothing is too slow
    after `patience_s`.
    """

    def __init__(self, *, min_bytes_per_s: float, patience_s: float) -> None:
        self._min_bytes_per_s = min_bytes_per_s
        self._patience_s = patience_s
        self.left_s = patience_s

    def arrived(self, count_bytes: int, *, waited_s: float) -> None:
        """Only time in which the service waited counts, never its own."""
        left_s = self.left_s - waited_s + count_bytes / self._min_bytes_per_s
        self.left_s = min(self._patience_s, max(0.0, left_s))


# Of whoever uploads over a poor line, which is no reason to refuse them.
PATIENCE_S = 20.0
MIN_BYTES_PER_S = 4 * 1024
MAX_WAITED_FOR = 128  # bodies; each costs time when all of their clients leave at once


@dataclass(slots=True, eq=False)
class _Body:
    pace: Pace = field(
        default_factory=lambda: Pace(min_bytes_per_s=MIN_BYTES_PER_S, patience_s=PATIENCE_S)
    )
    began_s: float = field(default_factory=time.monotonic)
    held_bytes: int = 0
    waiting: CancelScope | None = None
    is_evicted: bool = False

    def bytes_per_s(self, now_s: float) -> float:
        return self.held_bytes / max(now_s - self.began_s, 1e-3)


class HeldBodies:
    """Bounds the bytes of all bodies held at once. Where they exceed it, the slowest is ended.

    None: of bodies that are used up as they come, which have to come at their pace all the same.
    """

    def __init__(self, max_bytes: int | None) -> None:
        self._max_bytes = max_bytes
        self._total_bytes = 0
        self._waited_for: set[_Body] = set()

    @contextmanager
    def body(self) -> Iterator[_Body]:
        body = _Body()
        try:
            yield body
        finally:
            self._release(body)

    async def next(self, body: _Body, receive: Receive) -> Message:
        """What `receive` gives. Raises TooSlow or ServiceOverloaded."""
        asked_s = current_time()
        message: Message | None = None
        if len(self._waited_for) >= MAX_WAITED_FOR:
            self._evict_slowest(self._waited_for)
        with CancelScope(deadline=asked_s + body.pace.left_s) as body.waiting:
            self._waited_for.add(body)
            try:
                message = await receive()
            finally:
                self._waited_for.discard(body)
        if body.is_evicted:
            raise self._overloaded()
        if message is None:
            raise TooSlow(f"The body must come at {MIN_BYTES_PER_S} bytes a second.")
        count_bytes = len(message.get("body", b""))
        body.pace.arrived(count_bytes, waited_s=current_time() - asked_s)
        self._hold(body, count_bytes)
        return message

    def _hold(self, body: _Body, count_bytes: int) -> None:
        if self._max_bytes is None:
            return
        body.held_bytes += count_bytes
        self._total_bytes += count_bytes
        while self._total_bytes > self._max_bytes:
            if not self._evict_slowest(one for one in self._waited_for if one.held_bytes):
                self._release(body)
                raise self._overloaded()

    def _evict_slowest(self, bodies: Iterable[_Body]) -> bool:
        """Whether there was one."""
        now_s = time.monotonic()
        slowest = min(bodies, key=lambda one: one.bytes_per_s(now_s), default=None)
        if slowest is None or slowest.waiting is None:
            return False
        slowest.is_evicted = True
        slowest.waiting.cancel()
        self._waited_for.discard(slowest)
        self._release(slowest)
        return True

    def _release(self, body: _Body) -> None:
        self._total_bytes -= body.held_bytes
        body.held_bytes = 0

    def _overloaded(self) -> ServiceOverloaded:
        detail = f"Requests that are held at once may have {self._max_bytes} bytes together."
        return ServiceOverloaded(detail, retry_after_s=1)
