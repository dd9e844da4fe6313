"""Searches by text, by an image, and by an image that is stored."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.image_views import search_reply
from ingestion_orchestration_fastapi_app.api.library.filter_parameters import (
    FILTERS_EXAMPLE,
    FORM_FILTERS_DESCRIPTION,
    FiltersJson,
    QueryFilters,
    filters_in_json,
)
from ingestion_orchestration_fastapi_app.api.links import OF_RESULTS
from ingestion_orchestration_fastapi_app.api.parameters import (
    CollectionName,
    ImageId,
    PageLimit,
    SearchCursor,
    SearchOffset,
)
from ingestion_orchestration_fastapi_app.api.place_views import understood_reply
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.domain.library.filters.specs import filters_of
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    CursorRefused,
    ImageNotFound,
    ModelMismatch,
    StoreRead,
)
from ingestion_orchestration_fastapi_app.library.searching.query import Query
from utils.contract import (
    API_PREFIX,
    MAX_SEARCH_LIMIT,
    MAX_SEARCH_OFFSET,
    CollectionText,
    SearchReply,
    SearchTextRequest,
)
from utils.contract.search import CURSOR_DESCRIPTION, OFFSET_DESCRIPTION, CursorText
from utils.problems import (
    BatchTooLarge,
    GpuBusy,
    MalformedMultipart,
    MlUnavailable,
    ModelLoading,
    ValidationProblem,
)
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, tags=["search"], dependencies=[READS])

SEARCHING = (
    CursorRefused,
    CollectionNotFound,
    ModelMismatch,
    GpuBusy,
    ModelLoading,
    MlUnavailable,
    StoreRead,
)

MAX_QUERY_IMAGE_BYTES = 64 * 1024 * 1024


@router.post(
    "/search/text",
    summary="Search by text",
    responses={200: {"links": OF_RESULTS}, **problems(*SEARCHING)},
)
async def search_by_text(body: SearchTextRequest, services: AppStateDep) -> SearchReply:
    """The images that are nearest to what the words mean, the best first."""
    query = Query(
        collection=body.collection,
        limit=body.limit,
        offset=body.offset,
        filters=filters_of(body.filters),
        min_score=body.min_score,
        cursor=body.cursor,
        mode=body.mode,
        min_relevance=body.min_relevance,
        templates=body.templates,
    )
    if not body.parse:
        return await search_reply(services, await services.search.by_text(query, body.query))
    found, narrowing = await services.sentences.by_text(query, body.query, today=body.today)
    return await search_reply(services, found, understood_reply(narrowing))


@router.post(
    "/search/image",
    summary="Search by a picture",
    responses={200: {"links": OF_RESULTS}, **problems(MalformedMultipart, *SEARCHING)},
)
async def search_by_image(
    services: AppStateDep,
    file: Annotated[
        UploadFile,
        File(
            description="The picture, as a file of a known format.",
            json_schema_extra={"minLength": 1},
        ),
    ],
    collection: Annotated[CollectionText, Form()] = "default",
    filters: Annotated[
        FiltersJson | None, Form(description=FORM_FILTERS_DESCRIPTION, examples=[FILTERS_EXAMPLE])
    ] = None,
    limit: Annotated[int, Form(ge=1, le=MAX_SEARCH_LIMIT, description="The most results.")] = 20,
    offset: Annotated[int, Form(ge=0, le=MAX_SEARCH_OFFSET, description=OFFSET_DESCRIPTION)] = 0,
    cursor: Annotated[CursorText | None, Form(description=CURSOR_DESCRIPTION)] = None,
    min_score: Annotated[
        float | None,
        Form(ge=-1, le=1, allow_inf_nan=False, description="The least score of a result."),
    ] = None,
) -> SearchReply:
    """The images that look most like the one that is sent, the best first."""
    data = await file.read(MAX_QUERY_IMAGE_BYTES + 1)
    if len(data) > MAX_QUERY_IMAGE_BYTES:
        raise BatchTooLarge("The image is too large.", limit=MAX_QUERY_IMAGE_BYTES)
    if not data:
        raise ValidationProblem("The image is empty.")
    query = Query(
        collection=collection,
        limit=limit,
        offset=offset,
        filters=filters_in_json(filters, where="body"),
        min_score=min_score,
        cursor=cursor,
    )
    return await search_reply(services, await services.search.by_image(query, data))


@router.get(
    "/images/{image_id}/similar",
    summary="Find similar images",
    responses=problems(CursorRefused, ImageNotFound, CollectionNotFound, StoreRead),
)
async def find_similar_images(
    image_id: ImageId,
    services: AppStateDep,
    filters: QueryFilters,
    collection: CollectionName = "default",
    limit: PageLimit = 20,
    offset: SearchOffset = 0,
    cursor: SearchCursor = None,
) -> SearchReply:
    """The images that look most like a stored one, without itself, the best first."""
    query = Query(
        collection=collection,
        limit=limit,
        offset=offset,
        filters=filters,
        min_score=None,
        cursor=cursor,
    )
    return await search_reply(services, await services.search.similar(query, image_id))
