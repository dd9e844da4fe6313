"""Excluded folders of a collection: listed, excluded, included again."""

from __future__ import annotations

from fastapi import APIRouter

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.library.folders.hidden import (
    FolderInQuery,
    listed,
    meant,
)
from ingestion_orchestration_fastapi_app.api.parameters import CollectionInPath
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import Mark
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DirectoryNotFound,
    DiskFull,
    FolderNotFound,
    StoreRead,
    StoreWrite,
)
from utils.contract import API_PREFIX
from utils.contract.annotations.folders import (
    ExcludedFolderReply,
    FolderRequest,
    MarkedFolderList,
)
from utils.web.openapi import problems

EXCLUDED = "/collections/{name}/folders/excluded"
_CHANGING = (
    CollectionNotFound,
    FolderNotFound,
    DirectoryNotFound,
    DiskFull,
    StoreRead,
    StoreWrite,
)

router = APIRouter(prefix=API_PREFIX, tags=["collections"], dependencies=[READS])


@router.get(EXCLUDED, summary="List excluded folders", responses=problems(CollectionNotFound))
async def list_excluded_folders(name: CollectionInPath, services: AppStateDep) -> MarkedFolderList:
    """Folders that imports and watches pass over in this collection."""
    return listed(await services.collections.get(name), Mark.EXCLUDED)


@router.post(
    EXCLUDED, dependencies=[WRITES], summary="Exclude a folder", responses=problems(*_CHANGING)
)
async def exclude_folder(
    name: CollectionInPath, body: FolderRequest, services: AppStateDep
) -> ExcludedFolderReply:
    """From now on imports and watches pass over the folder, also one that runs, and its images
    leave the collection; no file is touched. Answers when it is done; what was cut off is seen
    through at the next start. May be asked for again.
    """
    folder = await meant(services, await services.collections.get(name), body.path)
    made, removed = await services.folder_excluding.exclude(name, folder)
    return ExcludedFolderReply(path=display_text(folder), at=made.at, removed=removed)


@router.delete(
    EXCLUDED,
    status_code=204,
    dependencies=[WRITES],
    summary="Include an excluded folder again",
    responses=problems(*_CHANGING),
)
async def include_folder(
    name: CollectionInPath, path: FolderInQuery, services: AppStateDep
) -> None:
    """The next import takes in what lies in it, mostly without inference."""
    folder = await meant(services, await services.collections.get(name), path)
    await services.folder_excluding.include(name, folder)
