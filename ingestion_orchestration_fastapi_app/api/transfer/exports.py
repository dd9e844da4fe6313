"""Exports: made, listed, downloaded, removed."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Request, Response

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.links import OF_EXPORTS, OF_NEW_JOB
from ingestion_orchestration_fastapi_app.api.parameters import JobLimit, Offset
from ingestion_orchestration_fastapi_app.api.ranged_response import ranged_response
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.api.transfer import imports
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import (
    MANIFEST_NAME,
    ExportedFile,
    Manifest,
)
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DirectoryNotFound,
    ExportExists,
    ExportInvalid,
    ExportNotFound,
    GenerationNotFound,
    QueueFull,
    StoreWrite,
)
from ingestion_orchestration_fastapi_app.library.generations import generation_of
from ingestion_orchestration_fastapi_app.transfer.export_job import EXPORT
from utils.contract import API_PREFIX, MAX_NAME_CHARACTERS, IngestAccepted
from utils.contract.transfer import (
    ExportFileReply,
    ExportList,
    ExportOptions,
    ExportReply,
    ExportRequest,
)
from utils.web.openapi import located, pictures, problems
from utils.web.routing.root_path import external_path

router = APIRouter(prefix=API_PREFIX, tags=["exports"], dependencies=[READS])
router.include_router(imports.router)

ExportId = Annotated[
    str,
    Path(
        max_length=MAX_NAME_CHARACTERS,
        description="An export, as `id` says.",
        examples=["default-20261129T101500Z-3f6c1f0e"],
    ),
]
FileName = Annotated[
    str,
    Path(
        max_length=MAX_NAME_CHARACTERS,
        description="A file of it, as `files` names them, or `manifest.json`.",
        examples=[MANIFEST_NAME],
    ),
]
_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


@router.post(
    "/exports",
    dependencies=[WRITES],
    status_code=202,
    summary="Export a collection",
    responses={
        **located(202, "Where the job says how far it is.", OF_NEW_JOB),
        **problems(CollectionNotFound, GenerationNotFound, ExportExists, QueueFull),
    },
)
async def export_collection(
    body: ExportRequest, response: Response, services: AppStateDep
) -> IngestAccepted:
    """Starts a job that writes a collection, or what meets the filters, or the images that are
    named, as Parquet files into a folder of EXPORT_DIR: metadata, captions, own ratings and tags,
    and vectors.

    It reads one version of the collection, whatever is imported meanwhile. The folder is there when
    it is whole; its name is the job's `reason` then.
    """
    collection = await services.collections.get(body.collection)
    if body.generation_id is not None:
        generation_of(collection, body.generation_id)
    if body.name is not None and body.name in await services.ports.exports.names():
        raise ExportExists(f"There is an export named {body.name!r} already.")
    options = ExportOptions(**body.model_dump(exclude={"collection"}))
    request = services.scheduler.kinds.named(EXPORT).request(collection.name, options.model_dump())
    record = await services.scheduler.submit(collection, request)
    status_url = external_path(f"{API_PREFIX}/jobs/{record.id}")
    response.headers["Location"] = status_url
    return IngestAccepted(job_id=record.id, status_url=status_url)


@router.get("/exports", summary="List exports", responses={200: {"links": OF_EXPORTS}})
async def list_exports(
    services: AppStateDep, limit: JobLimit = 100, offset: Offset = 0
) -> ExportList:
    """Those that are whole, in EXPORT_DIR, by name; also what was put there from elsewhere."""
    names = await services.ports.exports.names()
    replies: list[ExportReply] = []
    unusable: list[str] = []
    for name in names[offset : offset + limit]:
        try:
            replies.append(await _reply(services, name))
        except (ExportNotFound, ExportInvalid):
            unusable.append(name)
    end = offset + limit
    return ExportList(
        exports=tuple(replies),
        unusable=tuple(unusable),
        total=len(names),
        next_offset=end if end < len(names) else None,
    )


@router.get(
    "/exports/{export_id}",
    summary="Show an export",
    responses=problems(ExportNotFound, ExportInvalid),
)
async def get_export(export_id: ExportId, services: AppStateDep) -> ExportReply:
    """What its manifest says."""
    return await _reply(services, export_id)


@router.get(
    "/exports/{export_id}/files/{file_name}",
    response_class=Response,
    summary="Download a file of an export",
    responses={
        **pictures(
            "application/octet-stream",
            "The file, or the range of it that was asked for.",
            200,
            206,
            ETag="Names this very content: send it as `If-None-Match` or `If-Range`.",
            Content_Disposition="The file's name.",
        ),
        304: {"description": "The asker has it already."},
        416: {"description": "None of the range is there."},
        **problems(ExportNotFound, ExportInvalid),
    },
)
async def get_export_file(
    export_id: ExportId, file_name: FileName, request: Request, services: AppStateDep
) -> Response:
    """With ranges, so that a download that broke off goes on. All files and `manifest.json` in one
    folder are the export again.
    """
    manifest = await _manifest(services, export_id)
    known = {one.name: one for one in manifest.files}
    if file_name not in (*known, MANIFEST_NAME):
        raise ExportNotFound(f"The export has no file {file_name!r}.")
    opened = await services.ports.exports.open(export_id, file_name)
    return ranged_response(
        request,
        opened,
        media_type="application/octet-stream",
        disposition=f'attachment; filename="{file_name}"',
        etag=_etag(manifest, known.get(file_name)),
        headers=_HEADERS,
        read=partial(to_thread.run_sync, limiter=services.blocking),
    )


@router.delete(
    "/exports/{export_id}",
    dependencies=[WRITES],
    status_code=204,
    summary="Remove an export",
    responses=problems(ExportNotFound, DirectoryNotFound, StoreWrite),
)
async def remove_export(export_id: ExportId, services: AppStateDep) -> None:
    """With all its files. An import of it that runs ends with what it has read by then."""
    await services.ports.exports.remove(export_id)


async def _manifest(services: AppState, name: str) -> Manifest:
    """Raises ExportNotFound, ExportInvalid."""
    exports = services.ports.exports
    return await exports.manifest(await exports.folder(name))


async def _reply(services: AppState, name: str) -> ExportReply:
    manifest = await _manifest(services, name)
    return ExportReply(
        id=name,
        collection=manifest.collection.name,
        created_at=manifest.created_at,
        made_by=manifest.made_by,
        model=manifest.model.name,
        fingerprint=manifest.model.fingerprint,
        images=manifest.rows,
        size_bytes=manifest.size_bytes,
        vectors=manifest.vectors,
        thumbnails=manifest.thumbnails,
        filtered=manifest.filters is not None,
        files=tuple(ExportFileReply(**one.model_dump()) for one in manifest.files),
    )


def _etag(manifest: Manifest, file: ExportedFile | None) -> str:
    return f'"{manifest.job_id}"' if file is None else f'"{file.sha256[:32]}"'
