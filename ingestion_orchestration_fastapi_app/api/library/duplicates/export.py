"""All groups of duplicates as a file, sent while it is made."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.exported_list import EXPORTED, ExportResponse
from ingestion_orchestration_fastapi_app.api.library.duplicates.groups import (
    Classes,
    Decided,
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
from utils.contract.browsing.rows import ExportFormat
from utils.contract.duplicates.export import DuplicateExport
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, tags=["duplicates"], dependencies=[READS])


@router.get(
    "/duplicates/export",
    response_model=DuplicateExport,
    summary="Export duplicates",
    responses={
        **EXPORTED,
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
    decided: Decided = None,
) -> Response:
    """All groups, with all of their images and what somebody decided about each. A cell of the CSV
    that a spreadsheet would take for a formula has a `'` before it. A transfer that breaks off is
    one that HTTP knows: its last chunk is missing.
    """
    record, run, groups = await services.duplicates.exported(
        collection, asked_classes(classes), decided=decided
    )
    if export_format is ExportFormat.CSV:
        chunks = csv_chunks(groups)
    else:
        chunks = json_chunks(record.name, run, groups)
    return ExportResponse(chunks, name="duplicates", export_format=export_format)
