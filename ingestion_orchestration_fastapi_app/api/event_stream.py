"""Server-Sent Events: what changes, to a bounded number of listeners."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog
from anyio import fail_after, sleep
from fastapi.sse import ServerSentEvent
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

LISTENERS = 32
LOOK_S = 0.25  # the least time between two events
PATIENCE_S = 30.0  # one that takes nothing for so long has gone
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
    say any more. FastAPI sends heartbeats where nothing else is sent.
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


class DropSlowListeners:
    """ASGI middleware: an event stream whose client takes nothing for PATIENCE_S is ended.

    FastAPI sends a stream at its client's pace, for ever where it must.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_stream = is_slow = False

        async def send_in_time(message: Message) -> None:
            nonlocal is_stream, is_slow
            if message["type"] == "http.response.start":
                media_type = Headers(raw=message["headers"]).get("Content-Type", "")
                is_stream = media_type.startswith("text/event-stream")
            try:
                with fail_after(PATIENCE_S if is_stream else None):
                    await send(message)
            except TimeoutError:
                is_slow = True
                raise

        try:
            await self._app(scope, receive, send_in_time)
        except Exception:
            if not is_slow:
                raise
            # The answer stays unfinished, which makes the server close the connection.
            log.info("listener_too_slow", path=scope["path"])
