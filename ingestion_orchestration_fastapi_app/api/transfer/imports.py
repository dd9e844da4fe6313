"""Imports of exports: checked at once, then done by a job."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Response

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.links import OF_NEW_JOB
from ingestion_orchestration_fastapi_app.api.security import WRITES
from ingestion_orchestration_fastapi_app.errors import (
    DirectoryNotAllowed,
    DirectoryNotFound,
    DiskFull,
    ExportInvalid,
    ExportNotFound,
    JobStateProblem,
    ModelMismatch,
    QueueFull,
    StoreRead,
    StoreWrite,
)
from ingestion_orchestration_fastapi_app.transfer.import_job import IMPORT
from ingestion_orchestration_fastapi_app.transfer.import_plans import ImportPlan
from utils.contract import API_PREFIX, IngestAccepted
from utils.contract.transfer import ImportOptions, ImportRequest
from utils.web.openapi import located, problems
from utils.web.routing.root_path import external_path

BYTES_PER_IMAGE = 4 * 1024  # beside the vector, which is in the table and in the cache

router = APIRouter(dependencies=[WRITES])  # a part of that of `exports`


@router.post(
    "/imports",
    status_code=202,
    summary="Import an export",
    responses={
        **located(202, "Where the job says how far it is.", OF_NEW_JOB),
        **problems(
            ExportNotFound,
            ExportInvalid,
            DirectoryNotAllowed,
            DirectoryNotFound,
            ModelMismatch,
            JobStateProblem,
            DiskFull,
            QueueFull,
            StoreRead,
            StoreWrite,
        ),
    },
)
async def import_collection(
    body: ImportRequest, response: Response, services: AppStateDep
) -> IngestAccepted:
    """Starts a job that takes an export into a collection, which is made where it is not there, or
    was made by the same model.

    No image is opened, and nothing is inferred, now or at the next import of its folder. What the
    collection knows already stays as it is, so that it may be done twice. Rows that cannot be
    images are left out and named in the job's report, as are images whose files are not there.
    """
    options = ImportOptions(**body.model_dump(exclude={"collection"}))
    plan = await services.import_plans.plan(options)
    exported = plan.manifest.collection
    collections = services.collections
    existing = await collections.find(body.collection or exported.name)
    if existing is not None:
        plan.check_model(existing)
    services.scheduler.check_room()
    await _check_space(services, plan)
    name = body.collection or exported.name
    collection = existing or await collections.found_or_created(name, identity=exported.identity)
    request = services.scheduler.kinds.named(IMPORT).request(collection.name, options.model_dump())
    record = await services.scheduler.submit(collection, request)
    status_url = external_path(f"{API_PREFIX}/jobs/{record.id}")
    response.headers["Location"] = status_url
    return IngestAccepted(job_id=record.id, status_url=status_url)


async def _check_space(services: AppState, plan: ImportPlan) -> None:
    """Raises DiskFull."""
    rows, dim = plan.manifest.rows, plan.manifest.model.dim
    needed_bytes = rows * (BYTES_PER_IMAGE + 2 * 4 * dim)
    if plan.manifest.thumbnails:
        needed_bytes += plan.manifest.size_bytes
    free_bytes = await to_thread.run_sync(services.free_bytes, limiter=services.blocking)
    if needed_bytes > free_bytes - services.settings.min_free_bytes:
        raise DiskFull(
            f"{rows:,} images need about {needed_bytes / 1e6:.0f} MB; the disk has "
            f"{free_bytes / 1e6:.0f} MB free."
        )
