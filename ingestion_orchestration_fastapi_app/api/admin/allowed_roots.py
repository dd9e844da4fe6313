"""The folders that may be imported and shown: listed, added, removed."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import HTTPConnection

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.library.folders.folder_names import meant_folder
from ingestion_orchestration_fastapi_app.api.security import ADMINISTERS, READS
from ingestion_orchestration_fastapi_app.domain.files.allowed_roots import RootSource
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.errors import (
    DirectoryNotAllowed,
    DirectoryNotFound,
    RootNotFound,
)
from ingestion_orchestration_fastapi_app.library.allowed_roots import typed_path
from utils.contract import (
    API_PREFIX,
    LOCAL_SECRET_HEADER,
    MAX_PATH_CHARACTERS,
    AllowedRootList,
    AllowedRootReply,
    AllowedRootRequest,
)
from utils.web.access.security import Principal, Scope
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, tags=["roots"], dependencies=[READS])

SAME_USER = Principal("user of this machine", frozenset(Scope))


class LocalSecretHeader:
    """Credential checker: who can read the data folder is the user who runs the service."""

    is_ambient = False

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        given = connection.headers.get(LOCAL_SECRET_HEADER)
        if not given:
            return None
        services: AppState = connection.app.state.services
        return SAME_USER if services.is_same_user(given) else None


@router.get("/roots", summary="List allowed folders")
async def list_roots(services: AppStateDep) -> AllowedRootList:
    """What is set, where nothing is set the home and the working directory, and what was added."""
    return _listed(services)


@router.post(
    "/roots",
    dependencies=[ADMINISTERS],
    status_code=201,
    summary="Allow a folder",
    responses=problems(DirectoryNotAllowed, DirectoryNotFound),
)
async def add_root(body: AllowedRootRequest, services: AppStateDep) -> AllowedRootList:
    """Allows a folder, also after a restart. Watches and pictures of it are there again at once.

    For who has the admin key, and for `photoseek` of the user who runs the service. INGEST_ROOTS,
    where it is set, bounds what can be added.
    """
    await services.allowed.add(body.path)
    await services.watching.follow_allowed()
    return _listed(services)


@router.delete(
    "/roots",
    dependencies=[ADMINISTERS],
    summary="Take back an allowed folder",
    responses=problems(RootNotFound, DirectoryNotFound),
)
async def remove_root(
    path: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_PATH_CHARACTERS,
            description="The folder, as it is listed.",
            examples=["/mnt/disk/Pictures"],
        ),
    ],
    services: AppStateDep,
) -> AllowedRootList:
    """Takes a folder back that was added: its pictures are kept, but neither found nor shown."""
    await services.allowed.remove(await _added(services, path))
    await services.watching.follow_allowed()
    return _listed(services)


def _listed(services: AppState) -> AllowedRootList:
    return AllowedRootList(
        roots=tuple(
            AllowedRootReply(path=display_text(root.path), source=root.source.value)
            for root in services.allowed.roots
        )
    )


async def _added(services: AppState, text: str) -> bytes:
    """The folder itself need not be there any more."""
    added = [one.path for one in services.allowed.roots if one.source is RootSource.REMEMBERED]
    return await services.root_threads.run(typed_path(text), partial(meant_folder, text, added))
