"""What every stage of one running ingest job shares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.artefacts import UNKNOWN_CAPTIONER, Wanted
from ingestion_orchestration_fastapi_app.domain.files.change_detection import Readers
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome, Root
from ingestion_orchestration_fastapi_app.domain.inference.uploads import VectorKey
from ingestion_orchestration_fastapi_app.domain.jobs.imports import IngestOptions
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRequest
from ingestion_orchestration_fastapi_app.domain.jobs.row_set import RowSet
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.inference_pool.lease import InferenceLease
from ingestion_orchestration_fastapi_app.ingest.deduplicator import Deduplicator
from ingestion_orchestration_fastapi_app.ingest.known_files import KnownFiles
from ingestion_orchestration_fastapi_app.ingest.suspects.crash_suspects import CrashSuspects
from ingestion_orchestration_fastapi_app.ingest.suspects.read_control import ReadControl
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError, Ports
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.jobs.stop import Stop
from ingestion_orchestration_fastapi_app.library.trash.trash import Trash
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.resources.memory_budget import Share
from utils.contract import Capabilities, ErrorCode

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Workers a stage, and where groups end."""

    read_workers: int
    decode_workers: int
    batch_images: int
    store_rows: int
    store_linger_s: float
    delete_guard_percent: float


@dataclass(slots=True)
class Scanned:
    """What a scan learns besides files: folders that it could not list, and devices by folder.

    `known_devices` are those that the ledger knew before. `replaced`: a few of the imported files
    and folders in whose place a link is, of `replaced_count`. `seen` and `unchanged` are rows of
    the ledger's files. `absent`: of several folders those that are not there, each with what ends
    the job where all are; `lacking`, by folder, says which files that were named are not.
    """

    unlisted: set[bytes] = field(default_factory=set)
    devices: dict[bytes, int] = field(default_factory=dict)
    known_devices: dict[bytes, int] = field(default_factory=dict)
    replaced: list[bytes] = field(default_factory=list)
    replaced_count: int = 0
    absent: dict[bytes, tuple[ErrorCode, str]] = field(default_factory=dict)
    lacking: dict[bytes, str] = field(default_factory=dict)
    known: KnownFiles = field(default_factory=KnownFiles)
    seen: RowSet = field(default_factory=RowSet)
    unchanged: RowSet = field(default_factory=RowSet)


class GenerationSwitchedError(Exception):
    """Another generation answers than the one that an import began with: it goes on with that."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """One job's run. `capabilities` are those that the leading service had when it began.

    `writer` is held while a group is written, or points are removed. `vectors_alone`: the job makes
    vectors for another generation than the one that answers, of files that imports know: what is
    said of those stays as it is.
    """

    scope: JobScope
    options: IngestOptions
    collection: CollectionRecord
    generation: Generation  # that it was bound to: it writes to no other
    words: CollectionWords
    trash: Trash
    capabilities: Capabilities
    concurrency: Concurrency
    inference: InferenceLease
    memory: Share
    deduplicator: Deduplicator
    crash_suspects: CrashSuspects
    scanned: Scanned
    read_control: ReadControl
    intended: Mapping[UUID, Outcome]  # by this job before it was cut off
    writer: AbstractAsyncContextManager[object]
    vectors_alone: bool = False

    @property
    def job_id(self) -> str:
        return self.scope.job_id

    @property
    def request(self) -> JobRequest:
        return self.scope.request

    @property
    def progress(self) -> JobProgress:
        return self.scope.progress

    @property
    def stop(self) -> Stop:
        return self.scope.stop

    @property
    def ports(self) -> Ports:
        return self.scope.ports

    @property
    def collection_id(self) -> int:
        return self.collection.id

    @property
    def roots(self) -> Sequence[Root]:
        return self.collection.roots

    @property
    def fingerprint(self) -> str:
        return self.capabilities.clip.fingerprint

    @property
    def wants_captions(self) -> bool:
        return self.options.captions and self.capabilities.captions.available

    @property
    def caption_fingerprint(self) -> str | None:
        return self.capabilities.captions.fingerprint

    @property
    def whole_side_px(self) -> int:
        """Of the picture that a captioner needs; 0 where no caption is wanted."""
        return self.capabilities.upload.caption.side_px if self.wants_captions else 0

    @property
    def min_side_px(self) -> int:
        """Of pictures as they are decoded."""
        clip = self.capabilities.upload.clip
        return self.ports.preparation.min_side_px(clip, whole_side_px=self.whole_side_px)

    @property
    def wanted(self) -> Wanted:
        """What a file must have, to be unchanged."""
        if not self.wants_captions:
            return Wanted(self.fingerprint)
        return Wanted(self.fingerprint, self.caption_fingerprint or UNKNOWN_CAPTIONER)

    @property
    def readers(self) -> Readers:
        return Readers(self.ports.preparation.reader_version, datetime.now(UTC))

    def vector_key(self, sha256: bytes) -> VectorKey:
        return VectorKey(self.fingerprint, self.ports.preparation.upload_version, sha256)

    def earlier_vector_keys(self, sha256: bytes) -> list[VectorKey]:
        """Under which a vector of the same upload may lie in the cache, too."""
        versions = self.ports.preparation.earlier_upload_versions
        return [VectorKey(self.fingerprint, version, sha256) for version in versions]

    async def check_generation(self) -> None:
        """For who holds the writer. Raises GenerationSwitchedError; JobFailedError where the
        generation is gone.
        """
        collection = await self.ports.ledger.collections.find_by_id(self.collection_id)
        if collection is None:
            return  # its jobs went with it, as the ledger says
        if self.vectors_alone:
            if all(one.id != self.generation.id for one in collection.generations):
                gone = "the generation was removed meanwhile"
                raise JobFailedError(ErrorCode.GENERATION_NOT_FOUND, gone)
        elif collection.active is not None and collection.active.id != self.generation.id:
            raise GenerationSwitchedError

    async def until_stored(self, write: Callable[[], Awaitable[T]]) -> T:
        return await self.scope.until_stored(write)
