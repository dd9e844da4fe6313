"""What the scheduler needs of whoever does the work of a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.jobs.stop import Stop
from utils.contract import ErrorCode, JobState


@dataclass(frozen=True, slots=True)
class Ending:
    """What a run came to by itself: a final state."""

    state: JobState
    reason: str | None = None
    code: ErrorCode | None = None


class Runner(Protocol):
    """Runs a job that was said to start, one call a run."""

    async def run(self, record: JobRecord, progress: JobProgress, stop: Stop) -> Ending | None:
        """None: it was stopped, and what was not done stays pending. Never raises a fault."""
