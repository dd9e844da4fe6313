"""Removed points as the trash keeps them: before they go, while they lie there, and coming back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, FileStat
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint, SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.library.words import Caption


@dataclass(frozen=True, slots=True)
class Removal:
    """A point that is about to be removed: its rows by model, each with its vector."""

    key: FileKey
    point_id: UUID
    points: Mapping[str, Point]
    caption: Caption | None


@dataclass(frozen=True, slots=True)
class TrashedFile:
    """What the ledger knew of the file then. `added_at`: of the point, by the catalogue."""

    stat: FileStat | None
    mtime_trusted: bool
    sha256: bytes | None
    artefacts: tuple[Artefact, ...]
    added_at: datetime | None


@dataclass(frozen=True, slots=True)
class Trashed:
    """`number`: of its row, in the order of removal. `is_forgotten`: somebody has removed the
    image; else a job has met its file no more.
    """

    number: int
    key: FileKey
    point_id: UUID
    file: TrashedFile
    points: Mapping[str, Point]
    caption: Caption | None
    is_forgotten: bool


@dataclass(frozen=True, slots=True)
class Restored:
    """As it comes back: what the ledger knows of the file from now on. `shown`: what the catalogue
    does; None where the generation that answers has no vector of it.
    """

    number: int
    key: FileKey
    point_id: UUID
    file: TrashedFile
    shown: Point | None


@dataclass(frozen=True, slots=True)
class OfJob:
    """What a job has removed."""

    job_id: str


@dataclass(frozen=True, slots=True)
class OfPoints:
    ids: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class OfContents:
    """What somebody has removed, by content."""

    hashes: Sequence[bytes]


Which = OfJob | OfPoints | OfContents


@dataclass(frozen=True, slots=True)
class RestoredGroup:
    """One group's end. `emptied`: rows whose ids are taken again. `taken_back`: contents that are
    not forgotten any more. `account`: of the job that restores, by its id.
    """

    restored: Sequence[Restored]
    emptied: Sequence[int]
    taken_back: Sequence[bytes]
    synced: Sequence[SyncedVersion]
    account: tuple[str, Checkpoint, SavedProgress] | None = None


@dataclass(frozen=True, slots=True)
class TrashSize:
    """Of one collection. `oldest_at` and `newest_at`: when the first and last point was removed."""

    points: int = 0
    size_bytes: int = 0
    oldest_at: datetime | None = None
    newest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrashLimits:
    """0 bytes: nothing is kept."""

    days: int = 30
    size_bytes: int = 1024**3
