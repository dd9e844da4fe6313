"""All groups of duplicates as a file, sent while it is made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Annotated

from anyio import move_on_after
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.library.duplicates.groups import (
    Classes,
    asked_classes,
)
from ingestion_orchestration_fastapi_app.api.parameters import CollectionName
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, StoreRead
from ingestion_orchestration_fastapi_app.library.duplicates.exporting import (
    csv_chunks,
    json_chunks,
)
from utils.contract import API_PREFIX
from utils.contract.duplicates.export import DuplicateExport, ExportFormat
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, tags=["duplicates"], dependencies=[READS])

CSV = "text/csv"
_CLOSE_LIMIT_S = 10.0
_BINARY = {"type": "string", "format": "binary"}


class ExportResponse(StreamingResponse):
    """Closes what it sends, however it ends."""

    def __init__(
        self, chunks: AsyncGenerator[bytes], *, headers: Mapping[str, str], media_type: str
    ) -> None:
        super().__init__(chunks, headers=headers, media_type=media_type)
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with move_on_after(_CLOSE_LIMIT_S, shield=True):
                await self._chunks.aclose()


@router.get(
    "/duplicates/export",
    response_model=DuplicateExport,
    summary="Export duplicates",
    responses={
        200: {
            "content": {CSV: {"schema": _BINARY}},
            "headers": {
                "Content-Disposition": {
                    "description": "The file's name.",
                    "schema": {"type": "string"},
                }
            },
        },
        **problems(CollectionNotFound, StoreRead),
    },
)
async def export_duplicates(
    services: AppStateDep,
    collection: CollectionName = "default",
    classes: Classes = None,
    export_format: Annotated[
        ExportFormat, Query(alias="format", description="CSV has a line for each image.")
    ] = ExportFormat.CSV,
) -> Response:
    """All groups, with all of their images. A cell of the CSV that a spreadsheet would take for a
    formula has a `'` before it. A transfer that breaks off is one that
    HTTP knows: its last chunk is missing.
    """
    record, run, groups = await services.duplicates.exported(collection, asked_classes(classes))
    headers = {
        "Content-Disposition": f'attachment; filename="duplicates.{export_format}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if export_format is ExportFormat.CSV:
        return ExportResponse(csv_chunks(groups), headers=headers, media_type=CSV)
    chunks = json_chunks(record.name, run, groups)
    return ExportResponse(chunks, headers=headers, media_type="application/json")
