"""Images as a file for spreadsheets and scripts: all of a list, or a selection."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.exported_list import EXPORTED, ExportResponse
from ingestion_orchestration_fastapi_app.api.library.browsing import Direction, Sorting
from ingestion_orchestration_fastapi_app.api.library.filter_parameters import QueryFilters
from ingestion_orchestration_fastapi_app.api.library.pictures.selection_body import (
    selection_body,
    selection_of,
)
from ingestion_orchestration_fastapi_app.api.parameters import CollectionName
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Order, Sort
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    ImageNotFound,
    StoreRead,
)
from ingestion_orchestration_fastapi_app.library.catalogue.browsing import Asked
from ingestion_orchestration_fastapi_app.library.catalogue.image_tables import ROWS_AT_ONCE
from utils.contract import API_PREFIX, BrowseOrder, BrowseSort
from utils.contract.browsing.rows import ExportFormat, ImageTable, SelectionExport
from utils.problems import UnsupportedMediaType
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, tags=["images"], dependencies=[READS])

_NAME = "photoseek-images"


@router.get(
    "/images/export",
    response_model=ImageTable,
    summary="Export images as a table",
    responses={**EXPORTED, **problems(CollectionNotFound, StoreRead)},
)
async def export_images(
    services: AppStateDep,
    filters: QueryFilters,
    collection: CollectionName = "default",
    sort: Sorting = BrowseSort.PATH,
    order: Direction = BrowseOrder.ASC,
    export_format: Annotated[
        ExportFormat, Query(alias="format", description="CSV has a line for each image.")
    ] = ExportFormat.CSV,
) -> Response:
    """All images that meet the conditions, without vectors, however many they are. A cell of the
    CSV that a spreadsheet would take for a formula has a `'` before it. What comes while it is
    sent may be in it or not; nothing is in it twice. A transfer that breaks off is one that HTTP
    knows: its last chunk is missing. A file that is named `photoseek-images-incomplete` lacks what
    lists lack while they warn of it.
    """
    by = Order(Sort(sort.value), is_descending=order is BrowseOrder.DESC)
    asked = Asked(collection, filters, by, ROWS_AT_ONCE)
    chunks, is_whole = await services.image_tables.listed(asked, export_format)
    name = _NAME if is_whole else f"{_NAME}-incomplete"
    return ExportResponse(chunks, name=name, export_format=export_format)


@router.post(
    "/selection/export",
    response_model=ImageTable,
    summary="Export a selection as a table",
    responses={
        **EXPORTED,
        **problems(ImageNotFound, CollectionNotFound, StoreRead, UnsupportedMediaType),
    },
    openapi_extra=selection_body(SelectionExport),
)
async def export_selection(request: Request, services: AppStateDep) -> Response:
    """The same of the images that are named, in that order. JSON, or the form of a page (`ids`
    once for each image). What the collection does not hold any more is left out.
    """
    asked = await selection_of(request, SelectionExport)
    chunks = await services.image_tables.selected(asked.collection, asked.images, asked.format)
    return ExportResponse(chunks, name=_NAME, export_format=asked.format)
