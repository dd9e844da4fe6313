"""POST /ingest: starts a job."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from fastapi import APIRouter, Response

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.library.folders.folder_names import meant_folder
from ingestion_orchestration_fastapi_app.api.links import OF_NEW_JOB
from ingestion_orchestration_fastapi_app.api.security import WRITES
from ingestion_orchestration_fastapi_app.domain.jobs.dry_runs import dry_run_request
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    IngestOptions,
    import_request,
    scanned_parts,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.errors import (
    CollectionExists,
    CollectionNotFound,
    DirectoryNotAllowed,
    DirectoryNotFound,
    DiskFull,
    JobStateProblem,
    ModelMismatch,
    QueueFull,
    RootOverlap,
)
from ingestion_orchestration_fastapi_app.ingest.asked_paths import (
    add_roots,
    asked_paths,
    folders_only,
)
from ingestion_orchestration_fastapi_app.ingest.disk_space import check_space
from ingestion_orchestration_fastapi_app.library.allowed_roots import typed_path
from utils.contract import API_PREFIX, IngestAccepted, IngestRequest
from utils.problems import ValidationProblem
from utils.web.openapi import located, problems
from utils.web.routing.root_path import external_path

router = APIRouter(prefix=API_PREFIX, tags=["jobs"], dependencies=[WRITES])


PROBLEMS = (
    DirectoryNotAllowed,
    DirectoryNotFound,
    CollectionNotFound,
    CollectionExists,
    JobStateProblem,
    ModelMismatch,
    DiskFull,
    QueueFull,
    RootOverlap,
)


@router.post(
    "/ingest",
    status_code=202,
    summary="Import folders and files",
    responses={
        **located(202, "Where the job says how far it is.", OF_NEW_JOB),
        **problems(*PROBLEMS),
    },
)
@router.post("/ingest/", status_code=202, include_in_schema=False)
async def start_ingest(
    body: IngestRequest, response: Response, services: AppStateDep
) -> IngestAccepted:
    """Starts a job. What can be known to be wrong is said now, and nothing is changed.

    Except that `watch: false` ends the watch, also of a folder that is not there any more. With
    `dry_run` the job only tells what the import would do.
    """
    record = await accepted_import(services, body)
    status_url = external_path(f"{API_PREFIX}/ingest/status/{record.id}")
    response.headers["Location"] = status_url
    return IngestAccepted(job_id=record.id, status_url=status_url)


async def accepted_import(services: AppState, body: IngestRequest) -> JobRecord:
    if body.watch is False and not body.dry_run:
        await _end_watch(services, body)
    if body.directory_path is not None:  # of a file it says that it is no folder
        await services.allowed.directory(body.directory_path)
    services.scheduler.check_room()
    collections = services.collections
    # The default collection is made by its first use; any other is created by name first, so
    # that a misspelt one is an error and not a second library.
    existing = (
        await collections.find(body.collection)
        if body.collection == "default"
        else await collections.get(body.collection)
    )
    paths = await asked_paths(
        services.allowed,
        services.ports.library,
        body.asked,
        recursive=body.recursive,
        roots=() if existing is None else existing.roots,
    )
    if body.dry_run and body.watch is not None:
        raise ValidationProblem("A dry run changes no watch: leave watch out, or dry_run.")
    watched = folders_only(paths) if body.watch else []
    if existing is not None:
        likely = await services.pool.likely_capabilities(existing.fingerprint)
        if likely is not None:
            collections.check_model(existing, likely)
    options = IngestOptions(
        recursive=body.recursive,
        captions=body.captions and not services.settings.disable_captions,
        force=body.force,
        sync=body.sync,
        confirm_deletes=body.confirm_deletes,
    )
    is_folder = len(paths) == 1 and not paths[0].is_file
    request = import_request(
        body.collection, paths[0].path, options, paths=() if is_folder else paths
    )
    if body.dry_run:
        looked_into = existing or CollectionRecord.not_made(body.collection)
        return await services.scheduler.submit(looked_into, dry_run_request(request))
    await check_space(
        services.ports.ledger.files,
        services.ports.library,
        existing,
        scanned_parts(request, recursive=body.recursive),
        is_image_name=services.is_image_name,
        free_bytes=await to_thread.run_sync(services.free_bytes, limiter=services.blocking),
        keep_bytes=services.settings.min_free_bytes,
    )
    collection = existing or await collections.found_or_created(body.collection)
    await add_roots(collections, collection, paths)
    record = await services.scheduler.submit(collection, request)
    for directory in watched:  # after the job, which they then wait for
        watch = Watch(directory, recursive=options.recursive, captions=options.captions)
        await services.watching.put(collection, watch)
    return record


async def _end_watch(services: AppState, body: IngestRequest) -> None:
    collection = await services.collections.find(body.collection)
    if collection is None:
        return
    watched = [watch.directory for watch in collection.watches]
    for text in body.asked:
        if "\0" not in text:
            meaning = partial(meant_folder, text, watched)
            meant = await services.root_threads.run(typed_path(text), meaning)
            if meant in watched:
                await services.watching.end(collection.id, meant)
