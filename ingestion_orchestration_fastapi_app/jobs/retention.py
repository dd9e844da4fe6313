"""Old jobs are forgotten once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog
from anyio import sleep

from ingestion_orchestration_fastapi_app.ports.ledger.jobs import JobRepository
from utils.problems import Problem

log = structlog.get_logger(__name__)

EVERY_S = 24 * 3600.0


async def prune_job_history(jobs: JobRepository, *, days: int) -> None:
    """Until cancelled. A ledger that cannot be written now is tried again the next day."""
    while True:
        try:
            forgotten = await jobs.prune(before=datetime.now(UTC) - timedelta(days=days))
        except Problem as exc:
            log.warning("history_not_pruned", code=exc.code, detail=exc.detail)
        except Exception:  # a bug: old jobs stay, and the service goes on
            log.exception("history_not_pruned")
        else:
            if forgotten:
                log.info("history_pruned", jobs=forgotten)
        await sleep(EVERY_S)
