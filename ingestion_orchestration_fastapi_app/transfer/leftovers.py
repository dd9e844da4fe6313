"""What exports that were never finished left on the disk, where their job has ended."""

from __future__ import annotations

import structlog

from ingestion_orchestration_fastapi_app.jobs.context import Ports
from utils.problems import Problem

log = structlog.get_logger(__name__)


async def tidy_exports(ports: Ports) -> None:
    """At a start: who ended just before the process did has not tidied up."""
    try:
        left = await ports.exports.unfinished()  # before the jobs: a new one's is not among these
        alive = {job.id for job in await ports.ledger.jobs.list_unfinished()}
        for job_id in left:
            if job_id not in alive:
                await ports.exports.discard(job_id)
    except (OSError, Problem) as exc:
        log.warning("exports_not_tidied", error=str(exc))
