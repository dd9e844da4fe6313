"""Jobs: what they do, what failed, and what is asked of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from ingestion_orchestration_fastapi_app.api.event_stream import EventStream
from ingestion_orchestration_fastapi_app.api.parameters import JobId, JobLimit, Offset
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.api.services import Services, Wired
from ingestion_orchestration_fastapi_app.api.views import job_reply
from ingestion_orchestration_fastapi_app.core.job_states import FINAL, Control
from ingestion_orchestration_fastapi_app.core.records import JobRecord
from ingestion_orchestration_fastapi_app.errors import JobNotFound
from ingestion_orchestration_fastapi_app.pipeline.tally import LOG_LINES
from utils.contract import (
    API_PREFIX,
    FailurePage,
    FailureReply,
    IngestAccepted,
    JobList,
    JobLog,
    JobReply,
)
from utils.web.root_path import external_path

router = APIRouter(prefix=API_PREFIX, tags=["jobs"], dependencies=[READS])

IdPrefix = Annotated[
    str, Query(pattern="^[0-9a-z]*$", max_length=32, description="Only jobs whose id begins so.")
]


@router.get("/jobs")
async def jobs(
    services: Wired, limit: JobLimit = 50, offset: Offset = 0, id_prefix: IdPrefix = ""
) -> JobList:
    """Newest first."""
    records = await services.ports.ledger.jobs(limit=limit, offset=offset, id_prefix=id_prefix)
    return JobList(
        jobs=tuple(job_reply(record, services.supervisor.tally(record.id)) for record in records)
    )


@router.get("/jobs/{job_id}")
@router.get("/ingest/status/{job_id}")
async def job(job_id: JobId, services: Wired) -> JobReply:
    record = await _job(services, job_id)
    return job_reply(record, services.supervisor.tally(job_id))


@router.get("/jobs/{job_id}/log")
async def log(
    job_id: JobId,
    services: Wired,
    limit: Annotated[int, Query(ge=1, le=LOG_LINES, description="The most lines.")] = LOG_LINES,
) -> JobLog:
    """The newest lines, oldest first."""
    record = await _job(services, job_id)
    tally = services.supervisor.tally(job_id)
    lines = record.progress.log if tally is None else tally.progress().log
    return JobLog(lines=lines[-limit:])


@router.get("/jobs/{job_id}/events", status_code=200, response_class=EventStream)
async def events(job_id: JobId, services: Wired) -> EventStream:
    """Server-Sent Events: the job's answer whenever it changes, until its final state.

    At most four a second. Where too many listen already, one event and a time to come back.
    """
    await _job(services, job_id)

    async def snapshot() -> tuple[str, bool]:
        record = await services.ports.ledger.job(job_id)
        if record is None:  # its collection was deleted
            return "", True
        reply = job_reply(record, services.supervisor.tally(job_id))
        return reply.model_dump_json(), reply.state in FINAL

    return EventStream(snapshot, services.listeners)


@router.get("/jobs/{job_id}/failures")
async def failures(
    job_id: JobId, services: Wired, limit: JobLimit = 100, offset: Offset = 0
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


@router.post("/jobs/{job_id}/pause", dependencies=[WRITES])
async def pause(job_id: JobId, services: Wired) -> JobReply:
    """What is in flight is stored or dropped; the job then rests, also over a restart.

    A paused job keeps its collection: later jobs of it wait. It does not count as running.
    """
    return await _controlled(services, job_id, Control.PAUSE)


@router.post("/jobs/{job_id}/resume", dependencies=[WRITES])
async def resume(job_id: JobId, services: Wired) -> JobReply:
    """Goes on where it was, as soon as there is a place for it."""
    return await _controlled(services, job_id, Control.RESUME)


@router.post("/jobs/{job_id}/cancel", dependencies=[WRITES])
async def cancel(job_id: JobId, services: Wired) -> JobReply:
    """Ends the job for good. What is done stays done; what is not stays counted as pending."""
    return await _controlled(services, job_id, Control.CANCEL)


@router.post("/jobs/{job_id}/retry-failed", dependencies=[WRITES], status_code=202)
async def retry_failed(job_id: JobId, response: Response, services: Wired) -> IngestAccepted:
    """Starts a job that opens exactly the files that failed in this one, whatever their codes.

    It has counts and an id of its own. While it is unfinished, asking again gives the same one.
    """
    record = await _job(services, job_id)
    collection = await services.collections.get(record.request.collection)
    likely = await services.watch.likely(collection.fingerprint)
    if likely is not None:
        services.collections.check_model(collection, likely)
    retry = await services.supervisor.retry_failed(collection, record)
    status_url = external_path(f"{API_PREFIX}/ingest/status/{retry.id}")
    response.headers["Location"] = status_url
    return IngestAccepted(job_id=retry.id, status_url=status_url)


async def _controlled(services: Services, job_id: str, control: Control) -> JobReply:
    record = await services.supervisor.control(job_id, control)
    return job_reply(record, services.supervisor.tally(job_id))


async def _job(services: Services, job_id: str) -> JobRecord:
    record = await services.ports.ledger.job(job_id)
    if record is None:
        raise JobNotFound(f"There is no job {job_id!r}.")
    return record
