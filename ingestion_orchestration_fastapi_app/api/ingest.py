"""POST /ingest, jobs and their failures."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Response

from ingestion_orchestration_fastapi_app.api.services import Services, Wired
from ingestion_orchestration_fastapi_app.api.views import job_reply
from ingestion_orchestration_fastapi_app.core.records import JobRecord, JobRequest
from ingestion_orchestration_fastapi_app.errors import JobNotFound
from ingestion_orchestration_fastapi_app.pipeline.space import check_space
from utils.contract import (
    API_PREFIX,
    FailurePage,
    FailureReply,
    IngestAccepted,
    IngestRequest,
    JobList,
    JobReply,
)
from utils.problems import ValidationProblem

router = APIRouter(prefix=API_PREFIX, tags=["jobs"])

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0)]


@router.post("/ingest", status_code=202)
@router.post("/ingest/", status_code=202, include_in_schema=False)
async def ingest(body: IngestRequest, response: Response, services: Wired) -> IngestAccepted:
    """Starts a job. What can be known to be wrong is said now, and nothing is changed."""
    if body.sync:
        raise ValidationProblem("Removing points of files that are gone (sync) is not offered yet.")
    directory = await to_thread.run_sync(
        services.checked_directory, body.directory_path, limiter=services.blocking
    )
    record = await _accepted(services, body, directory)
    status_url = f"{API_PREFIX}/ingest/status/{record.id}"
    response.headers["Location"] = status_url
    return IngestAccepted(job_id=record.id, status_url=status_url)


async def _accepted(services: Services, body: IngestRequest, directory: bytes) -> JobRecord:
    collections = services.collections
    # The default collection is made by its first use; any other is created by name first, so
    # that a misspelt one is an error and not a second library.
    existing = (
        await collections.find(body.collection)
        if body.collection == "default"
        else await collections.get(body.collection)
    )
    capabilities, _fault = await services.watch.look()
    if capabilities is not None and existing is not None:
        collections.check_model(existing, capabilities)
    await check_space(
        services.ports.ledger,
        services.ports.library,
        existing,
        directory,
        recursive=body.recursive,
        is_image_name=services.is_image_name,
        free_bytes=await to_thread.run_sync(services.free_bytes, limiter=services.blocking),
        keep_bytes=services.settings.min_free_bytes,
    )
    collection = existing or await collections.create(body.collection)
    await collections.add_root(collection, directory)
    request = JobRequest(
        collection=collection.name,
        directory=directory,
        recursive=body.recursive,
        captions=body.captions and not services.settings.disable_captions,
        force=body.force,
    )
    return await services.supervisor.submit(collection, request)


@router.get("/jobs")
async def jobs(services: Wired, limit: Limit = 50, offset: Offset = 0) -> JobList:
    """Newest first."""
    records = await services.ports.ledger.jobs(limit=limit, offset=offset)
    return JobList(
        jobs=tuple(job_reply(record, services.supervisor.tally(record.id)) for record in records)
    )


@router.get("/jobs/{job_id}")
@router.get("/ingest/status/{job_id}")
async def job(job_id: str, services: Wired) -> JobReply:
    record = await _job(services, job_id)
    return job_reply(record, services.supervisor.tally(job_id))


@router.get("/jobs/{job_id}/failures")
async def failures(
    job_id: str, services: Wired, limit: Limit = 100, offset: Offset = 0
) -> FailurePage:
    """Every file that failed, by path."""
    await _job(services, job_id)
    page, total = await services.ports.ledger.failures(job_id, limit=limit, offset=offset)
    end = offset + len(page)
    return FailurePage(
        failures=tuple(
            FailureReply(path=row.display_path, code=row.code, detail=row.detail, at=row.at)
            for row in page
        ),
        total=total,
        next_offset=end if end < total else None,
    )


async def _job(services: Services, job_id: str) -> JobRecord:
    record = await services.ports.ledger.job(job_id)
    if record is None:
        raise JobNotFound(f"There is no job {job_id!r}.")
    return record
