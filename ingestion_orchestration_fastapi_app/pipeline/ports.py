"""What the pipeline, the supervisor and the API need of the outside world."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.core.files import (
    File,
    FileKey,
    FileRecord,
    Hit,
    Outcome,
    Picture,
    Point,
    Root,
    Vector,
)
from ingestion_orchestration_fastapi_app.core.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.core.records import (
    CollectionRecord,
    Content,
    Embedded,
    Enrolment,
    FailureRecord,
    JobProgress,
    JobRecord,
    JobRequest,
    Mounted,
    Opened,
    Prepared,
    ScanFault,
    Sendable,
    Settlement,
    Skipped,
    UnmetFile,
    VectorKey,
)
from utils.contract import Capabilities, ClipUpload, ErrorCode, JobState
from utils.problems import Rejected


class Ledger(Protocol):
    """What the orchestrator remembers, durably: every method that writes has synced on return."""

    async def create_collection(self, name: str) -> CollectionRecord: ...  # CollectionExists
    async def collection(self, name: str) -> CollectionRecord | None: ...
    async def collections(self) -> list[CollectionRecord]: ...
    async def delete_collection(self, collection_id: int) -> None:
        """Forgets its files, roots, intents, jobs and failures."""

    async def bind_collection(
        self, collection_id: int, *, model: str, weights: str, dim: int, fingerprint: str
    ) -> None: ...
    async def add_root(self, collection_id: int, root: Root) -> None:
        """Idempotent."""

    async def create_job(
        self, job_id: str, collection_id: int, request: JobRequest
    ) -> JobRecord: ...
    async def job(self, job_id: str) -> JobRecord | None: ...
    async def jobs(self, *, limit: int, offset: int) -> list[JobRecord]:
        """Newest first."""

    async def unfinished_jobs(self) -> list[JobRecord]:
        """Oldest first: neither completed, failed nor cancelled."""

    async def move_job(
        self,
        job_id: str,
        state: JobState,
        *,
        reason: str | None = None,
        reason_code: ErrorCode | None = None,
        progress: JobProgress | None = None,
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
    async def enrol(self, job_id: str, collection_id: int, files: Sequence[Enrolment]) -> None:
        """One transaction: each file belongs to this job now, with its outcome.

        What was known of the file's content stays. A failed one is listed among the job's
        failures.
        """

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
        settlements: Sequence[Settlement],
        *,
        synced_version: int | None,
        progress: JobProgress,
    ) -> None:
        """One transaction: outcomes, failures, the intents' end, the synced version, progress."""

    async def set_synced_version(self, collection_id: int, version: int) -> None: ...
    async def fail_pending(self, job_id: str, code: ErrorCode, detail: str) -> int:
        """Files enrolled as pending that the last scan no longer met fail; says how many."""

    async def unmet(
        self,
        job_id: str,
        collection_id: int,
        directory: bytes,
        *,
        after: FileKey | None,
        limit: int,
    ) -> list[UnmetFile]:
        """Files in the directory that are not this job's, by key, those after `after`."""

    async def is_unchanged_below(self, job_id: str, collection_id: int, folder: bytes) -> bool:
        """Whether the job met a file in the folder that had been stored before."""

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


class VectorStore(Protocol):
    """One table a collection, one writer a table: callers hold no lock, the store has its own.

    Raises StoreWrite (or DiskFull) when a write did not become durable, ValueError for a
    collection that was never created.
    """

    async def create(self, collection: str, *, dim: int) -> int:
        """Idempotent. Returns the synced version."""

    async def exists(self, collection: str) -> bool: ...
    async def drop(self, collection: str) -> None:
        """Idempotent."""

    async def open(self, collection: str, *, synced_version: int | None) -> Opened:
        """Opens and scans the newest version; if that is torn, restores `synced_version`."""

    async def write(
        self, collection: str, points: Sequence[Point], *, may_exist: Collection[UUID]
    ) -> int:
        """Appends the new, merges those in `may_exist`, syncs. Returns the synced version.

        `points` hold no id twice.
        """

    async def delete(self, collection: str, ids: Sequence[UUID]) -> int: ...
    async def search(
        self,
        collection: str,
        vector: Vector,
        *,
        limit: int,
        offset: int = 0,
        filters: Filters = NO_FILTERS,
        min_score: float | None = None,
    ) -> list[Hit]:
        """By cosine, best first, ties by id."""

    async def get(
        self, collection: str, ids: Sequence[UUID], *, vectors: bool = False
    ) -> list[Point]:
        """In the order asked for; what is not there is left out."""

    async def page(
        self, collection: str, *, limit: int, offset: int, filters: Filters = NO_FILTERS
    ) -> list[Point]:
        """In the order of display path and id, without vectors."""

    async def count(self, collection: str) -> int: ...
    def ids(self, collection: str) -> AsyncIterator[list[UUID]]:
        """Every row's id, in groups; a duplicated row shows twice."""

    async def upkeep(self, collection: str) -> int | None:
        """Compaction, index, pruning, if due. Returns the synced version, None if nothing was."""


class ContentCache(Protocol):
    """By content. A loss costs time, never a job; a broken one is rebuilt."""

    async def vectors(self, keys: Sequence[VectorKey]) -> dict[VectorKey, Vector]: ...
    async def pictures(self, preparation: str, hashes: Sequence[bytes]) -> dict[bytes, Picture]: ...
    async def captions(self, fingerprint: str, hashes: Sequence[bytes]) -> dict[bytes, str]: ...
    async def put_captions(self, fingerprint: str, captions: Mapping[bytes, str]) -> None: ...
    async def put_vectors(self, vectors: Mapping[VectorKey, Vector]) -> None: ...
    async def put_pictures(self, preparation: str, pictures: Mapping[bytes, Picture]) -> None: ...


class OpenFile(Protocol):
    """A file whose header was read and whose rest waits for its memory to be reserved."""

    need_bytes: int

    async def read(self) -> Content | Rejected: ...
    async def close(self) -> None: ...


class Library(Protocol):
    """The photographs' file system."""

    def scan(
        self, directory: bytes, *, recursive: bool, roots: Sequence[Root]
    ) -> AsyncIterator[list[File] | Mounted | ScanFault]:
        """Regular files below the directory, in groups, each under the deepest root it is in.

        Each file system comes before its files.
        """

    async def gone(self, paths: Sequence[bytes], *, below: bytes) -> list[bool]:
        """Of each path: nothing is there now, though a scan of `below` would not pass it over."""

    async def open(self, file: File) -> OpenFile | Rejected | Skipped: ...
    async def read_again(self, path: bytes) -> bytes | Rejected: ...


class Preparation(Protocol):
    """One decode gives everything a job needs; `whole_side_px` above 0: for captions too."""

    version: str  # changes whenever uploads or pictures would

    async def prepare(
        self, content: Content, clip: ClipUpload, *, whole_side_px: int = 0
    ) -> Prepared | Rejected: ...


class Inference(Protocol):
    """The inference service. Raises InferenceFault, ModelMismatch."""

    async def capabilities(self) -> Capabilities: ...
    async def embed(
        self, uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        """By id; every id is answered.

        An Original that is not what was hashed any more is Rejected, whatever the service said.
        """

    async def embed_text(self, text: str) -> tuple[Vector, str]:
        """A unit vector and the fingerprint it belongs to."""

    async def embed_image(self, data: bytes) -> tuple[Vector, str]: ...
