"""The roots of a collection: re-pointed where they have moved, forgotten where they are gone."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from anyio import move_on_after
from fastapi import APIRouter, Query

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.library.described import described
from ingestion_orchestration_fastapi_app.api.library.folders.folder_names import meant_folder
from ingestion_orchestration_fastapi_app.api.parameters import CollectionInPath
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.domain.files.identity import folders_above
from ingestion_orchestration_fastapi_app.domain.jobs.imports import FILES_LANE
from ingestion_orchestration_fastapi_app.domain.jobs.records import Origin
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DirectoryNotAllowed,
    DirectoryNotFound,
    DiskFull,
    JobStateProblem,
    RootNotFound,
    RootOverlap,
    StoreRead,
    StoreWrite,
)
from ingestion_orchestration_fastapi_app.library.allowed_roots import typed_path
from utils.contract import API_PREFIX, MAX_PATH_CHARACTERS, CollectionReply, RepointRequest
from utils.web.openapi import problems

WATCH_JOBS_S = 10.0

router = APIRouter(prefix=API_PREFIX, tags=["collections"], dependencies=[READS])


_CHANGING = (CollectionNotFound, JobStateProblem, DiskFull, StoreRead, StoreWrite)


@router.post(
    "/collections/{name}/roots/repoint",
    dependencies=[WRITES],
    summary="Re-point a moved folder",
    responses=problems(
        RootNotFound, RootOverlap, DirectoryNotAllowed, DirectoryNotFound, *_CHANGING
    ),
)
async def repoint_root(
    name: CollectionInPath, body: RepointRequest, services: AppStateDep
) -> CollectionReply:
    """Says that the folder `from` is at `to` now, with all roots in it.

    Every picture keeps its id, and nothing is inferred again. Answers when it is done; what was
    cut off is seen through at the next start, or when it is asked for again.
    """
    collection = await services.collections.get(name)
    new = await services.allowed.directory(body.to)
    old = await _root_path(services, collection, body.from_)
    await _watch_jobs_ended(services, collection)
    await services.collections.roots.repoint(collection, old, new)
    return await _changed(services, name)


@router.delete(
    "/collections/{name}/roots",
    dependencies=[WRITES],
    summary="Forget a folder",
    responses=problems(RootNotFound, DirectoryNotFound, *_CHANGING),
)
async def forget_root(
    name: CollectionInPath,
    path: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_PATH_CHARACTERS,
            description="The root's path, as the collection lists it.",
            examples=["/photos/2019"],
        ),
    ],
    services: AppStateDep,
) -> CollectionReply:
    """Forgets a root with its pictures and watches; the photographs stay where they are."""
    collection = await services.collections.get(name)
    root = await _root_path(services, collection, path)
    await _watch_jobs_ended(services, collection)
    await services.collections.roots.forget(collection, root)
    return await _changed(services, name)


async def _watch_jobs_ended(services: AppState, collection: CollectionRecord) -> None:
    """Nobody asked for them, and they are short: a folder that was just moved starts one."""
    jobs = await services.ports.ledger.jobs.list_unfinished()
    if all(
        job.request.origin is Origin.WATCH for job in jobs if job.collection_id == collection.id
    ):
        with move_on_after(WATCH_JOBS_S):
            await services.scheduler.idle(collection.id, FILES_LANE)


async def _changed(services: AppState, name: str) -> CollectionReply:
    collection = await services.collections.get(name)
    services.watching.follow_anew(collection)
    return await described(services, collection)


async def _root_path(services: AppState, collection: CollectionRecord, text: str) -> bytes:
    """As the collection knows it. The folder itself need not be there any more."""
    known = {root.path: None for root in collection.roots}  # in their order, and those above
    for root in collection.roots:
        known.update(dict.fromkeys(folders_above(root.path)))
    meant = partial(meant_folder, text, tuple(known))
    return await services.root_threads.run(typed_path(text), meant)
