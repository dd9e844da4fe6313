"""The job that a route is about."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.parameters import JobId
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.errors import JobNotFound


async def _known_job(job_id: JobId, services: AppStateDep) -> JobRecord:
    """A dependency: an answer that has begun could not say 404 any more."""
    record = await services.ports.ledger.jobs.find(job_id)
    if record is None:
        raise JobNotFound(f"There is no job {job_id!r}.")
    return record


KnownJob = Annotated[JobRecord, Depends(_known_job)]
