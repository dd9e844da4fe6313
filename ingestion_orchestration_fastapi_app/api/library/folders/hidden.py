"""Hidden folders of a collection: listed, hidden, shown again."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.library.folders.folder_names import meant_folder
from ingestion_orchestration_fastapi_app.api.parameters import CollectionInPath
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import Mark, absolute_folder
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DirectoryNotFound,
    DiskFull,
    FolderNotFound,
    StoreWrite,
)
from ingestion_orchestration_fastapi_app.library.allowed_roots import typed_path
from utils.contract import API_PREFIX, MAX_PATH_CHARACTERS
from utils.contract.annotations.folders import (
    FolderRequest,
    MarkedFolderList,
    MarkedFolderReply,
)
from utils.web.openapi import problems

HIDDEN = "/collections/{name}/folders/hidden"
_CHANGING = (CollectionNotFound, FolderNotFound, DirectoryNotFound, DiskFull, StoreWrite)

router = APIRouter(prefix=API_PREFIX, tags=["collections"], dependencies=[READS])

FolderInQuery = Annotated[
    str,
    Query(
        min_length=1,
        max_length=MAX_PATH_CHARACTERS,
        description="The folder, as it is listed.",
        examples=["/photos/private"],
    ),
]


@router.get(HIDDEN, summary="List hidden folders", responses=problems(CollectionNotFound))
async def list_hidden_folders(name: CollectionInPath, services: AppStateDep) -> MarkedFolderList:
    """Folders whose images no search, list or count shows, but where `include_hidden` asks."""
    return listed(await services.collections.get(name), Mark.HIDDEN)


@router.post(HIDDEN, dependencies=[WRITES], summary="Hide a folder", responses=problems(*_CHANGING))
async def hide_folder(
    name: CollectionInPath, body: FolderRequest, services: AppStateDep
) -> MarkedFolderReply:
    """From now on nothing that lies in the folder is found, listed or counted, also on the next
    page of a search that has begun. Its images stay: `include_hidden` shows them, and who knows an
    id has the image. It goes along with a root that is re-pointed. May be asked for again.
    """
    folder = await meant(services, await services.collections.get(name), body.path)
    made = await services.folder_marking.hide(name, folder)
    return MarkedFolderReply(path=display_text(folder), at=made.at)


@router.delete(
    HIDDEN,
    status_code=204,
    dependencies=[WRITES],
    summary="Show a hidden folder again",
    responses=problems(*_CHANGING),
)
async def show_folder(name: CollectionInPath, path: FolderInQuery, services: AppStateDep) -> None:
    """What lies in it is found again, at once."""
    folder = await meant(services, await services.collections.get(name), path)
    await services.folder_marking.show(name, folder)


def listed(collection: CollectionRecord, mark: Mark) -> MarkedFolderList:
    found = {
        folder: one.at
        for one in collection.marked
        if one.mark is mark and (folder := absolute_folder(one.place, collection.roots))
    }
    replies = (MarkedFolderReply(path=display_text(one), at=at) for one, at in found.items())
    return MarkedFolderList(folders=tuple(sorted(replies, key=lambda one: one.path)))


async def meant(services: AppState, collection: CollectionRecord, text: str) -> bytes:
    """As the collection knows it. The folder itself need not be there now."""
    known = await services.folder_marking.known(collection)
    find = partial(meant_folder, text, known)
    return await services.root_threads.run(typed_path(text), find)
