"""Removed images are brought back by their ids, or thrown away for good."""

from __future__ import annotations

from fastapi import APIRouter

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.parameters import CollectionInPath
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DiskFull,
    ImageNotFound,
    StoreRead,
    StoreWrite,
)
from utils.contract import API_PREFIX, RestoreReply, Selection, TrashEmptied
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, dependencies=[READS])


@router.post(
    "/selection/restore",
    dependencies=[WRITES],
    tags=["images"],
    summary="Bring removed images back",
    responses=problems(ImageNotFound, CollectionNotFound, StoreRead, StoreWrite, DiskFull),
)
async def restore_selection(body: Selection, services: AppStateDep) -> RestoreReply:
    """Undoes forgetting an image or a selection, and removals by `sync`, of single images: they
    are found again at once, and imports take them in again.

    Every copy of what was forgotten comes back with it. What is still not in its folder is removed
    again by the next import with `sync`.
    """
    outcome = await services.restoring.bring_back(body.collection, body.images)
    met = {one.point_id for one in outcome.back} | {one.point_id for one, _ in outcome.left}
    missing = len(set(body.images) - met)
    if not met:
        raise ImageNotFound(
            f"None of these images is in the trash of the collection {body.collection!r}."
        )
    return RestoreReply(
        restored=outcome.searchable,
        without_vector=len(outcome.back) - outcome.searchable,
        left=len(outcome.left),
        missing=missing,
    )


@router.delete(
    "/collections/{name}/trash",
    dependencies=[WRITES],
    tags=["collections"],
    summary="Empty a collection's trash",
    responses=problems(CollectionNotFound, StoreWrite, DiskFull),
)
async def empty_trash(name: CollectionInPath, services: AppStateDep) -> TrashEmptied:
    """Removed images can not be brought back any more: their vectors, words and names are
    overwritten on the disk. No photograph is touched, and what is forgotten stays forgotten.
    """
    collection = await services.collections.get(name)
    return TrashEmptied(emptied=await services.collections.trash.empty(collection))
