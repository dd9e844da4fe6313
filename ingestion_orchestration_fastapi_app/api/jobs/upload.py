"""POST /ingest/upload: files are sent, kept in the inbox, and imported from there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.parameters import CollectionName
from ingestion_orchestration_fastapi_app.api.security import WRITES
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.uploads.outcome import Uploaded
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DiskFull,
    InboxUnavailable,
    ModelMismatch,
    QueueFull,
)
from ingestion_orchestration_fastapi_app.library.uploads.call import FIELD
from utils.contract import API_PREFIX
from utils.contract.uploads import MAX_UPLOAD_FILES, UploadedFile, UploadReply
from utils.problems import MalformedMultipart, Rejected, UnsupportedMediaType
from utils.web.bodies.body_limit import MULTIPART, media_type
from utils.web.bodies.declared_length import declared_bytes
from utils.web.bodies.multipart import boundary_of
from utils.web.openapi import multipart_body, problems
from utils.web.routing.root_path import external_path

PATH = f"{API_PREFIX}/ingest/upload"
router = APIRouter(tags=["jobs"], dependencies=[WRITES])


@router.post(
    PATH,
    summary="Upload pictures",
    responses=problems(
        CollectionNotFound,
        DiskFull,
        InboxUnavailable,
        MalformedMultipart,
        ModelMismatch,
        QueueFull,
    ),
    openapi_extra=multipart_body(
        {FIELD: f"The pictures, each with its filename, at most {MAX_UPLOAD_FILES}."},
        required=FIELD,
        many=True,
        least=1,
    ),
)
async def upload_images(
    request: Request,
    services: AppStateDep,
    collection: CollectionName = "default",
    captions: Annotated[bool, Query(description="Captions, too; slow.")] = False,
) -> UploadReply:
    """Keeps pictures in the inbox, and starts or joins an import of what is new there.

    Each file has its own outcome; one that is no picture costs the others nothing. Nothing is ever
    overwritten. What was kept before a call broke off stays, and is imported; sent again, it is
    `already_there`.
    """
    content_type = request.headers.get("Content-Type", "")
    if media_type(content_type) != MULTIPART:
        raise UnsupportedMediaType(f"Send {MULTIPART}.")
    boundary = boundary_of(content_type)
    services.scheduler.check_room()
    received = await services.uploads.receive(
        await _collection(services, collection),
        boundary,
        request.stream(),
        declared_bytes=declared_bytes(request.headers.get("Content-Length")),
        captions=captions and not services.settings.disable_captions,
    )
    job = received.job
    return UploadReply(
        files=tuple(map(_reply, received.files)),
        job_id=None if job is None else job.id,
        status_url=None if job is None else external_path(f"{API_PREFIX}/jobs/{job.id}"),
    )


async def _collection(services: AppState, name: str) -> CollectionRecord:
    """The default one is made by its first use, as by an import."""
    collections = services.collections
    if name == "default":
        found = await collections.found_or_created(name)
    else:
        found = await collections.get(name)
    likely = await services.pool.likely_capabilities(found.fingerprint)
    if likely is not None:
        collections.check_model(found, likely)
    return found


def _reply(file: Uploaded) -> UploadedFile:
    end = file.end
    if isinstance(end, Rejected):
        return UploadedFile(
            name=file.name, outcome=file.outcome, path=None, code=end.code, detail=end.detail
        )
    return UploadedFile(name=file.name, outcome=file.outcome, path=display_text(end.path))
