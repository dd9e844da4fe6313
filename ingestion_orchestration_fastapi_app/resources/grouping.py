"""Groups from a stream: full, or as old as a linger allows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from anyio import EndOfStream, current_time, move_on_at
from anyio.streams.memory import MemoryObjectReceiveStream

T = TypeVar("T")


async def grouped(
    items: MemoryObjectReceiveStream[T],
    *,
    most: int,
    linger_s: float,
    more: Callable[[], bool] = lambda: True,
) -> AsyncIterator[list[T]]:
    """Groups of at most `most`, closed `linger_s` after their first item. Ends with the stream.

    `more` says whether it is worth to wait for another one.
    """
    while True:
        try:
            group = [await items.receive()]
        except EndOfStream:
            return
        ended = False
        with move_on_at(current_time() + linger_s):
            while len(group) < most and more():
                try:
                    group.append(await items.receive())
                except EndOfStream:
                    ended = True
                    break
        yield group
        if ended:
            return
