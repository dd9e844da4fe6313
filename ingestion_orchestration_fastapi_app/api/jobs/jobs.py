"""Jobs: what they do, what failed, and what is asked of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import structlog
from anyio import BrokenResourceError
from fastapi import APIRouter, Depends, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.jobs import failures, kinds, start, undo
from ingestion_orchestration_fastapi_app.api.jobs.event_stream import changes
from ingestion_orchestration_fastapi_app.api.jobs.known_job import KnownJob
from ingestion_orchestration_fastapi_app.api.links import OF_JOBS, OF_NEW_JOB
from ingestion_orchestration_fastapi_app.api.parameters import JobId, JobLimit, Offset
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.api.views import job_reply, report_reply
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobSelection
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL, Control
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    JobNotFound,
    JobStateProblem,
    ModelMismatch,
    QueueFull,
)
from ingestion_orchestration_fastapi_app.ingest.retry_failed import retry_request
from ingestion_orchestration_fastapi_app.jobs.progress import LOG_LINES
from utils.contract import (
    API_PREFIX,
    MAX_NAME_CHARACTERS,
    IngestAccepted,
    JobList,
    JobLog,
    JobReply,
    JobReport,
    JobState,
)
from utils.web.openapi import located, problems, stream
from utils.web.routing.root_path import external_path

log = structlog.get_logger(__name__)
router = APIRouter(prefix=API_PREFIX, tags=["jobs"], dependencies=[READS])
router.include_router(kinds.router)  # before `/jobs/{job_id}`
router.include_router(failures.router)
router.include_router(start.router)
router.include_router(undo.router)

IdPrefix = Annotated[
    str, Query(pattern="^[0-9a-z]*$", max_length=32, description="Only jobs whose id begins so.")
]

KindName = Annotated[
    str | None, Query(min_length=1, max_length=64, description="Only jobs of this kind.")
]

States = Annotated[
    tuple[JobState, ...],
    Query(
        max_length=len(JobState),
        description="Only jobs in this state; may be given several times, for any of them.",
    ),
]

InCollection = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=MAX_NAME_CHARACTERS,
        description="Only jobs of this collection.",
        examples=["default"],
    ),
]


async def _place_to_listen(services: AppStateDep, _job: KnownJob) -> AsyncIterator[bool]:
    """False where too many listen. A dependency: it is given back however the answer ends."""
    with services.listeners.place() as has_place:
        try:
            yield has_place
        except* BrokenResourceError:  # FastAPI sent a heartbeat to one who was leaving
            log.debug("listener_left")


@router.get(
    "/jobs",
    summary="List jobs",
    responses={200: {"links": OF_JOBS}, **problems(CollectionNotFound)},
)
async def list_jobs(
    services: AppStateDep,
    limit: JobLimit = 50,
    offset: Offset = 0,
    id_prefix: IdPrefix = "",
    kind: KindName = None,
    state: States = (),
    collection: InCollection = None,
) -> JobList:
    """Those that meet all conditions, the newest first."""
    named = None if collection is None else await services.collections.get(collection)
    selection = JobSelection(
        id_prefix,
        kind,
        None if named is None else named.id,
        frozenset(state),
        services.scheduler.live_states(),
    )
    page = services.ports.ledger.jobs.page
    records, total = await page(selection, limit=limit, offset=offset)
    end = offset + len(records)
    return JobList(
        jobs=tuple(
            job_reply(record, services.scheduler.live_progress(record.id)) for record in records
        ),
        total=total,
        next_offset=end if end < total else None,
    )


@router.get("/jobs/{job_id}", summary="Show a job", responses=problems(JobNotFound))
@router.get(
    "/ingest/status/{job_id}",
    name="get_ingest_status",
    summary="Show an import",
    responses=problems(JobNotFound),
)
async def get_job(job: KnownJob, services: AppStateDep) -> JobReply:
    """What it does now, how far it is, and what it counted, in one snapshot."""
    return job_reply(job, services.scheduler.live_progress(job.id))


@router.get("/jobs/{job_id}/log", summary="Show a job's log", responses=problems(JobNotFound))
async def get_job_log(
    job: KnownJob,
    services: AppStateDep,
    limit: Annotated[int, Query(ge=1, le=LOG_LINES, description="The most lines.")] = LOG_LINES,
) -> JobLog:
    """The newest lines, oldest first."""
    live = services.scheduler.live_progress(job.id)
    lines = job.progress.log if live is None else live.saved().log
    return JobLog(lines=lines[-limit:])


@router.get(
    "/jobs/{job_id}/report", summary="Show what a job found", responses=problems(JobNotFound)
)
async def get_job_report(job: KnownJob) -> JobReport:
    """What a job that looks for something has found until now; nothing of any other."""
    return report_reply(job)


@router.get(
    "/jobs/{job_id}/events",
    summary="Follow a job",
    response_class=EventSourceResponse,
    responses={
        **stream("The job's answer, each time that it changed.", item=JobReply),
        **problems(JobNotFound),
    },
)
async def follow_job(
    job: KnownJob, services: AppStateDep, has_place: Annotated[bool, Depends(_place_to_listen)]
) -> AsyncIterator[ServerSentEvent]:
    """Server-Sent Events: the job's answer whenever it changes, until its final state.

    At most four a second. Where too many listen already, one event and a time to come back.
    """

    async def snapshot() -> tuple[JobReply | None, bool]:
        record = await services.ports.ledger.jobs.find(job.id)
        if record is None:  # its collection was deleted
            return None, True
        reply = job_reply(record, services.scheduler.live_progress(job.id))
        return reply, reply.state in FINAL

    async for event in changes(snapshot, services.listeners, has_place=has_place):
        yield event


@router.post(
    "/jobs/{job_id}/pause",
    dependencies=[WRITES],
    summary="Pause a job",
    responses=problems(JobNotFound, JobStateProblem),
)
async def pause_job(job_id: JobId, services: AppStateDep) -> JobReply:
    """What is in flight is stored or dropped; the job then rests, also over a restart.

    A paused job keeps its lane: later jobs of the collection in it wait. It does not count as
    running.
    """
    return await _controlled(services, job_id, Control.PAUSE)


@router.post(
    "/jobs/{job_id}/resume",
    dependencies=[WRITES],
    summary="Resume a job",
    responses=problems(JobNotFound, JobStateProblem),
)
async def resume_job(job_id: JobId, services: AppStateDep) -> JobReply:
    """Goes on where it was, as soon as there is a place for it."""
    return await _controlled(services, job_id, Control.RESUME)


@router.post(
    "/jobs/{job_id}/cancel",
    dependencies=[WRITES],
    summary="Cancel a job",
    responses=problems(JobNotFound, JobStateProblem),
)
async def cancel_job(job_id: JobId, services: AppStateDep) -> JobReply:
    """Ends the job for good. What is done stays done; what is not stays counted as pending."""
    return await _controlled(services, job_id, Control.CANCEL)


@router.post(
    "/jobs/{job_id}/retry-failed",
    dependencies=[WRITES],
    status_code=202,
    summary="Try a job's failed files again",
    responses={
        **located(202, "Where the new job says how far it is.", OF_NEW_JOB),
        **problems(JobNotFound, CollectionNotFound, JobStateProblem, ModelMismatch, QueueFull),
    },
)
async def retry_failed(job: KnownJob, response: Response, services: AppStateDep) -> IngestAccepted:
    """Starts a job that opens exactly the files that failed in this one, whatever their codes.

    It has counts and an id of its own. While it is unfinished, asking again gives the same one.
    """
    collection = await services.collections.by_id(job.collection_id)
    likely = await services.pool.likely_capabilities(collection.fingerprint)
    if likely is not None:
        services.collections.check_model(collection, likely)
    request = retry_request(collection, job)
    retry = await services.scheduler.submit(collection, request)
    status_url = external_path(f"{API_PREFIX}/ingest/status/{retry.id}")
    response.headers["Location"] = status_url
    return IngestAccepted(job_id=retry.id, status_url=status_url)


async def _controlled(services: AppState, job_id: str, control: Control) -> JobReply:
    record = await services.scheduler.control(job_id, control)
    return job_reply(record, services.scheduler.live_progress(job_id))
