"""Work that ends when nobody waits for its answer any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from anyio import create_task_group
from fastapi import Request
from starlette.requests import ClientDisconnect

T = TypeVar("T")


async def unless_client_leaves(request: Request, work: Callable[[], Awaitable[T]]) -> T:
    """For a request without a body. Cancels the work when the client hangs up.

    Raises what the work raises, or ClientDisconnect.
    """
    done: list[T] = []
    failure: Exception | None = None

    async def watch() -> None:
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
