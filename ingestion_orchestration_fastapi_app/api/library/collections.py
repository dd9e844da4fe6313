"""Collections: list, create, describe, rename, delete."""

from __future__ import annotations

from contextlib import suppress

from fastapi import APIRouter, Response

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.library.described import described, detailed
from ingestion_orchestration_fastapi_app.api.links import OF_NEW_COLLECTION
from ingestion_orchestration_fastapi_app.api.parameters import CollectionInPath
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.errors import (
    CollectionExists,
    CollectionNotFound,
    DiskFull,
    JobStateProblem,
    StoreRead,
    StoreWrite,
)
from utils.contract import (
    API_PREFIX,
    CollectionDetail,
    CollectionList,
    CollectionRename,
    CollectionReply,
    CollectionRequest,
)
from utils.web.openapi import located, problems
from utils.web.routing.root_path import external_path

router = APIRouter(prefix=API_PREFIX, tags=["collections"], dependencies=[READS])


@router.get("/collections", summary="List collections")
async def list_collections(services: AppStateDep) -> CollectionList:
    """Every one, with its size, model, folders and watches."""
    found = []
    for record in await services.ports.ledger.collections.list_all():
        with suppress(CollectionNotFound):  # one that is deleted meanwhile
            found.append(await described(services, record))
    return CollectionList(collections=tuple(found))


@router.post(
    "/collections",
    dependencies=[WRITES],
    status_code=201,
    summary="Create a collection",
    responses={
        **located(201, "Where it is described.", OF_NEW_COLLECTION),
        **problems(CollectionExists),
    },
)
async def create_collection(
    body: CollectionRequest, response: Response, services: AppStateDep
) -> CollectionReply:
    """It is empty; an import fills it, and binds it to a model."""
    record = await services.collections.create(body.name)
    response.headers["Location"] = external_path(f"{API_PREFIX}/collections/{record.name}")
    return await described(services, record)


@router.get(
    "/collections/{name}", summary="Show a collection", responses=problems(CollectionNotFound)
)
async def get_collection(name: CollectionInPath, services: AppStateDep) -> CollectionDetail:
    """Its size, model, folders and watches; its generations, what they take on the disk, how far
    they are indexed, and its newest job.
    """
    return await detailed(services, await services.collections.get(name))


@router.patch(
    "/collections/{name}",
    dependencies=[WRITES],
    summary="Rename a collection",
    responses=problems(CollectionNotFound, CollectionExists),
)
async def rename_collection(
    name: CollectionInPath, body: CollectionRename, services: AppStateDep
) -> CollectionReply:
    """What is in it keeps its ids; folders, watches and jobs stay, and a running job goes on."""
    return await described(services, await services.collections.rename(name, body.name))


@router.delete(
    "/collections/{name}",
    dependencies=[WRITES],
    status_code=204,
    summary="Delete a collection",
    responses=problems(CollectionNotFound, JobStateProblem, DiskFull, StoreRead, StoreWrite),
)
async def delete_collection(name: CollectionInPath, services: AppStateDep) -> None:
    """The points go; the photographs stay where they are."""
    collection = await services.collections.get(name)
    await services.collections.delete(name)
    services.watching.forget(collection.id)
