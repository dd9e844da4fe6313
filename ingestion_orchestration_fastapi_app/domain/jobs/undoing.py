"""Undoing a removal, as a kind of job: its name, and which job can be undone."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.domain.jobs.imports import INGEST
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL

UNDO = "undo"


def why_not(job: JobRecord, kept: int) -> str | None:
    """Why the job cannot be undone; None: it can. `kept`: of so much that it removed there is
    something in the trash.
    """
    if job.request.kind != INGEST:
        return f"The job {job.id} removes nothing: it is of the kind {job.request.kind}."
    if job.state not in FINAL:
        return f"The job {job.id} has not ended: it is {job.state}. Cancel it first, or let it end."
    if not job.progress.removed and not kept:
        return f"The job {job.id} has removed no image."
    if not kept:
        return (
            f"Nothing that the job {job.id} has removed is kept any more: it was brought back, "
            "removed by another job since, thrown away after its time or for lack of room, or the "
            "trash was emptied. An import of the folder takes in what is there."
        )
    return None
