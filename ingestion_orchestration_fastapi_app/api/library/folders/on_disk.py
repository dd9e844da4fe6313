"""Folders on the disk, listed for who chooses what to import."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.parameters import CollectionName, Offset, PageLimit
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.scanning.disk_folders import (
    DiskFolder,
    last_name,
)
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DirectoryNotAllowed,
    DirectoryNotFound,
)
from utils.contract import API_PREFIX, MAX_PATH_CHARACTERS
from utils.contract.imports.disk_folders import DiskFolderList, DiskFolderReply
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, tags=["roots"], dependencies=[READS])


# Who may only look sees what is in a collection, and not what else lies on the disk.
@router.get(
    "/roots/folders",
    dependencies=[WRITES],
    summary="List folders on the disk",
    responses=problems(CollectionNotFound, DirectoryNotAllowed, DirectoryNotFound),
)
async def list_disk_folders(
    services: AppStateDep,
    collection: CollectionName = "default",
    path: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MAX_PATH_CHARACTERS,
            description="The folder whose folders are listed; without one the allowed roots are.",
            examples=["/photos"],
        ),
    ] = None,
    limit: PageLimit = 200,
    offset: Offset = 0,
) -> DiskFolderList:
    """The folders right below one that may be imported, with what the collection has of each.

    Left out is what imports pass over: names that begin with a dot, bins, other programs' previews,
    `EXCLUDE_PATTERNS`, links. A disk that does not answer is 503 `ERR_OVERLOADED` after some
    seconds.
    """
    collections = services.collections
    is_made_by_use = collection == "default"
    record = await (collections.find if is_made_by_use else collections.get)(collection)
    page = await services.folders_on_disk.page(record, path, limit=limit, offset=offset)
    end = offset + limit
    return DiskFolderList(
        collection=collection,
        folder=None if page.folder is None else _reply(page.folder),
        parent=None if page.parent is None else display_text(page.parent),
        folders=tuple(_reply(one, is_root=page.folder is None) for one in page.folders),
        total=page.total,
        next_offset=end if end < page.total else None,
        truncated=not page.is_whole,
    )


def _reply(folder: DiskFolder, *, is_root: bool = False) -> DiskFolderReply:
    path = display_text(folder.path)
    watched = folder.watched_by
    return DiskFolderReply(
        path=path,
        name=path if is_root else display_text(last_name(folder.path)),
        has_folders=folder.look.has_folders,
        readable=folder.look.is_readable,
        images=folder.images,
        watched_by=None if watched is None else display_text(watched),
        hidden=folder.is_hidden,
        excluded=folder.is_excluded,
        job_id=folder.job_id,
    )
