"""Stored images: listing, and what is known of one."""

from __future__ import annotations

from fastapi import APIRouter

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
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
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    ImageNotFound,
    StoreRead,
)
from utils.contract import API_PREFIX, ImageList, ImageReply
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, tags=["images"], dependencies=[READS])

_LOOKING = (ImageNotFound, CollectionNotFound, StoreRead)


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
