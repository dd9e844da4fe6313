"""What the repositories of the twin share, and what an outcome makes of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import NamedTuple
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.access.sessions import SessionRecord
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind
from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileRecord,
    Outcome,
)
from ingestion_orchestration_fastapi_app.domain.files.forgotten import ForgottenImage
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome, artefacts_after
from ingestion_orchestration_fastapi_app.domain.jobs.records import FailureRecord, JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.annotations import Album, Annotation
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar import SidecarRecord
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
    NewGeneration,
    SyncedVersion,
)
from ingestion_orchestration_fastapi_app.domain.library.picture import Placeholder
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.trash.encoding import (
    artefacts_text,
    payload_text,
    vector_bytes,
)
from ingestion_orchestration_fastapi_app.domain.trash.trashed import Trashed
from ingestion_orchestration_fastapi_app.errors import JobNotFound, JobStateProblem
from utils.contract import JobCounts


@dataclass
class Row:
    point_id: UUID
    record: FileRecord  # its outcome is None: that is a job's


class Intent(NamedTuple):
    """Without a job it is to delete a point, or nobody knows whose it was."""

    job_id: str | None = None
    outcome: Outcome | None = None
    is_to_delete: bool = False


@dataclass
class Items:
    """What one job counts."""

    files: dict[FileKey, Outcome] = field(default_factory=dict)
    folders: dict[tuple[UUID, bytes], tuple[int, int]] = field(default_factory=dict)
    lost: Counter[Outcome] = field(default_factory=Counter)  # of rows that are deleted since

    def outcomes(self) -> Counter[Outcome]:
        known = {
            Outcome.UNCHANGED: sum(unchanged for unchanged, _ in self.folders.values()),
            Outcome.SKIPPED: sum(skipped for _, skipped in self.folders.values()),
        }
        return Counter(self.files.values()) + self.lost + Counter(known)


@dataclass
class Entry:
    """A row of the catalogue."""

    row: int
    key: FileKey
    point: Point
    added_at: datetime
    placeholder: Placeholder | None = None


@dataclass
class TrashRow:
    """`job_id`: None of what was forgotten."""

    one: Trashed
    job_id: str | None
    at: datetime
    is_whole: bool = False

    @property
    def size_bytes(self) -> int:
        of_points = sum(
            len(payload_text(p)) + len(vector_bytes(p)) for p in self.one.points.values()
        )
        caption = 0 if self.one.caption is None else len(self.one.caption.text)
        return (
            of_points
            + caption
            + len(artefacts_text(self.one.file.artefacts))
            + len(self.one.key.path)
        )


@dataclass
class Kept:
    """All of one collection."""

    record: CollectionRecord
    files: dict[FileKey, Row] = field(default_factory=dict)
    intents: dict[int, dict[UUID, Intent]] = field(default_factory=dict)  # by generation
    devices: dict[bytes, int] = field(default_factory=dict)
    known_before: dict[bytes, frozenset[FileKey]] = field(default_factory=dict)  # another device
    decode_starts: dict[UUID, DecodeStart] = field(default_factory=dict)
    catalogue: dict[UUID, Entry] = field(default_factory=dict)
    doubted: set[UUID] = field(default_factory=set)
    forgotten: dict[bytes, ForgottenImage] = field(default_factory=dict)
    sidecars: dict[FileKey, SidecarRecord] = field(default_factory=dict)
    forgetting: set[bytes] = field(default_factory=set)  # of these points may be there yet
    trash: dict[UUID, TrashRow] = field(default_factory=dict)

    def put_placeholders(self, made: Mapping[UUID, Placeholder]) -> None:
        for point_id, one in made.items():
            if point_id in self.catalogue:
                self.catalogue[point_id].placeholder = one

    def put_entry(self, key: FileKey, point: Point, at: datetime) -> None:
        self.doubted.discard(point.id)
        before = self.catalogue.get(point.id)
        if before is not None:
            self.catalogue[point.id] = replace(before, key=key, point=point)
            return
        row = max((one.row for one in self.catalogue.values()), default=0) + 1
        self.catalogue[point.id] = Entry(row, key, point, at)


@dataclass
class AlbumState:
    """`contents` in the order in which they were put in; False: taken out."""

    album: Album
    contents: dict[bytes, bool] = field(default_factory=dict)


class State:
    """All that the ledger holds."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.ids = count(1)
        self.generation_ids = count(1)
        self.trash_numbers = count(1)
        self.allowed: set[bytes] = set()
        self.collections: dict[int, Kept] = {}
        self.dropped: set[str] = set()
        self.jobs: dict[str, JobRecord] = {}  # counts and errors are set by a final state only
        self.annotations: dict[bytes, Annotation] = {}
        self.captioners: dict[str, str] = {}
        self.albums: dict[UUID, AlbumState] = {}
        self.sessions: dict[bytes, SessionRecord] = {}
        self.items: dict[str, Items] = {}
        self.failures: dict[str, dict[FileKey, FailureRecord]] = {}

    def open(self, job_id: str) -> JobRecord:
        if job_id not in self.jobs:
            raise JobNotFound(f"There is no job {job_id}.")
        if self.jobs[job_id].state in FINAL:
            raise JobStateProblem(f"The job {job_id} has ended.")
        return self.jobs[job_id]

    def counted(self, job_id: str) -> JobRecord:
        job = self.jobs[job_id]
        if job.state in FINAL:
            return job
        outcomes = self.items[job_id].outcomes()
        counts = JobCounts(
            found=outcomes.total(), **{str(key): files for key, files in outcomes.items()}
        )
        errors = Counter(str(one.code) for one in self.failures[job_id].values())
        return replace(job, counts=counts, errors_by_code=dict(errors))

    def check_no_change(self, collection_id: int) -> None:
        if self.collections[collection_id].record.root_changes:
            raise JobStateProblem("A root of the collection is being re-pointed or forgotten.")

    def tables(self) -> set[str]:
        """Those of collections, words included."""
        return {table for kept in self.collections.values() for table in kept.record.tables}

    def end_removal(
        self, collection_id: int, point_ids: Collection[UUID], *, job_id: str | None
    ) -> None:
        for one in point_ids:
            row = self.collections[collection_id].trash.get(one)
            if row is not None and not row.is_whole:
                row.is_whole, row.job_id = True, job_id
                row.one = replace(row.one, is_forgotten=job_id is None)

    def generation(self, generation_id: int) -> tuple[Kept, Generation] | None:
        for kept in self.collections.values():
            for one in kept.record.generations:
                if one.id == generation_id:
                    return kept, one
        return None

    def add_generation(
        self,
        kept: Kept,
        new: NewGeneration,
        state: GenerationState,
        synced_version: int | None = None,
    ) -> Generation:
        now = self.clock()
        made = Generation(
            next(self.generation_ids),
            new.table,
            new.model,
            new.weights,
            new.dim,
            new.fingerprint,
            state,
            synced_version,
            now,
            now if state is GenerationState.ACTIVE else None,
        )
        kept.record = replace(kept.record, generations=(*kept.record.generations, made))
        return made

    def set_synced(self, synced: SyncedVersion, *, only_newer: bool = False) -> None:
        found = self.generation(synced.generation_id)
        if found is not None:
            kept, generation = found
            if only_newer and (generation.synced_version or 0) >= synced.version:
                return
            now = replace(generation, synced_version=synced.version)
            all_of_it = (now if one == generation else one for one in kept.record.generations)
            kept.record = replace(kept.record, generations=tuple(all_of_it))

    def file_row(self, collection_id: int, key: FileKey, point_id: UUID) -> Row:
        """Made where it is not there."""
        files = self.collections[collection_id].files
        if key not in files:
            every = [
                row.record.row for kept in self.collections.values() for row in kept.files.values()
            ]
            unknown = FileRecord(max(every, default=0) + 1, None, None, False, None)
            files[key] = Row(point_id, unknown)
        return files[key]

    def files(self, collection_id: int) -> dict[FileKey, Row]:
        kept = self.collections.get(collection_id)
        return kept.files if kept else {}

    def entries(self, collection_id: int) -> dict[UUID, Entry]:
        kept = self.collections.get(collection_id)
        return kept.catalogue if kept else {}

    def absolute(self, collection_id: int, key: FileKey) -> bytes:
        roots = {root.id: root.path for root in self.collections[collection_id].record.roots}
        return roots[key.root_id].rstrip(b"/") + b"/" + key.path

    def had(self, row: Row) -> bool:
        intents = [one for kept in self.collections.values() for one in kept.intents.values()]
        being_deleted = any(
            one[row.point_id].is_to_delete for one in intents if row.point_id in one
        )
        return has_point(row.record) or being_deleted


def has_point(record: FileRecord, model: str | None = None) -> bool:
    """Of the model; None: of any."""
    vectors = [one for one in record.artefacts if one.kind is Kind.VECTOR and one.is_there]
    return any(model in (None, one.model) for one in vectors)


def judged(record: FileRecord, one: FileOutcome, reader_version: str, now: datetime) -> FileRecord:
    after = artefacts_after(record, one, reader_version=reader_version, now=now)
    return replace(
        record,
        stat=one.stat,
        mtime_trusted=one.mtime_trusted,
        sha256=one.sha256,
        artefacts=tuple(sorted(after, key=lambda made: (made.kind, made.model))),
    )
