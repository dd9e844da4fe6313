"""How many images wait in jobs that run."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.ports.ledger.jobs import JobRepository
from utils.problems import Problem


class WaitingImages:
    def __init__(self, scheduler: JobScheduler, jobs: JobRepository) -> None:
        self._scheduler = scheduler
        self._jobs = jobs

    async def __call__(self) -> int | None:
        """None where the ledger cannot be read."""
        try:
            return sum([await self._waiting_in(job_id) for job_id in self._scheduler.running()])
        except Problem:
            return None

    async def _waiting_in(self, job_id: str) -> int:
        record, live = await self._jobs.find(job_id), self._scheduler.live_progress(job_id)
        if record is None or live is None:  # it has ended meanwhile
            return 0
        # Kinds that do not count files by outcome say how much of how much is done.
        return record.counts.pending or max(0, (live.total or 0) - live.done)
