"""Jobs: what was asked for, how far it is, what failed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.jobs.records import (
    Checkpoint,
    FailureRecord,
    JobRecord,
    JobRequest,
    JobSelection,
    SavedProgress,
)
from utils.contract import ErrorCode, JobState


class JobRepository(Protocol):
    async def create(self, job_id: str, collection_id: int, request: JobRequest) -> JobRecord:
        """Raises CollectionNotFound; JobStateProblem while roots are being changed."""

    async def find(self, job_id: str) -> JobRecord | None: ...
    async def list_newest(
        self, *, limit: int, offset: int, kind: str | None = None
    ) -> list[JobRecord]:
        """Newest first; `kind`: only those of it."""

    async def page(
        self, selection: JobSelection, *, limit: int, offset: int
    ) -> tuple[list[JobRecord], int]:
        """Newest first, as `JobSelection.matches` says, and how many there are in all."""

    async def list_unfinished(self) -> list[JobRecord]:
        """Oldest first: neither completed, failed nor cancelled."""

    async def move(
        self,
        job_id: str,
        state: JobState,
        *,
        reason: str | None = None,
        reason_code: ErrorCode | None = None,
        progress: SavedProgress | None = None,
    ) -> JobRecord:
        """Sets started_at at the first `running`; a final state freezes the counts.

        Raises JobNotFound; JobStateProblem where `domain.jobs.states` has no such move. A final
        state may be said twice.
        """

    async def save_checkpoint(
        self, job_id: str, checkpoint: Checkpoint, progress: SavedProgress
    ) -> None:
        """One transaction. Raises JobNotFound; JobStateProblem for a job that has ended."""

    async def prune(self, *, before: datetime) -> int:
        """Forgets jobs that ended before that moment, with their failures. Returns how many.

        A collection's newest job stays, and so does one that an unfinished job is a retry of, or
        that can be undone.
        """

    async def failures(
        self, job_id: str, *, limit: int, offset: int, codes: Collection[ErrorCode] = ()
    ) -> tuple[list[FailureRecord], int]:
        """A page, ordered by path, and how many there are in all; `codes`: only those with one of
        them.
        """

    async def failed_keys(self, job_id: str, keys: Sequence[FileKey]) -> set[FileKey]:
        """Those of the files that failed in the job."""
