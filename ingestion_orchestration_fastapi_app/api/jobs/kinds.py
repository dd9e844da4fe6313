"""GET /jobs/kinds: what can be started, and by which options."""

from __future__ import annotations

from functools import cache

from fastapi import APIRouter
from pydantic import BaseModel

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from utils.contract import JobKindList, JobKindReply

router = APIRouter()  # a part of that of `jobs`


@router.get("/jobs/kinds", summary="List the kinds of jobs")
async def list_job_kinds(services: AppStateDep) -> JobKindList:
    """Each with what `POST /jobs` takes for it, so that a form can be made of it.

    Some have a call of their own, which makes what the job needs: `POST /imports` makes the
    collection, `POST /collections/{name}/reembed` the generation.
    """
    return JobKindList(
        kinds=tuple(
            JobKindReply(
                name=kind.name,
                description=kind.described.sentence,
                lane=kind.described.lane,
                changes=kind.described.changes,
                options=_schema(kind.described.asked or kind.options),
            )
            for kind in services.scheduler.kinds.all()
            if kind.described is not None
        )
    )


@cache  # the models are there as long as the program
def _schema(options: type[BaseModel]) -> dict[str, object]:
    return options.model_json_schema()
