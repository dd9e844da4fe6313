"""What the orchestrator remembers, as the pipeline, the supervisor and the API need it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.access.sessions import SessionRecord
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, FileRecord, Outcome, Root
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from ingestion_orchestration_fastapi_app.domain.files.records import (
    FileOutcome,
    FileStart,
    UnmetFile,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import (
    FailureRecord,
    JobRecord,
    JobRequest,
    SavedProgress,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from utils.contract import ErrorCode, JobState


class Ledger(Protocol):
    """What the orchestrator remembers, durably: every method that writes has synced on return."""

    async def create_collection(self, name: str, roots: Sequence[Root] = ()) -> CollectionRecord:
        """Raises CollectionExists; CollectionDropping while its name is among the dropped ones."""

    async def collection(self, name: str) -> CollectionRecord | None: ...
    async def collections(self) -> list[CollectionRecord]: ...
    async def delete_collection(self, collection_id: int) -> None:
        """Forgets its files, roots, intents, jobs and failures; its name is a dropped one then.

        One transaction. Raises JobStateProblem while a job of it is unfinished.
        """

    async def dropped_tables(self) -> list[str]:
        """Names of deleted collections whose tables may still be in the vector store."""

    async def end_drop(self, name: str) -> None: ...

    async def bind_collection(
        self, collection_id: int, *, model: str, weights: str, dim: int, fingerprint: str
    ) -> None: ...
    async def add_root(self, collection_id: int, root: Root) -> None:
        """Idempotent.

        Raises CollectionNotFound; JobStateProblem while roots of it are being changed.
        """

    async def adopt_roots(self, collection_id: int, roots: Sequence[Root]) -> None:
        """What the store knows of the roots, and this ledger does not: ids are never changed."""

    async def begin_root_changes(
        self, collection_id: int, changes: Mapping[UUID, bytes | None]
    ) -> None:
        """Before any point is changed: where the roots will be; None: they are forgotten.

        Until each has ended no job of the collection can be created. Idempotent.

        Raises:
            JobStateProblem: a job is unfinished, or other changes are.
            CollectionNotFound, RootNotFound: it was deleted or forgotten meanwhile.
            RootOverlap: where another root holds files already.
        """

    async def forget_points(
        self, collection_id: int, point_ids: Sequence[UUID], *, synced_version: int
    ) -> None:
        """After points of a root that is forgotten were deleted from the store."""

    async def end_root_change(self, collection_id: int, root_id: UUID) -> bool:
        """When the store is as it was to be: the root, its folders' watches, devices and jobs.

        False: files are left to be forgotten, and it must be called again.
        """

    async def allowed_roots(self) -> list[bytes]:
        """What users named, by path."""

    async def add_allowed_root(self, path: bytes) -> None:
        """Idempotent."""

    async def remove_allowed_root(self, path: bytes) -> None:
        """Idempotent."""

    async def put_watch(self, collection_id: int, watch: Watch) -> None:
        """Replaces what was said of the same directory. Raises CollectionNotFound."""

    async def end_watch(self, collection_id: int, directory: bytes) -> None:
        """Idempotent."""

    async def create_job(
        self, job_id: str, collection_id: int, request: JobRequest
    ) -> JobRecord: ...
    async def job(self, job_id: str) -> JobRecord | None: ...
    async def jobs(self, *, limit: int, offset: int, id_prefix: str = "") -> list[JobRecord]:
        """Newest first; `id_prefix`: only those whose id begins so."""

    async def unfinished_jobs(self) -> list[JobRecord]:
        """Oldest first: neither completed, failed nor cancelled."""

    async def move_job(
        self,
        job_id: str,
        state: JobState,
        *,
        reason: str | None = None,
        reason_code: ErrorCode | None = None,
        progress: SavedProgress | None = None,
    ) -> JobRecord:
        """Sets started_at at the first `running`; a final state freezes the counts.

        Moves that `job_states` does not allow raise JobStateProblem; a final state may be said
        twice.
        """

    async def prune_jobs(self, *, before: datetime) -> int:
        """Forgets jobs that ended before that moment, with their failures; says how many.

        Never a collection's newest, and none that an unfinished job is a retry of.
        """

    async def failures(
        self, job_id: str, *, limit: int, offset: int
    ) -> tuple[list[FailureRecord], int]:
        """A page, ordered by path, and how many there are in all."""

    async def failed_among(self, job_id: str, keys: Sequence[FileKey]) -> set[FileKey]:
        """Those of the files that failed in the job."""

    async def recall(
        self, collection_id: int, keys: Sequence[FileKey]
    ) -> dict[FileKey, FileRecord]: ...
    async def enrol(self, job_id: str, collection_id: int, files: Sequence[FileStart]) -> None:
        """One transaction: each file belongs to this job now, with its outcome.

        What was known of the file's content stays. A failed one is listed among the job's
        failures.
        """

    async def decode_starts(self, collection_id: int) -> dict[UUID, DecodeStart]:
        """By point id: files whose decoding began and of whose end nothing is known."""

    async def note_decoding(
        self, collection_id: int, begun: Sequence[DecodeStart], ended: Sequence[UUID]
    ) -> None:
        """One transaction; of a file that ended and began, that it began. What is settled ended."""

    async def intend(
        self, job_id: str, collection_id: int, outcomes: Mapping[UUID, Outcome]
    ) -> None:
        """Before points are written to the store: their ids, and what the job will count."""

    async def intended(self, job_id: str) -> dict[UUID, Outcome]:
        """What the job was going to count for points of writes that were never settled."""

    async def may_exist(self, collection_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
        """Those that the store may hold: settled as stored, or intended and never settled."""

    async def settle(
        self,
        job_id: str,
        collection_id: int,
        settlements: Sequence[FileOutcome],
        *,
        synced_version: int | None,
        progress: SavedProgress,
    ) -> None:
        """One transaction: outcomes, failures, the intents' end, the synced version, progress."""

    async def set_synced_version(self, collection_id: int, version: int) -> None: ...
    async def fail_pending(self, job_id: str, code: ErrorCode, detail: str) -> int:
        """Files enrolled as pending that the last scan no longer met fail; says how many."""

    async def unmet(
        self,
        job_id: str | None,
        collection_id: int,
        directory: bytes,
        *,
        recursive: bool = True,
        after: FileKey | None,
        limit: int,
    ) -> list[UnmetFile]:
        """Files in the directory that are not this job's, by key, those after `after`.

        Of no job: all that are known. Without `recursive` only those right in the directory.
        """

    async def met_contents(self, job_id: str, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Hashes of what the job met that has a point, each with a number that grows from 1."""

    async def totals(
        self, collection_id: int, directory: bytes, *, recursive: bool
    ) -> tuple[int, int]:
        """How many files are known in the directory, and how many of them have a point."""

    async def known_at(self, collection_id: int, paths: Sequence[bytes]) -> list[bytes]:
        """Those absolute paths that are known as a file with a point, or have one below."""

    async def is_unchanged_below(self, job_id: str, collection_id: int, folder: bytes) -> bool:
        """Whether the job met a file in the folder as it was, one that was known before another
        device was met there.
        """

    async def doom(self, collection_id: int, point_ids: Sequence[UUID]) -> None:
        """Before points are deleted from the store: they may be there or not from now on."""

    async def forget(
        self,
        job_id: str,
        collection_id: int,
        files: Sequence[UnmetFile],
        *,
        synced_version: int,
    ) -> int:
        """One transaction: the files, the intents of their points, the job's number of removed.

        Returns how many of them had a point, also where it was deleted before a restart.
        """

    async def devices(self, collection_id: int) -> dict[bytes, int]:
        """By folder, as noted."""

    async def note_devices(
        self, collection_id: int, found: Mapping[bytes, int], *, replace: bool
    ) -> None:
        """What is known stays, unless it is replaced."""

    async def reconcile(
        self, collection_id: int, stored_ids: AsyncIterator[Sequence[UUID]]
    ) -> tuple[int, int]:
        """Squares the ledger with the ids that the store really holds.

        Ids unknown here become intents (so that they will be merged, never appended); points
        believed stored that are not there are no longer believed (their files will be opened).
        Returns how many of each.
        """

    async def add_session(self, session: SessionRecord) -> None:
        """Forgets those that ended before it was made; bounded: the first to end makes room."""

    async def session(self, token_hash: bytes) -> SessionRecord | None: ...
    async def end_session(self, token_hash: bytes) -> None:
        """Idempotent."""
