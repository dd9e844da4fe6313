"""What is known of a stored image."""

from __future__ import annotations

from fastapi import APIRouter

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.image_views import image_views
from ingestion_orchestration_fastapi_app.api.parameters import (
    CollectionName,
    ImageId,
)
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    ImageNotFound,
    StoreRead,
)
from utils.contract import API_PREFIX, ImageReply
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, tags=["images"], dependencies=[READS])

_LOOKING = (ImageNotFound, CollectionNotFound, StoreRead)


@router.get("/images/{image_id}", summary="Show an image's data", responses=problems(*_LOOKING))
async def get_image(
    image_id: ImageId, services: AppStateDep, collection: CollectionName = "default"
) -> ImageReply:
    """What the file says of itself, and where its pictures are."""
    point = await services.images.point(collection, image_id)
    record = await services.collections.get(collection)
    (shown,) = await services.collections.words.joined(record, [point])
    return (await image_views(services, record, [shown])).image(shown)
