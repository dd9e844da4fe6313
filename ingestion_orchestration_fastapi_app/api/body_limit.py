"""A bound on request bodies, counted as they arrive: nothing larger reaches memory or disk."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from utils.problems import BatchTooLarge


class BodyLimit:
    """ASGI middleware; sits inside the problem handlers."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received_bytes = 0

        async def counted() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > self._max_bytes:
                raise BatchTooLarge("The request's body is too large.", limit=self._max_bytes)
            return message

        await self._app(scope, counted if scope["type"] == "http" else receive, send)
