"""A request's body as it arrives, bounded in time; and those that have no place yet."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio

from utils.problems import GpuBusy, TooSlow
from utils.web.bodies.held_bodies import Pace

# A place is given when so much is there, or the end.
BEGINNING_BYTES = 64 * 1024
# A place is kept while the body comes as fast as this, over the last seconds.
MIN_BYTES_PER_S = 256 * 1024
PATIENCE_S = 5.0
MAX_ARRIVALS = 64
COME_BACK_S = 0.5


class Body:
    """A request's body with limits on the time that its sender may take, not on our own."""

    def __init__(self, chunks: AsyncIterator[bytes], *, timeout_s: float) -> None:
        self._chunks = chunks
        self._timeout_s = timeout_s
        self._left_s = timeout_s
        self._pace: Pace | None = None
        self._beginning = bytearray()
        self.ended = anyio.Event()

    async def begin(self) -> None:
        """Holds what comes first. Raises as `next`."""
        while len(self._beginning) < BEGINNING_BYTES:
            chunk = await self._received()
            if chunk is None:
                return
            self._beginning += chunk

    def hold_to_pace(self) -> None:
        """From now on, since it has a place that others want."""
        self._pace = Pace(min_bytes_per_s=MIN_BYTES_PER_S, patience_s=PATIENCE_S)

    async def next(self) -> bytes | None:
        """None at the end. Raises TooSlow, or the iterator's own ClientDisconnect."""
        if self._beginning:
            beginning, self._beginning = bytes(self._beginning), bytearray()
            return beginning
        return None if self.ended.is_set() else await self._received()

    async def read(self) -> bytes:
        """All of a body that is bounded already."""
        whole = bytearray()
        while (chunk := await self.next()) is not None:
            whole += chunk
        return bytes(whole)

    async def _received(self) -> bytes | None:
        asked_s = anyio.current_time()
        limit_s = self._left_s if self._pace is None else min(self._left_s, self._pace.left_s)
        try:
            with anyio.fail_after(limit_s):
                chunk = await anext(self._chunks, None)
        except TimeoutError as exc:
            raise TooSlow(self._rule()) from exc
        waited_s = anyio.current_time() - asked_s
        self._left_s -= waited_s
        if chunk is None:
            self.ended.set()
        elif self._pace is not None:
            self._pace.arrived(len(chunk), waited_s=waited_s)
        return chunk

    def _rule(self) -> str:
        if self._pace is None:
            return f"The body may take {self._timeout_s:g} s."
        return (
            f"The body may take {self._timeout_s:g} s, and must come at {MIN_BYTES_PER_S} bytes a "
            f"second over {PATIENCE_S:g} s."
        )


class Arrivals:
    """Bodies that begin to arrive, and take no place before. The oldest gives way to a new one."""

    def __init__(self, most: int = MAX_ARRIVALS) -> None:
        self._most = most
        self._waits: dict[anyio.CancelScope, None] = {}  # oldest first

    async def beginning(self, body: Body) -> None:
        """Returns when a place may be asked for. Raises GpuBusy, or as Body.begin."""
        if len(self._waits) >= self._most:
            oldest = next(iter(self._waits))
            del self._waits[oldest]
            oldest.cancel()
        with anyio.CancelScope() as wait:
            self._waits[wait] = None
            try:
                await body.begin()
            finally:
                self._waits.pop(wait, None)
        if wait.cancelled_caught:
            raise GpuBusy("Too many bodies are slow to begin.", retry_after_s=COME_BACK_S)
