"""How a file enters a job, what the job found out of it, and files that no job met."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.artefacts import (
    Artefact,
    Kind,
    State,
    updated,
)
from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileRecord,
    FileStat,
    Outcome,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Point
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
    """What a job found out about one pending file, and all that it made of it.

    Without artefacts it is as it was known. `catalogued` is what the catalogue says of it from now
    on; None: what it says now. `placeholder` is of its picture, where one was made with it.
    `added_at`: when it was added, of one that is new; None: now. A failed file that had a point
    keeps it: the ledger marks it stale.
    """

    key: FileKey
    point_id: UUID
    display_path: str
    outcome: Outcome
    stat: FileStat
    mtime_trusted: bool
    sha256: bytes | None = None
    artefacts: tuple[Artefact, ...] = ()
    catalogued: Point | None = None
    placeholder: bytes | None = None
    added_at: datetime | None = None

    @property
    def points(self) -> list[Artefact]:
        """Those that were written to the store, by model."""
        return [
            one for one in self.artefacts if one.kind is Kind.VECTOR and one.state is State.STORED
        ]

    @property
    def code(self) -> ErrorCode | None:
        return None if self._fault is None else self._fault.code

    @property
    def detail(self) -> str | None:
        return None if self._fault is None else self._fault.detail

    @property
    def _fault(self) -> Artefact | None:
        if self.outcome is not Outcome.FAILED:
            return None
        return next((one for one in self.artefacts if one.is_verdict), None)


def artefacts_after(
    record: FileRecord | None, one: FileOutcome, *, reader_version: str, now: datetime
) -> list[Artefact]:
    """What is known of a file, of which so far the record was, with what a job found out."""
    was = None if record is None else record.stat
    sha256 = None if record is None else record.sha256
    same_sidecars = was is not None and was.sidecar_mark == one.stat.sidecar_mark
    same_times = was is not None and (was.size_bytes, was.mtime_ns) == (
        one.stat.size_bytes,
        one.stat.mtime_ns,
    )
    return updated(
        () if record is None else record.artefacts,
        one.artefacts,
        same_file=same_times and same_sidecars,
        same_content=sha256 is not None and sha256 == one.sha256 and same_sidecars,
        reader_version=reader_version,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class LackingFile:
    """A file with a point in one generation, and none in another that is of what it is now."""

    row: int
    key: FileKey
    absolute: bytes
    point_id: UUID


@dataclass(frozen=True, slots=True)
class UnseenFile:
    """A file of the ledger that a job did not meet. `had_point`: also one being removed."""

    key: FileKey
    absolute: bytes
    point_id: UUID
    had_point: bool
    sha256: bytes | None = None
