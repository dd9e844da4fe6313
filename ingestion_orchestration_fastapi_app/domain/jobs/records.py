"""Jobs as they are kept: what was asked for, how far it is, what failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from utils.contract import ErrorCode, JobCounts, JobState, LogLine
from utils.contract.warnings import WarningDetail, sentences


class Origin(StrEnum):
    """Who asked for a job."""

    REQUEST = "request"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class ImportPath:
    """A folder or a file that an import is asked for, absolute and without links."""

    path: bytes
    is_file: bool

    @property
    def folder(self) -> bytes:
        """Itself, or the one that the file is in."""
        return (self.path.rpartition(b"/")[0] or b"/") if self.is_file else self.path


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What is asked for, of whatever kind. `options` are those of the kind's own model, as JSON.

    One job of a collection runs in a `lane` at a time; without a lane it runs beside all others.
    `directory` is absolute, and empty where the kind reads none; `folders` are some in it.
    `paths` are all that are read where that is not one folder; the first of them is `directory`.
    `retry_of` names the ended job that this one tries again.
    """

    collection: str
    kind: str
    lane: str | None
    options: Mapping[str, JsonValue] = field(default_factory=dict)
    directory: bytes = b""
    folders: tuple[bytes, ...] = ()
    paths: tuple[ImportPath, ...] = ()
    origin: Origin = Origin.REQUEST
    retry_of: str | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The account that some kinds keep of their own: how far a job is, and what it found. JSON."""

    position: JsonValue = None
    report: JsonValue = None


@dataclass(frozen=True, slots=True)
class SavedProgress:
    """What a job has to say besides its counts; saved with every group that is settled."""

    bytes_read: int = 0
    active_s: float = 0.0
    stages: Mapping[str, float] = field(default_factory=dict)
    log: tuple[LogLine, ...] = ()
    warning_details: tuple[WarningDetail, ...] = ()
    scan_complete: bool = False
    removed: int = 0  # points whose files are gone
    links_skipped: int = 0
    done: int = 0  # of kinds that do not count files by outcome
    total: int | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """In English."""
        return sentences(self.warning_details)


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
    checkpoint: Checkpoint = Checkpoint()


@dataclass(frozen=True, slots=True)
class JobSelection:
    """Which jobs are listed: all conditions hold, and what is empty or None is none.

    `live`: the states that running jobs show, by their ids. They count until the ledger has a final
    one.
    """

    id_prefix: str = ""
    kind: str | None = None
    collection_id: int | None = None
    states: frozenset[JobState] = frozenset()
    live: Mapping[str, JobState] = field(default_factory=dict)

    def matches(self, job: JobRecord) -> bool:
        state = job.state if job.state in FINAL else self.live.get(job.id, job.state)
        return (
            job.id.startswith(self.id_prefix)
            and self.kind in (None, job.request.kind)
            and self.collection_id in (None, job.collection_id)
            and (not self.states or state in self.states)
        )


@dataclass(frozen=True, slots=True)
class FailureRecord:
    key: FileKey
    display_path: str
    code: ErrorCode
    detail: str
    at: datetime
