"""POST /jobs/{id}/undo: brings back what a job has removed."""

from __future__ import annotations

from fastapi import APIRouter, Response

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.links import OF_NEW_JOB
from ingestion_orchestration_fastapi_app.api.parameters import JobId
from ingestion_orchestration_fastapi_app.api.security import WRITES
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.undoing import UNDO, why_not
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    JobNotFound,
    JobStateProblem,
    QueueFull,
)
from utils.contract import API_PREFIX, IngestAccepted, UndoOptions
from utils.web.openapi import located, problems
from utils.web.routing.root_path import external_path

router = APIRouter(dependencies=[WRITES])  # a part of that of `jobs`


@router.post(
    "/jobs/{job_id}/undo",
    status_code=202,
    summary="Undo what a job removed",
    responses={
        **located(202, "Where the new job says how far it is.", OF_NEW_JOB),
        **problems(JobNotFound, CollectionNotFound, JobStateProblem, QueueFull),
    },
)
async def undo_job(job_id: JobId, response: Response, services: AppStateDep) -> IngestAccepted:
    """Starts a job that brings back the images that an import with `sync`, or a watch, has removed:
    with their vectors, captions and words, so that nothing is read and inferred.

    They are kept for `TRASH_DAYS`, and all together within `TRASH_BYTES`. What is in the collection
    again is left as it is, and the job's report says so. What is still not in its folder is
    removed again by the next import with `sync`, or by a watch of the folder. While it is
    unfinished, asking again gives the same job.
    """
    record = await accepted_undo(services, job_id)
    status_url = external_path(f"{API_PREFIX}/jobs/{record.id}")
    response.headers["Location"] = status_url
    return IngestAccepted(job_id=record.id, status_url=status_url)


async def accepted_undo(
    services: AppState, job_id: str, *, collection_name: str | None = None
) -> JobRecord:
    """Raises JobNotFound, also of a job of another collection than the one that is named;
    JobStateProblem where there is nothing to undo.
    """
    ledger = services.ports.ledger
    job = await ledger.jobs.find(job_id)
    if job is None or collection_name not in (None, job.request.collection):
        raise JobNotFound(f"There is no job {job_id!r}.")
    given = UndoOptions(job_id=job.id).model_dump()
    for other in await ledger.jobs.list_unfinished():
        if (other.request.kind, other.request.options) == (UNDO, given):
            return other
    fault = why_not(job, await ledger.trash.count_of_job(job.id))
    if fault is not None:
        raise JobStateProblem(fault)
    collection = await services.collections.by_id(job.collection_id)
    request = services.scheduler.kinds.named(UNDO).request(collection.name, given)
    return await services.scheduler.submit(collection, request)
