"""Calls about exports and imports of collections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

from utils.client.connection import Connection
from utils.contract import IngestAccepted
from utils.contract.transfer import ExportList, ExportReply, ExportRequest, ImportRequest


class TransferCalls(Connection):
    """Each method is the operation of its name in the OpenAPI document."""

    async def export_collection(self, request: ExportRequest) -> IngestAccepted:
        return await self.ask("POST", "/exports", IngestAccepted, body=request)

    async def list_exports(
        self, *, limit: int | None = None, offset: int | None = None
    ) -> ExportList:
        return await self.ask("GET", "/exports", ExportList, limit=limit, offset=offset)

    async def get_export(self, export_id: str) -> ExportReply:
        return await self.ask("GET", _path(export_id), ExportReply)

    async def get_export_file(self, export_id: str, file_name: str) -> AsyncIterator[bytes]:
        """In pieces."""
        path = f"{_path(export_id)}/files/{quote(file_name, safe='')}"
        async with self.streamed("GET", path) as response:
            async for piece in response.aiter_bytes():
                yield piece

    async def import_collection(self, request: ImportRequest) -> IngestAccepted:
        return await self.ask("POST", "/imports", IngestAccepted, body=request)

    async def remove_export(self, export_id: str) -> None:
        await self.done("DELETE", _path(export_id))


def _path(export_id: str) -> str:
    return f"/exports/{quote(export_id, safe='')}"
