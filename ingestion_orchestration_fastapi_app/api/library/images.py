"""Stored images: listing, one of them, its thumbnail, its file."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.library.picture_response import (
    PICTURE_HEADERS,
    is_held,
    original_response,
)
from ingestion_orchestration_fastapi_app.api.links import OF_IMAGES
from ingestion_orchestration_fastapi_app.api.parameters import (
    CollectionName,
    ImageId,
    Offset,
    PageLimit,
)
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.api.views import image_reply
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.picture import placeholder_phash
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    ImageNotFound,
    PictureUnavailable,
    StoreRead,
)
from utils.contract import API_PREFIX, ImageList, ImageReply
from utils.web.openapi import pictures, problems

router = APIRouter(prefix=API_PREFIX, tags=["images"], dependencies=[READS])

_LOOKING = (ImageNotFound, CollectionNotFound, StoreRead)
_SEEING = (*_LOOKING, PictureUnavailable)
_ETAG = "Names this very content: send it as `If-None-Match`."
_KEPT = "How long it may be kept."


@router.get(
    "/images",
    summary="List images",
    responses={200: {"links": OF_IMAGES}, **problems(CollectionNotFound, StoreRead)},
)
async def list_images(
    services: AppStateDep,
    collection: CollectionName = "default",
    limit: PageLimit = 50,
    offset: Offset = 0,
) -> ImageList:
    """All of a collection, by path."""
    points: list[Point] = []
    async with services.collections.reading(collection) as record:
        if record.active is not None:
            shown = Filters(within=services.allowed.shown(record))
            points = await services.ports.store.page(
                record.active.table, limit=limit, offset=offset, filters=shown
            )
            points = await services.collections.words.joined(record, points)
    stale = await services.stale_points.among(record, points)
    return ImageList(
        images=tuple(image_reply(point, record.name, stale=stale) for point in points),
        collection=record.name,
        next_offset=offset + limit if len(points) == limit else None,
    )


@router.get("/images/{image_id}", summary="Show an image's data", responses=problems(*_LOOKING))
async def get_image(
    image_id: ImageId, services: AppStateDep, collection: CollectionName = "default"
) -> ImageReply:
    """What the file says of itself, and where its pictures are."""
    point = await services.thumbnails.point(collection, image_id)
    record = await services.collections.get(collection)
    stale = await services.stale_points.among(record, [point])
    (shown,) = await services.collections.words.joined(record, [point])
    return image_reply(shown, collection, stale=stale)


@router.get(
    "/images/{image_id}/thumbnail",
    response_class=Response,
    summary="See an image's thumbnail",
    responses={
        **pictures("image/webp", "The thumbnail.", 200, ETag=_ETAG, Cache_Control=_KEPT),
        304: {"description": "The asker has it already."},
        **problems(*_SEEING),
    },
)
async def get_thumbnail(
    image_id: ImageId,
    request: Request,
    services: AppStateDep,
    collection: CollectionName = "default",
) -> Response:
    """WebP. Named by content, so a browser may keep it for as long as it likes; grey, and not to
    be kept, as long as no inference service shows what it made of a RAW."""
    point = await services.thumbnails.point(collection, image_id)
    version = services.ports.preparation.picture_version
    headers = {
        **PICTURE_HEADERS,
        "ETag": f'"{point.picture_key.hex()[:32]}-{point.phash:x}-{version}"',
        "Cache-Control": "private, max-age=86400",
    }
    if is_held(request.headers.get("If-None-Match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    picture = await services.thumbnails.picture(point)
    if picture.phash == placeholder_phash(point.picture_key):
        headers = {**PICTURE_HEADERS, "Cache-Control": "no-store"}
    return Response(picture.thumbnail, media_type="image/webp", headers=headers)


@router.get(
    "/images/{image_id}/file",
    response_class=Response,
    summary="Fetch an image's file",
    responses={
        **pictures(
            "image/*",
            "The original, or the range of it that was asked for.",
            200,
            206,
            ETag=_ETAG,
            Cache_Control=_KEPT,
            Content_Disposition="Whether it is shown or saved, and by which name.",
        ),
        304: {"description": "The asker has it already."},
        416: {"description": "None of the range is there."},
        **problems(*_SEEING),
    },
)
async def get_file(
    image_id: ImageId,
    request: Request,
    services: AppStateDep,
    collection: CollectionName = "default",
    download: Annotated[bool, Query(description="As an attachment, whatever it is.")] = False,
) -> Response:
    """The original, as it is, typed by its content; one range is served.

    Formats that browsers do not show are attachments; with `download` every one is.
    """
    point = await services.thumbnails.point(collection, image_id)
    opened = await services.originals.open(collection, point)
    return original_response(
        request,
        opened,
        name=point.filename,
        etag=f'"{point.sha256.hex()[:32]}"',
        download=download,
        read=partial(services.originals.threads.run, point.path),
    )
