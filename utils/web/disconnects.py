"""Work that ends when nobody waits for its answer any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from anyio import create_task_group
from fastapi import Request
from starlette.requests import ClientDisconnect

T = TypeVar("T")


async def unless_client_leaves(
    request: Request,
    work: Callable[[], Awaitable[T]],
    *,
    body_end: Callable[[], Awaitable[None]] | None = None,
) -> T:
    """Cancels the work when the client hangs up, so that its place is free for another.

    `body_end` waits for the end of a body that the work itself reads; leave it out where the
    request has none.

    Raises what the work raises, or ClientDisconnect.
    """
    done: list[T] = []
    failure: Exception | None = None

    async def watch() -> None:
        if body_end is not None:
            await body_end()  # until then the work itself hears of it
        while (await request.receive())["type"] != "http.disconnect":
            pass
        tg.cancel_scope.cancel()

    async with create_task_group() as tg:
        tg.start_soon(watch)
        try:
            done.append(await work())
        except Exception as exc:  # noqa: BLE001  # raised below, outside the group
            failure = exc
        tg.cancel_scope.cancel()
    if failure is not None:
        raise failure
    if not done:
        raise ClientDisconnect
    return done[0]
