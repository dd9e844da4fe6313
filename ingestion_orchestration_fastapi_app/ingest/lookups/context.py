"""What one look through folders shares: what is asked for, what files must have, what was met."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from ingestion_orchestration_fastapi_app.domain.files.artefacts import UNKNOWN_CAPTIONER, Wanted
from ingestion_orchestration_fastapi_app.domain.files.change_detection import Readers
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.inference.uploads import VectorKey
from ingestion_orchestration_fastapi_app.domain.jobs.imports import IngestOptions
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRequest
from ingestion_orchestration_fastapi_app.domain.jobs.row_set import RowSet
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.ingest.known_files import KnownFiles
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.jobs.stop import Stop
from ingestion_orchestration_fastapi_app.resources.memory_budget import Share
from utils.contract import Capabilities, ErrorCode

T = TypeVar("T")


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

    @property
    def lack(self) -> tuple[ErrorCode, str] | None:
        """What of several folders and files is not there, for people; None: nothing."""
        if self.absent:
            told = "; ".join(detail for _, detail in self.absent.values())
            return ErrorCode.DIRECTORY_NOT_FOUND, told
        if self.lacking:
            return ErrorCode.FILE_NOT_FOUND, "; ".join(self.lacking.values())
        return None


@dataclass(frozen=True, slots=True)
class LookContext:
    """`capabilities` are those that the leading service had when the job began."""

    scope: JobScope
    options: IngestOptions
    collection: CollectionRecord
    capabilities: Capabilities
    memory: Share
    scanned: Scanned

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

    async def until_stored(self, write: Callable[[], Awaitable[T]]) -> T:
        return await self.scope.until_stored(write)
