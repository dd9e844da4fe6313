"""What crosses the ports: collections, jobs, enrolments, settlements, content, uploads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ingestion_orchestration_fastapi_app.core.files import (
    FileKey,
    FileStat,
    Outcome,
    Root,
    Vector,
    Verdict,
)
from ingestion_orchestration_fastapi_app.core.identity import display_text
from utils.contract import ErrorCode, JobCounts, JobState, LogLine


class Origin(StrEnum):
    """Who asked for a job."""

    REQUEST = "request"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class Watch:
    """A folder of a collection whose changes are picked up. `directory` is absolute."""

    directory: bytes
    recursive: bool = True
    captions: bool = False


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """`id` never names two collections. The model's four are None until a job binds them.

    `synced_version` is the newest table version known to be on the disk. `root_changes`: roots
    that are being re-pointed, and where to, or forgotten (None).
    """

    id: int
    name: str
    model: str | None
    weights: str | None
    dim: int | None
    fingerprint: str | None
    synced_version: int | None
    roots: tuple[Root, ...]
    last_job_id: str | None
    watches: tuple[Watch, ...] = ()
    root_changes: Mapping[UUID, bytes | None] = field(default_factory=dict)


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
class JobProgress:
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
    progress: JobProgress
    created_at: datetime
    started_at: datetime | None
    updated_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """How a file enters a job. PENDING means that it will be opened; other outcomes are final."""

    key: FileKey
    point_id: UUID
    outcome: Outcome
    display_path: str
    code: ErrorCode | None = None  # of a failure that is counted again
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
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
    settled: bool
    sha256: bytes | None = None
    stored_fingerprint: str | None = None
    code: ErrorCode | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class FailureRecord:
    display_path: str
    code: ErrorCode
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A collection's table after the start-up check. `restored`: an older version was put back."""

    version: int
    restored: bool


@dataclass(frozen=True, slots=True)
class Mended:
    """What had to be done to a table: its synced version now, and how many rows are gone."""

    version: int
    lost_rows: int
    rebuilds_indexes: bool = False


@dataclass(frozen=True, slots=True)
class QueryVector:
    """A unit vector, the model it belongs to, and whether the query's end was cut off."""

    vector: Vector
    fingerprint: str
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class ScanFault:
    """A folder that could not be listed, or not to its end. `path` is absolute."""

    path: bytes
    detail: str

    @property
    def display_path(self) -> str:
        return display_text(self.path)


@dataclass(frozen=True, slots=True)
class Mounted:
    """Where a scan began, or a file system in it begins. `device` tells what is mounted there."""

    path: bytes
    device: int


@dataclass(frozen=True, slots=True)
class Linked:
    """Links that a scan passed over. The paths are absolute."""

    paths: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class UnmetFile:
    """A file of the ledger that a job did not meet. `had_point`: also one being removed."""

    key: FileKey
    absolute: bytes
    point_id: UUID
    had_point: bool
    sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A browser that logged in. `token_hash` is all that is kept of its cookie."""

    token_hash: bytes
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
