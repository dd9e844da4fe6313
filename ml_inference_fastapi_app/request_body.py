"""A request's body as it arrives, bounded in time and size."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio

from ml_inference_fastapi_app.errors import UploadTooSlow


class Body:
    """A request's body with a limit on the time that its sender may take, not on our own."""

    def __init__(self, chunks: AsyncIterator[bytes], *, timeout_s: float) -> None:
        self._chunks = chunks
        self._timeout_s = timeout_s
        self._left_s = timeout_s
        self.ended = anyio.Event()

    async def next(self) -> bytes | None:
        """None at the end. Raises UploadTooSlow, or the iterator's own ClientDisconnect."""
        asked_s = anyio.current_time()
        try:
            with anyio.fail_after(self._left_s):
                chunk = await anext(self._chunks, None)
        except TimeoutError as exc:
            raise UploadTooSlow(f"It may take {self._timeout_s:g} s.") from exc
        self._left_s -= anyio.current_time() - asked_s
        if chunk is None:
            self.ended.set()
        return chunk

    async def read(self) -> bytes:
        """All of a body that is bounded already."""
        whole = bytearray()
        while (chunk := await self.next()) is not None:
            whole += chunk
        return bytes(whole)
