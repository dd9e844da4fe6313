"""POST /sidecars/write: starts a job that writes sidecars."""

from __future__ import annotations

from fastapi import APIRouter, Response

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.links import OF_NEW_JOB
from ingestion_orchestration_fastapi_app.api.security import WRITES
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DiskFull,
    JobStateProblem,
    QueueFull,
    RootReadOnly,
)
from ingestion_orchestration_fastapi_app.sidecars.job import SIDECARS
from utils.contract import API_PREFIX, IngestAccepted
from utils.contract.annotations.sidecars import SidecarOptions, SidecarRequest
from utils.web.openapi import located, problems
from utils.web.routing.root_path import external_path

router = APIRouter(tags=["images"], dependencies=[WRITES])  # a part of that of `annotation`


@router.post(
    "/sidecars/write",
    status_code=202,
    summary="Write sidecars",
    responses={
        **located(202, "Where the job says how far it is.", OF_NEW_JOB),
        **problems(CollectionNotFound, RootReadOnly, JobStateProblem, DiskFull, QueueFull),
    },
)
async def write_sidecars(
    body: SidecarRequest, response: Response, services: AppStateDep
) -> IngestAccepted:
    """Starts a job that writes own ratings, favourites, tags and, if asked for, captions into XMP
    sidecars beside the images, as digiKam, Lightroom and darktable read them. The images
    themselves are never written to, and what others keep in a sidecar stays.

    Its report counts what was `written`, is `unchanged`, or has `nothing_to_write`, and says why
    what was refused.
    """
    options = SidecarOptions.model_validate(body.model_dump(exclude={"collection"}))
    collection = await services.collections.get(body.collection)
    await services.sidecar_writing.check(collection, options)
    kind = services.scheduler.kinds.named(SIDECARS)
    request = kind.request(collection.name, options.model_dump(mode="json"))
    record = await services.scheduler.submit(collection, request)
    status_url = external_path(f"{API_PREFIX}/jobs/{record.id}")
    response.headers["Location"] = status_url
    return IngestAccepted(job_id=record.id, status_url=status_url)
