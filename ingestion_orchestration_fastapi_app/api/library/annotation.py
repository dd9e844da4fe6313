"""What people say of images; albums and sidecars, which gather it, are parts of this."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.library.annotations import (
    album_images,
    albums,
    sidecars,
)
from ingestion_orchestration_fastapi_app.api.parameters import CollectionName, ImageId
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    NO_ANNOTATION,
    Annotation,
    AnnotationChange,
    Kept,
)
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DiskFull,
    ImageNotFound,
    StoreRead,
    StoreWrite,
)
from utils.contract import API_PREFIX
from utils.contract.annotations.annotation import (
    AnnotationBefore,
    AnnotationChanged,
    AnnotationChangeRequest,
    AnnotationRequest,
)
from utils.contract.annotations.reply import AnnotationReply
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX)
router.include_router(albums.router)
router.include_router(album_images.router)
router.include_router(sidecars.router)

_LOOKING = (ImageNotFound, CollectionNotFound, StoreRead)
_SAYING = (*_LOOKING, StoreWrite, DiskFull)


@router.get(
    "/images/{image_id}/annotation",
    tags=["images"],
    summary="Show what is said of an image",
    dependencies=[READS],
    responses=problems(*_LOOKING),
)
async def get_annotation(
    image_id: ImageId, services: AppStateDep, collection: CollectionName = "default"
) -> AnnotationReply:
    """Own rating, favourite and tags; nothing of what the file says."""
    image = await services.images.one(collection, image_id)
    said = await services.ports.ledger.annotations.find([image.sha256])
    return AnnotationReply(**asdict(said.get(image.sha256, NO_ANNOTATION)))


@router.put(
    "/images/{image_id}/annotation",
    tags=["images"],
    summary="Rate or tag an image",
    dependencies=[WRITES],
    responses=problems(*_SAYING),
)
async def put_annotation(
    image_id: ImageId,
    body: AnnotationRequest,
    services: AppStateDep,
    collection: CollectionName = "default",
) -> AnnotationReply:
    """In place of all that was said of it, and of its copies: the same bytes in whichever folder or
    collection.
    """
    image = await services.images.one(collection, image_id)
    said = Annotation.of(rating=body.rating, favourite=body.favourite, tags=body.tags)
    await services.ports.ledger.annotations.put(image.sha256, said)
    return AnnotationReply(**asdict(said))


@router.post(
    "/selection/annotation",
    tags=["images"],
    summary="Rate or tag a selection",
    dependencies=[WRITES],
    responses=problems(*_SAYING),
)
async def change_annotations(
    body: AnnotationChangeRequest, services: AppStateDep
) -> AnnotationChanged:
    """All at once, or none. What is left out stays as it is of each."""
    images = await services.images.several(body.collection, body.images)
    change = AnnotationChange(
        rating=body.rating if "rating" in body.model_fields_set else Kept.KEPT,
        favourite=body.favourite if "favourite" in body.model_fields_set else Kept.KEPT,
        add_tags=body.add_tags,
        remove_tags=body.remove_tags,
    )
    contents = dict.fromkeys(image.sha256 for image in images)
    said = await services.ports.ledger.annotations.change(list(contents), change)
    before: dict[Annotation, list[str]] = {}
    for image in images:
        was = said.get(image.sha256, NO_ANNOTATION)
        if change.applied_to(was) != was:
            before.setdefault(was, []).append(str(image.id))
    there = {image.id for image in images}
    missing = tuple(str(one) for one in body.images if one not in there)
    return AnnotationChanged(
        images=len(there),
        missing=missing,
        before=tuple(
            AnnotationBefore(annotation=AnnotationReply(**asdict(was)), ids=tuple(ids))
            for was, ids in before.items()
        ),
    )
