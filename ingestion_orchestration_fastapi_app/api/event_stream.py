"""Server-Sent Events: what changes, to a bounded number of listeners."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog
from anyio import CancelScope, create_task_group, current_time, fail_after, sleep
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

log = structlog.get_logger(__name__)

LISTENERS = 32
LOOK_S = 0.25  # the least time between two events
HEARTBEAT_S = 15.0  # a listener that left without a word is noticed by then
PATIENCE_S = 30.0  # one that takes nothing for so long has gone
COME_BACK_MS = 5000  # one that finds no place asks again so much later

Snapshot = Callable[[], Awaitable[tuple[str, bool]]]


class Listeners:
    """How many listen at once; those above the bound get one event and are told to come back."""

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


class EventStream(Response):
    """Sends a snapshot whenever it differs from the last one, until it is a final one.

    Nothing is kept for a listener but the last event: a slow one misses what came between.
    `snapshot` gives the event's data, one line of text, and whether it is the last; no text
    where there is nothing to say any more.
    """

    media_type = "text/event-stream"

    def __init__(self, snapshot: Snapshot, listeners: Listeners) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["Content-Length"]
        self._snapshot = snapshot
        self._listeners = listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._told(receive, send)
        except* TimeoutError:
            # The answer stays unfinished, which makes the server close the connection.
            log.info("listener_too_slow", path=scope["path"])

    async def _told(self, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        with self._listeners.place() as has_place:
            async with create_task_group() as tg:
                tg.start_soon(_until_gone, receive, tg.cancel_scope)
                async for text in self._texts() if has_place else self._once():
                    with fail_after(PATIENCE_S):
                        await send(_body(text, more=True))
                tg.cancel_scope.cancel()
        await send(_body("", more=False))

    async def _once(self) -> AsyncIterator[str]:
        data, _is_final = await self._snapshot()
        yield f"retry: {COME_BACK_MS}\ndata: {data}\n\n"

    async def _texts(self) -> AsyncIterator[str]:
        last = ""
        sent_s = current_time()
        while True:
            data, is_final = await self._snapshot()
            if data and data != last:
                last, sent_s = data, current_time()
                yield f"data: {data}\n\n"
            elif current_time() - sent_s >= HEARTBEAT_S:
                sent_s = current_time()
                yield ": still here\n\n"
            if is_final or self._listeners.is_closed:
                return
            await sleep(LOOK_S)


def _body(text: str, *, more: bool) -> dict[str, object]:
    return {"type": "http.response.body", "body": text.encode(), "more_body": more}


async def _until_gone(receive: Receive, scope: CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # what is left of the request's body
    scope.cancel()
