"""GET /jobs/{job_id}/failures: what failed, and what lies beside it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.jobs.known_job import KnownJob
from ingestion_orchestration_fastapi_app.api.parameters import JobLimit, Offset
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.jobs.records import FailureRecord, JobRecord
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Neighbour, Neighbours
from ingestion_orchestration_fastapi_app.errors import JobNotFound
from utils.contract import API_PREFIX, ErrorCode, FailurePage, FailureReply, NeighbourReply
from utils.web.openapi import problems
from utils.web.routing.root_path import external_path

MAX_CODES = 16

router = APIRouter()  # a part of that of `jobs`

Codes = Annotated[
    tuple[ErrorCode, ...],
    Query(
        max_length=MAX_CODES,
        description="Only files that failed by this code; may be given several times, for any of "
        "them.",
    ),
]


@router.get(
    "/jobs/{job_id}/failures", summary="List a job's failures", responses=problems(JobNotFound)
)
async def list_job_failures(
    job: KnownJob,
    services: AppStateDep,
    limit: JobLimit = 100,
    offset: Offset = 0,
    code: Codes = (),
) -> FailurePage:
    """Every file that failed, by path, with the stored images beside it: by these a person knows
    where it lies.
    """
    listed = services.ports.ledger.jobs.failures
    page, total = await listed(job.id, limit=limit, offset=offset, codes=code)
    beside = await _beside(services, job, page)
    name = job.request.collection
    end = offset + len(page)
    return FailurePage(
        failures=tuple(_reply(one, beside.get(one.key, Neighbours()), name) for one in page),
        total=total,
        next_offset=end if end < total else None,
    )


async def _beside(
    services: AppState, job: JobRecord, page: list[FailureRecord]
) -> dict[FileKey, Neighbours]:
    collection = await services.ports.ledger.collections.find_by_id(job.collection_id)
    if collection is None or not page:  # it was deleted meanwhile, or nothing failed
        return {}
    return await services.browsing.neighbours(collection, [one.key for one in page])


def _reply(failure: FailureRecord, beside: Neighbours, collection: str) -> FailureReply:
    return FailureReply(
        path=failure.display_path,
        code=failure.code,
        detail=failure.detail,
        at=failure.at,
        previous=_neighbour(beside.previous, collection),
        next=_neighbour(beside.next, collection),
    )


def _neighbour(one: Neighbour | None, collection: str) -> NeighbourReply | None:
    if one is None:
        return None
    image_url = external_path(f"{API_PREFIX}/images/{one.id}")
    return NeighbourReply(
        id=str(one.id),
        filename=display_text(one.name),
        thumbnail_url=f"{image_url}/thumbnail?collection={collection}",
    )
