"""Collections: list, create, describe, delete."""

from __future__ import annotations

from contextlib import suppress

from fastapi import APIRouter, Response

from ingestion_orchestration_fastapi_app.api.parameters import CollectionInPath
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.api.services import Services, Wired
from ingestion_orchestration_fastapi_app.api.views import collection_reply
from ingestion_orchestration_fastapi_app.core.filters import Filters
from ingestion_orchestration_fastapi_app.core.records import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, StoreRead
from utils.contract import API_PREFIX, CollectionList, CollectionReply, CollectionRequest
from utils.web.root_path import external_path

router = APIRouter(prefix=API_PREFIX, tags=["collections"], dependencies=[READS])


@router.get("/collections")
async def collections(services: Wired) -> CollectionList:
    found = []
    for record in await services.ports.ledger.collections():
        with suppress(CollectionNotFound):  # one that is deleted meanwhile
            found.append(await described(services, record))
    return CollectionList(collections=tuple(found))


@router.post("/collections", dependencies=[WRITES], status_code=201)
async def create(body: CollectionRequest, response: Response, services: Wired) -> CollectionReply:
    record = await services.collections.create(body.name)
    response.headers["Location"] = external_path(f"{API_PREFIX}/collections/{record.name}")
    return await described(services, record)


@router.get("/collections/{name}")
async def collection(name: CollectionInPath, services: Wired) -> CollectionReply:
    return await described(services, await services.collections.get(name))


@router.delete("/collections/{name}", dependencies=[WRITES], status_code=204)
async def delete(name: CollectionInPath, services: Wired) -> None:
    """The points go; the photographs stay where they are."""
    collection = await services.collections.get(name)
    await services.collections.delete(name)
    services.watching.forget(collection.id)


async def described(services: Services, record: CollectionRecord) -> CollectionReply:
    """As it is now."""
    count: int | None = 0
    if record.fingerprint is not None:
        try:
            async with services.collections.reading(record.name):
                shown = Filters(within=services.allowed.shown(record))
                count = await services.ports.store.count(record.name, shown)
        except StoreRead:
            count = None
    return collection_reply(record, count=count, watching=services.watching)
