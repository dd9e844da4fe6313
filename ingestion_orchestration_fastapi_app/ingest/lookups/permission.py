"""Whether what an import reads may be read now: asked at each start of a job."""

from __future__ import annotations

from collections.abc import Iterable

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.jobs.imports import ScanPart
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRequest
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.ports.library import Library
from utils.contract import ErrorCode, JobState

NOT_ALLOWED = "the folder lies outside those that may be imported, or leads outside by a link now"


async def refused(
    library: Library, request: JobRequest, parts: Iterable[ScanPart]
) -> Ending | None:
    """While a job waits, or is paused, its folder may be taken off the roots, or a link may take
    its place.
    """
    for top in dict.fromkeys(part.top for part in parts):
        if not await library.is_allowed(top):
            where = f"{display_text(top)}: " if request.paths else ""
            return Ending(JobState.FAILED, where + NOT_ALLOWED, ErrorCode.DIRECTORY_NOT_ALLOWED)
    return None
