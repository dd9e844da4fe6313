"""POST /jobs: starts a job of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.jobs.ingest import PROBLEMS, accepted_import
from ingestion_orchestration_fastapi_app.api.jobs.undo import accepted_undo
from ingestion_orchestration_fastapi_app.api.links import OF_NEW_JOB
from ingestion_orchestration_fastapi_app.api.security import WRITES
from ingestion_orchestration_fastapi_app.domain.jobs.dry_runs import DRY_RUN
from ingestion_orchestration_fastapi_app.domain.jobs.imports import INGEST
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.undoing import UNDO
from ingestion_orchestration_fastapi_app.errors import JobKindUnknown, JobNotFound
from utils.contract import (
    API_PREFIX,
    IngestAccepted,
    IngestFields,
    IngestRequest,
    JobRequestBody,
    UndoOptions,
)
from utils.web.openapi import located, problems
from utils.web.routing.root_path import external_path

router = APIRouter(dependencies=[WRITES])  # a part of that of `jobs`


@router.post(
    "/jobs",
    status_code=202,
    summary="Start a job",
    responses={
        **located(202, "Where the job says how far it is.", OF_NEW_JOB),
        **problems(JobKindUnknown, JobNotFound, *PROBLEMS),
    },
)
async def start_job(
    body: JobRequestBody, response: Response, services: AppStateDep
) -> IngestAccepted:
    """Starts a job of any kind, over one collection, with the kind's own options.

    `ingest`, and `dry_run` of it, take what `POST /ingest` takes, beside the collection.
    """
    record = await _accepted(services, body)
    status_url = external_path(f"{API_PREFIX}/jobs/{record.id}")
    response.headers["Location"] = status_url
    return IngestAccepted(job_id=record.id, status_url=status_url)


async def _accepted(services: AppState, body: JobRequestBody) -> JobRecord:
    kind = services.scheduler.kinds.named(body.kind)
    if kind.name in (INGEST, DRY_RUN):  # their folders are looked at first
        with _options_checked():
            fields = IngestFields.model_validate(body.options)
        given = fields.model_dump() | ({"dry_run": True} if kind.name == DRY_RUN else {})
        asked = IngestRequest(collection=body.collection, **given)
        return await accepted_import(services, asked)
    if kind.name == UNDO:  # the job is looked at first
        with _options_checked():
            undone = UndoOptions.model_validate(body.options)
        collection = await services.collections.get(body.collection)
        return await accepted_undo(services, undone.job_id, collection_name=collection.name)
    with _options_checked():
        request = kind.request(body.collection, body.options)
    collection = await services.collections.get(body.collection)
    return await services.scheduler.submit(collection, request)


@contextmanager
def _options_checked() -> Iterator[None]:
    """What is wrong with them is answered as what is wrong with any body."""
    try:
        yield
    except ValidationError as exc:
        faults = [{**one, "loc": ("body", "options", *one["loc"])} for one in exc.errors()]
        raise RequestValidationError(faults) from exc
