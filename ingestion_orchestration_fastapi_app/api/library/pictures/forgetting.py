"""Images are forgotten, listed as such, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.parameters import (
    CollectionInPath,
    CollectionName,
    ImageId,
)
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DiskFull,
    ImageNotFound,
    StoreRead,
    StoreWrite,
)
from utils.contract import (
    API_PREFIX,
    MAX_SEARCH_LIMIT,
    ForgetReply,
    ForgottenList,
    ForgottenReply,
    Selection,
)
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, dependencies=[READS])

_GROUP = 500  # images that are looked up at once
_FORGETTING = problems(ImageNotFound, CollectionNotFound, StoreRead, StoreWrite, DiskFull)
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_PATTERN = "^[0-9a-f]{64}$"


@router.delete(
    "/images/{image_id}",
    dependencies=[WRITES],
    tags=["images"],
    summary="Forget an image",
    responses=_FORGETTING,
)
async def forget_image(
    image_id: ImageId, services: AppStateDep, collection: CollectionName = "default"
) -> ForgetReply:
    """It leaves the collection, with every copy of its content, and no import takes it in again,
    also under another name. The file stays where it is.
    """
    return await _forgotten(services, collection, [image_id])


@router.post(
    "/selection/forget",
    dependencies=[WRITES],
    tags=["images"],
    summary="Forget a selection",
    responses=_FORGETTING,
)
async def forget_selection(body: Selection, services: AppStateDep) -> ForgetReply:
    """As for one image."""
    return await _forgotten(services, body.collection, body.images)


@router.get(
    "/collections/{name}/forgotten",
    tags=["collections"],
    summary="List forgotten images",
    responses=problems(CollectionNotFound),
)
async def list_forgotten(
    name: CollectionInPath,
    services: AppStateDep,
    limit: Annotated[int, Query(ge=1, le=MAX_SEARCH_LIMIT, description="The most of a page.")] = 50,
    after: Annotated[
        str | None,
        Query(
            pattern=_PATTERN, description="The `next_after` of the page before.", examples=[_HASH]
        ),
    ] = None,
) -> ForgottenList:
    """By their content's hash."""
    record = await services.collections.get(name)
    page = await services.ports.ledger.forgotten.page(
        record.id, after=b"" if after is None else bytes.fromhex(after), limit=limit
    )
    return ForgottenList(
        forgotten=tuple(
            ForgottenReply(sha256=one.sha256.hex(), path=one.name, forgotten_at=one.at)
            for one in page
            if one.at is not None
        ),
        next_after=page[-1].sha256.hex() if len(page) == limit else None,
    )


@router.delete(
    "/collections/{name}/forgotten/{sha256}",
    dependencies=[WRITES],
    status_code=204,
    tags=["collections"],
    summary="Take back a forgotten image",
    responses=_FORGETTING,
)
async def take_back_image(
    name: CollectionInPath,
    sha256: Annotated[
        str, Path(pattern=_PATTERN, description="As `sha256` says.", examples=[_HASH])
    ],
    services: AppStateDep,
) -> None:
    """The next import of its folder takes it in again."""
    await services.forgetting.take_back(name, bytes.fromhex(sha256))


async def _forgotten(services: AppState, collection: str, ids: Sequence[UUID]) -> ForgetReply:
    images = []
    for start in range(0, len(ids), _GROUP):
        images += await services.images.several(collection, ids[start : start + _GROUP])
    if not images:
        raise ImageNotFound(f"Collection {collection!r} holds none of these images.")
    forgotten = await services.forgetting.forget(collection, images)
    return ForgetReply(forgotten=forgotten, missing=len(ids) - len(images))
