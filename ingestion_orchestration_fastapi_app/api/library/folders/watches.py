"""DELETE /collections/{name}/watches: a folder is watched no more."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.library.folders.folder_names import meant_folder
from ingestion_orchestration_fastapi_app.api.library.folders.hidden import FolderInQuery
from ingestion_orchestration_fastapi_app.api.parameters import CollectionInPath
from ingestion_orchestration_fastapi_app.api.security import WRITES
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DirectoryNotFound,
    DiskFull,
    FolderNotFound,
    StoreWrite,
)
from ingestion_orchestration_fastapi_app.library.allowed_roots import typed_path
from utils.contract import API_PREFIX
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, tags=["collections"], dependencies=[WRITES])


@router.delete(
    "/collections/{name}/watches",
    status_code=204,
    summary="End the watch of a folder",
    responses=problems(CollectionNotFound, FolderNotFound, DirectoryNotFound, DiskFull, StoreWrite),
)
async def end_watch(name: CollectionInPath, path: FolderInQuery, services: AppStateDep) -> None:
    """What came in stays, and nothing is imported by it. The folder need not be there any more. An
    import with `watch` begins it again.
    """
    collection = await services.collections.get(name)
    watched = [watch.directory for watch in collection.watches]
    meaning = partial(meant_folder, path, watched)
    folder = await services.root_threads.run(typed_path(path), meaning)
    if folder not in watched:
        raise FolderNotFound(f"The collection {name!r} watches no such folder.")
    await services.watching.end(collection.id, folder)
