"""Server-Sent Events: what changes, to a bounded number of listeners."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from anyio import sleep
from fastapi.sse import ServerSentEvent

LISTENERS = 32
LOOK_S = 0.25  # the least time between two events
COME_BACK_MS = 5000  # one that finds no place asks again so much later

T = TypeVar("T")
Snapshot = Callable[[], Awaitable[tuple[T | None, bool]]]


class Listeners:
    """How many listen at once; those above the bound get one event and are told to come back.

    Not a refusal: a browser's EventSource that is answered anything but 200 never asks again.
    """

    def __init__(self, most: int = LISTENERS) -> None:
        self._most = most
        self.count = 0
        self.is_closed = False

    def close(self) -> None:
        """Ends every stream at its next look; the clients come back by themselves."""
        self.is_closed = True

    @contextmanager
    def place(self) -> Iterator[bool]:
        """False where there is none."""
        if self.count >= self._most:
            yield False
            return
        self.count += 1
        try:
            yield True
        finally:
            self.count -= 1


async def changes(
    snapshot: Snapshot[T], listeners: Listeners, *, has_place: bool
) -> AsyncIterator[ServerSentEvent]:
    """A snapshot whenever it differs from the last one, until it is a final one.

    Nothing is kept for a listener but the last event: a slow one misses what came between.
    `snapshot` gives the event's data, and whether it is the last; None where there is nothing to
    say any more. FastAPI sends heartbeats where nothing else is sent; the server closes the
    connection of a client that takes nothing.
    """
    if not has_place:
        data, _is_final = await snapshot()
        yield ServerSentEvent(data=data, retry=COME_BACK_MS)
        return
    last: T | None = None
    while True:
        data, is_final = await snapshot()
        if data is not None and data != last:
            last = data
            yield ServerSentEvent(data=data)
        if is_final or listeners.is_closed:
            return
        await sleep(LOOK_S)
