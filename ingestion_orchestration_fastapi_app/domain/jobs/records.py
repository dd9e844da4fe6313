"""Jobs as they are kept: what was asked for, how far it is, what failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from utils.contract import ErrorCode, JobCounts, JobState, LogLine


class Origin(StrEnum):
    """Who asked for a job."""

    REQUEST = "request"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class JobRequest:
    """`directory` is absolute and lies in a root of the collection, or is one.

    `retry_of` names the ended job whose failed files, and no others, are looked at. Where there
    are `folders` (absolute, in the directory), only what lies right in them is.
    """

    collection: str
    directory: bytes
    recursive: bool = True
    captions: bool = False
    force: bool = False
    sync: bool = False
    confirm_deletes: bool = False
    retry_of: str | None = None
    folders: tuple[bytes, ...] = ()
    origin: Origin = Origin.REQUEST

    @property
    def parts(self) -> tuple[tuple[bytes, bool], ...]:
        """What is scanned: folders, and whether with what lies deeper."""
        if self.folders:
            return tuple((folder, False) for folder in self.folders)
        return ((self.directory, self.recursive),)


@dataclass(frozen=True, slots=True)
class SavedProgress:
    """What a job has to say besides its counts; saved with every group that is settled."""

    bytes_read: int = 0
    active_s: float = 0.0
    stages: Mapping[str, float] = field(default_factory=dict)
    log: tuple[LogLine, ...] = ()
    warnings: tuple[str, ...] = ()
    scan_complete: bool = False
    removed: int = 0  # points whose files are gone
    links_skipped: int = 0


@dataclass(frozen=True, slots=True)
class JobRecord:
    id: str
    collection_id: int
    request: JobRequest
    state: JobState
    reason: str | None
    reason_code: ErrorCode | None
    counts: JobCounts
    errors_by_code: Mapping[str, int]
    progress: SavedProgress
    created_at: datetime
    started_at: datetime | None
    updated_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class FailureRecord:
    display_path: str
    code: ErrorCode
    detail: str
    at: datetime
