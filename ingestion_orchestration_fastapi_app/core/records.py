"""What crosses the ports: collections, jobs, enrolments, settlements, content, uploads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.core.files import (
    File,
    FileKey,
    FileStat,
    Metadata,
    Outcome,
    Picture,
    Root,
    Vector,
    Verdict,
)
from utils.contract import ErrorCode, JobCounts, JobState, LogLine


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """`id` never names two collections. The model's four are None until a job binds them.

    `synced_version` is the newest table version known to be on the disk.
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


@dataclass(frozen=True, slots=True)
class JobRequest:
    """`directory` is absolute and lies in `root` (or is it)."""

    collection: str
    directory: bytes
    recursive: bool = True
    captions: bool = False
    force: bool = False
    sync: bool = False
    confirm_deletes: bool = False


@dataclass(frozen=True, slots=True)
class JobProgress:
    """What a job has to say besides its counts; saved with every group that is settled."""

    bytes_read: int = 0
    active_s: float = 0.0
    stages: Mapping[str, float] = field(default_factory=dict)
    log: tuple[LogLine, ...] = ()
    warnings: tuple[str, ...] = ()
    scan_complete: bool = False


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
class VectorKey:
    """`preparation` names how an upload is made from a file, version included."""

    fingerprint: str
    preparation: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """A file's bytes, read once. `format` by content; `settled` as in FileRecord."""

    file: File
    data: bytes
    sha256: bytes
    format: str
    metadata: Metadata
    settled: bool


@dataclass(frozen=True, slots=True)
class Skipped:
    """No image by its content."""

    detail: str


@dataclass(frozen=True, slots=True)
class ScanFault:
    """A folder that could not be listed."""

    display_path: str
    detail: str


@dataclass(frozen=True, slots=True)
class Upload:
    """What is sent for one image. `media_type` says what `data` is."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Prepared:
    picture: Picture
    upload: Upload


@dataclass(frozen=True, slots=True)
class Embedded:
    vector: Vector
    caption: str | None = None
