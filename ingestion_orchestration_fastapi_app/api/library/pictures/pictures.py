"""Pictures of stored images: the thumbnail, previews, the original."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.library.pictures.accepted import accepted_format
from ingestion_orchestration_fastapi_app.api.library.pictures.picture_response import (
    PICTURE_HEADERS,
    original_response,
)
from ingestion_orchestration_fastapi_app.api.parameters import CollectionName, ImageId
from ingestion_orchestration_fastapi_app.api.ranged_response import is_held
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.domain.library.picture import placeholder_phash
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    ImageNotFound,
    PictureUnavailable,
    StoreRead,
)
from ingestion_orchestration_fastapi_app.ports.previews import PreviewFormat
from utils.contract import API_PREFIX
from utils.web.disconnects import unless_client_leaves
from utils.web.openapi import pictures, problems

router = APIRouter(prefix=API_PREFIX, tags=["images"], dependencies=[READS])

_SEEING = (ImageNotFound, CollectionNotFound, StoreRead, PictureUnavailable)
_ETAG = "Names this very content: send it as `If-None-Match`."
_KEPT = "How long it may be kept."
# An image keeps its address when its file is edited: after five minutes a browser shows what it
# has and asks meanwhile, so that the picture of today is seen the next time.
_A_WHILE = "private, max-age=300, stale-while-revalidate=86400"
_PREVIEW = pictures(
    "image/jpeg", "The preview.", 200, ETag=_ETAG, Cache_Control=_KEPT, Vary="`Accept`."
)
_PREVIEW[200]["content"]["image/webp"] = _PREVIEW[200]["content"]["image/jpeg"]


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
    """WebP. Named by content: who asks again with its ETag gets it only where it changed; grey,
    and not to be kept, as long as no inference service shows what it made of a RAW."""
    image = await services.images.one(collection, image_id)
    version = services.ports.preparation.picture_version
    headers = {
        **PICTURE_HEADERS,
        "ETag": f'"{image.picture_key.hex()[:32]}-{image.phash:x}-{version}"',
        "Cache-Control": _A_WHILE,
    }
    if is_held(request.headers.get("If-None-Match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    picture = await services.thumbnails.picture(image)
    if picture.phash == placeholder_phash(image.picture_key):
        headers = {**PICTURE_HEADERS, "Cache-Control": "no-store"}
    return Response(picture.thumbnail, media_type="image/webp", headers=headers)


@router.get(
    "/images/{image_id}/preview",
    response_class=Response,
    summary="See an image large",
    responses={
        **_PREVIEW,
        304: {"description": "The asker has it already."},
        **problems(*_SEEING),
    },
)
async def get_preview(
    image_id: ImageId,
    request: Request,
    services: AppStateDep,
    collection: CollectionName = "default",
    size: Annotated[
        int,
        Query(
            ge=16,
            le=8192,
            description="Its longest side in pixels, rounded up to 256, 512, 1024, 1600, 2560 or "
            "4096. No picture is enlarged.",
            examples=[1600],
        ),
    ] = 1600,
    encoding: Annotated[
        PreviewFormat | None,
        Query(
            alias="format",
            description="JPEG is faster to make. Default: JPEG, unless `Accept` prefers WebP.",
        ),
    ] = None,
) -> Response:
    """Any format (HEIC, RAW, TIFF, JPEG XL) as a picture that every browser shows: upright, in
    sRGB, without metadata. Made once and kept by content."""
    image = await services.images.one(collection, image_id)
    wanted = encoding or accepted_format(request.headers.getlist("Accept"))
    key = services.previews.key(image, side_px=size, encoding=wanted)
    name = f"{key.picture.hex()[:32]}-{key.side_px}-{key.encoding}-{key.version}"
    headers = {**PICTURE_HEADERS, "ETag": f'"{name}"', "Cache-Control": _A_WHILE, "Vary": "Accept"}
    if is_held(request.headers.get("If-None-Match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    preview = await unless_client_leaves(request, partial(services.previews.preview, image, key))
    return Response(preview, media_type=key.encoding.media_type, headers=headers)


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
    image = await services.images.one(collection, image_id)
    opened = await services.originals.open(collection, image)
    return original_response(
        request,
        opened,
        name=image.filename,
        etag=f'"{image.sha256.hex()[:32]}"',
        download=download,
        read=partial(services.originals.threads.run, image.path),
    )
