"""A list as a file that is sent while it is made."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from anyio import move_on_after
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from utils.contract.browsing.rows import ExportFormat

_CLOSE_LIMIT_S = 10.0
_MEDIA_TYPES = {ExportFormat.CSV: "text/csv", ExportFormat.JSON: "application/json"}
_NAME = {"description": "The file's name.", "schema": {"type": "string"}}
# For `responses=` of a route that answers so, beside what it says in JSON.
EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {"Content-Disposition": _NAME},
    }
}


class ExportResponse(StreamingResponse):
    """Closes what it sends, however it ends."""

    def __init__(
        self, chunks: AsyncGenerator[bytes], *, name: str, export_format: ExportFormat
    ) -> None:
        headers = {
            "Content-Disposition": f'attachment; filename="{name}.{export_format}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        super().__init__(chunks, headers=headers, media_type=_MEDIA_TYPES[export_format])
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with move_on_after(_CLOSE_LIMIT_S, shield=True):
                await self._chunks.aclose()
