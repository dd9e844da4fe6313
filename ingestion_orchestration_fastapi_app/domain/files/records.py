"""How a file enters a job, what the job found out of it, and files that no job met."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileStat,
    Outcome,
    Verdict,
)
from utils.contract import ErrorCode


@dataclass(frozen=True, slots=True)
class FileStart:
    """How a file enters a job. PENDING means that it will be opened; other outcomes are final."""

    key: FileKey
    point_id: UUID
    outcome: Outcome
    display_path: str
    code: ErrorCode | None = None  # of a failure that is counted again
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class FolderCounts:
    """How many files right in a folder a job found as they were, and opened none of them.

    `path` is relative to the root. `is_whole`: the scan is through with the folder.
    """

    root_id: UUID
    path: bytes
    unchanged: int
    skipped: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What a job found out about one pending file.

    `stored_fingerprint` is set when a point was written. A failed file that had a point keeps
    it: the ledger marks it stale.
    """

    key: FileKey
    point_id: UUID
    display_path: str
    outcome: Outcome
    verdict: Verdict
    stat: FileStat
    mtime_trusted: bool
    sha256: bytes | None = None
    stored_fingerprint: str | None = None
    code: ErrorCode | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class UnseenFile:
    """A file of the ledger that a job did not meet. `had_point`: also one being removed."""

    key: FileKey
    absolute: bytes
    point_id: UUID
    had_point: bool
    sha256: bytes | None = None
