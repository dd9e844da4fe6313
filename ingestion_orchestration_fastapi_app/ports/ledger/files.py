"""Files: what is known of each, and what became of it in a job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, FileRecord
from ingestion_orchestration_fastapi_app.domain.files.records import (
    FileOutcome,
    FileStart,
    UnseenFile,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from utils.contract import ErrorCode


class FileRepository(Protocol):
    """What takes a job's id raises JobNotFound; JobStateProblem for a job that has ended."""

    async def recall(
        self, collection_id: int, keys: Sequence[FileKey]
    ) -> dict[FileKey, FileRecord]: ...
    async def register(self, job_id: str, collection_id: int, files: Sequence[FileStart]) -> None:
        """One transaction: each file belongs to this job now, with its outcome.

        What was known of the file's content stays. A failed one is listed among the job's
        failures.
        """

    async def complete(
        self,
        job_id: str,
        collection_id: int,
        outcomes: Sequence[FileOutcome],
        *,
        synced_version: int | None,
        progress: SavedProgress,
    ) -> None:
        """One transaction: outcomes, failures, the end of intents, synced version, progress."""

    async def fail_pending(self, job_id: str, code: ErrorCode, detail: str) -> int:
        """Files that are still pending, since the last scan did not meet them, fail.

        Returns how many.
        """

    async def seen_contents(
        self, job_id: str, *, after: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """Hashes of what the job met that has a point, each with a number that grows from 1."""

    async def delete_files(
        self,
        job_id: str,
        collection_id: int,
        files: Sequence[UnseenFile],
        *,
        synced_version: int,
    ) -> int:
        """One transaction: the files, the intents of their points, the job's number of removed.

        Returns how many of them had a point, also where it was deleted before a restart.
        """
