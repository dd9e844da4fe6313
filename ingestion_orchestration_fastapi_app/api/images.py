"""Stored images: listing, one of them, its thumbnail, its file."""

from __future__ import annotations

import os
from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.api.services import Wired
from ingestion_orchestration_fastapi_app.api.views import image_reply
from ingestion_orchestration_fastapi_app.core.files import unseen_hash
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from utils.contract import API_PREFIX, ImageList, ImageReply

router = APIRouter(prefix=API_PREFIX, tags=["images"], dependencies=[READS])


@router.get("/images")
async def images(
    services: Wired,
    collection: str = "default",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> ImageList:
    """By path."""
    record = await services.collections.get(collection)
    points = []
    if record.fingerprint is not None:
        points = await services.ports.store.page(record.name, limit=limit, offset=offset)
    return ImageList(
        images=tuple(image_reply(point, record.name) for point in points),
        collection=record.name,
        next_offset=offset + limit if len(points) == limit else None,
    )


@router.get("/images/{image_id}")
async def image(image_id: UUID, services: Wired, collection: str = "default") -> ImageReply:
    return image_reply(await services.thumbnails.point(collection, image_id), collection)


@router.get("/images/{image_id}/thumbnail", response_class=Response)
async def thumbnail(
    image_id: UUID, request: Request, services: Wired, collection: str = "default"
) -> Response:
    """WebP. Named by content, so a browser may keep it for as long as it likes; grey, and not to
    be kept, as long as no inference service shows what it made of a RAW."""
    point = await services.thumbnails.point(collection, image_id)
    headers = {
        "ETag": f'"{point.sha256.hex()[:32]}-{point.phash:x}-{services.ports.preparation.version}"',
        "Cache-Control": "private, max-age=86400",
    }
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    picture = await services.thumbnails.picture(point)
    if picture.phash == unseen_hash(point.sha256):
        headers = {"Cache-Control": "no-store"}
    return Response(picture.thumbnail, media_type="image/webp", headers=headers)


@router.get("/images/{image_id}/file", response_class=FileResponse)
async def file(image_id: UUID, services: Wired, collection: str = "default") -> FileResponse:
    """The original, as it is; ranges are served."""
    point = await services.thumbnails.point(collection, image_id)
    # A folder may have been taken off the allowed roots, or become a link, since it was ingested.
    folder = os.fsdecode(point.path.rpartition(b"/")[0] or b"/")
    await to_thread.run_sync(services.checked_directory, folder, limiter=services.blocking)
    path = os.fsdecode(point.path)
    if not await to_thread.run_sync(os.path.isfile, path, limiter=services.blocking):
        raise ImageNotFound("The file is no longer where it was when it was stored.")
    return FileResponse(
        path,
        filename=point.filename,
        content_disposition_type="inline",
        headers={"X-Content-Type-Options": "nosniff"},
    )
