"""Jobs: how one is asked for, and what it says of itself."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from utils.contract.base import ErrorCode, Reply, Wire


class IngestRequest(Wire):
    """`watch`: whether changes of the directory are picked up from now on; null: as it is."""

    directory_path: str = Field(min_length=1, max_length=4096)
    collection: str = "default"
    recursive: bool = True
    captions: bool = False
    force: bool = False
    sync: bool = False
    confirm_deletes: bool = False
    watch: bool | None = None


class IngestAccepted(Reply):
    job_id: str
    status_url: str


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING_FOR_ML = "waiting_for_ml"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobCounts(Reply):
    """found = unchanged + cached + embedded + failed + skipped + pending, in one snapshot."""

    found: int = 0
    unchanged: int = 0
    cached: int = 0
    embedded: int = 0
    failed: int = 0
    skipped: int = 0
    pending: int = 0


class LogLine(Reply):
    at: datetime
    event: str
    detail: str = ""


class JobReply(Reply):
    """One snapshot of a job.

    `stages`: seconds of work in each stage, summed over workers. `rate_images_per_s` is of the
    last seconds while the job runs, and `rate_average_images_per_s` of all its running time.
    `eta_s` and its range are there once all is found. `log` holds the last lines. `removed`
    counts points whose files are gone; `counts` are of files that are there. `origin`: `watch` for
    a job over what changed in a watched folder.
    """

    job_id: str
    state: JobState
    reason: str | None
    reason_code: ErrorCode | None
    collection: str
    directory_path: str
    counts: JobCounts
    scan_complete: bool
    bytes: int
    rate_images_per_s: float
    rate_average_images_per_s: float = 0.0
    eta_s: float | None
    eta_low_s: float | None = None
    eta_high_s: float | None = None
    removed: int = 0
    origin: Literal["request", "watch"] = "request"
    stages: dict[str, float]
    bottleneck: str | None
    errors_by_code: dict[str, int]
    warnings: tuple[str, ...]
    log: tuple[LogLine, ...]
    started_at: datetime | None
    updated_at: datetime
    finished_at: datetime | None


class JobLog(Reply):
    """The newest lines, oldest first."""

    lines: tuple[LogLine, ...]


class JobList(Reply):
    jobs: tuple[JobReply, ...]


class FailureReply(Reply):
    path: str
    code: ErrorCode
    detail: str
    at: datetime


class FailurePage(Reply):
    failures: tuple[FailureReply, ...]
    total: int
    next_offset: int | None
