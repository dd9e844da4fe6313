"""Files: what is known of each, and what became of it in a job."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, FileRecord
from ingestion_orchestration_fastapi_app.domain.files.records import (
    FileOutcome,
    FileStart,
    FolderCounts,
    UnseenFile,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from utils.contract import ErrorCode


class FileRepository(Protocol):
    """What takes a job's id raises JobNotFound; JobStateProblem for a job that has ended."""

    async def recall(
        self, collection_id: int, keys: Sequence[FileKey], *, job_id: str | None = None
    ) -> dict[FileKey, FileRecord]:
        """With what the job has made of each, where one asks."""

    async def register(
        self,
        job_id: str,
        collection_id: int,
        files: Sequence[FileStart],
        folders: Sequence[FolderCounts] = (),
    ) -> list[int]:
        """One transaction: the job counts each file by its outcome, and the folders' numbers.

        What is known of a file's content stays, and so does what other jobs count. A failed one
        is listed among the job's failures. Returns the files' rows.
        """

    async def complete(
        self,
        job_id: str,
        collection_id: int,
        outcomes: Sequence[FileOutcome],
        *,
        synced: SyncedVersion | None,
        progress: SavedProgress,
        reader_version: str,
    ) -> None:
        """One transaction: outcomes, failures, the end of intents, synced version, progress.

        `reader_version` names what gave the verdicts.
        """

    async def fail_pending(self, job_id: str, code: ErrorCode, detail: str) -> int:
        """Files that are still pending, since the last scan did not meet them, fail.

        Returns how many.
        """

    async def seen_contents(
        self, collection_id: int, *, seen: Container[int], after: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """By row: hashes of the seen files that have a point of what was last judged."""

    async def with_content(
        self, collection_id: int, sha256: bytes, *, within: bytes
    ) -> list[bytes]:
        """Absolute paths of a few files that had this content when they were last read, in a
        folder.
        """

    async def stale(
        self, collection_id: int, point_ids: Sequence[UUID], *, model: str
    ) -> set[UUID]:
        """Of these points of a model those that show what their files were before."""

    async def delete_files(
        self,
        job_id: str,
        collection_id: int,
        files: Sequence[UnseenFile],
        *,
        synced: Sequence[SyncedVersion],
    ) -> int:
        """One transaction: the files, the intents of their points in the generations that are
        synced, the job's number of removed. What of them is in the trash is whole.

        What another unfinished job has done with a file stays counted there. What it was still to
        do, or could not do, is no longer among its files.

        Returns how many of them had a point, also where it was deleted before a restart.
        """
