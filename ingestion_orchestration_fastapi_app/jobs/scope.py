"""What a running job is given: its record, its own account, its stop, and the outside world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from ingestion_orchestration_fastapi_app.domain.jobs.records import (
    Checkpoint,
    JobRecord,
    JobRequest,
)
from ingestion_orchestration_fastapi_app.jobs.context import Ports, until_stored
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.jobs.stop import Stop

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JobScope:
    """One run of a job. `record` is as it was when the run began."""

    record: JobRecord
    progress: JobProgress
    stop: Stop
    ports: Ports

    @property
    def job_id(self) -> str:
        return self.record.id

    @property
    def request(self) -> JobRequest:
        return self.record.request

    async def save(self, checkpoint: Checkpoint) -> None:
        """Durable on return, with the job's own account, in one step."""
        jobs, progress = self.ports.ledger.jobs, self.progress
        await self.until_stored(
            lambda: jobs.save_checkpoint(self.job_id, checkpoint, progress.saved())
        )

    async def until_stored(self, write: Callable[[], Awaitable[T]]) -> T:
        """Repeats a durable step, which must be safe to repeat, until it succeeds."""
        return await until_stored(write, self.progress, self.stop)
