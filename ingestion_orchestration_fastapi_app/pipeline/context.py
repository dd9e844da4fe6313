"""What every stage of one running job shares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from ingestion_orchestration_fastapi_app.core.enrolment import captioned
from ingestion_orchestration_fastapi_app.core.files import Outcome, Root
from ingestion_orchestration_fastapi_app.core.records import JobRequest
from ingestion_orchestration_fastapi_app.core.uploads import VectorKey
from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreWrite
from ingestion_orchestration_fastapi_app.pipeline.budget import MemoryBudget, Share
from ingestion_orchestration_fastapi_app.pipeline.decodes import Decodes
from ingestion_orchestration_fastapi_app.pipeline.fleet import Fleet
from ingestion_orchestration_fastapi_app.pipeline.in_flight import InFlight
from ingestion_orchestration_fastapi_app.pipeline.ledger_port import Ledger
from ingestion_orchestration_fastapi_app.pipeline.ports import (
    ContentCache,
    Inference,
    Library,
    Preparation,
    VectorStore,
)
from ingestion_orchestration_fastapi_app.pipeline.stop import Stop
from ingestion_orchestration_fastapi_app.pipeline.tally import Tally
from utils.contract import Capabilities, ErrorCode
from utils.problems import ServiceOverloaded

T = TypeVar("T")

RETRY_STORAGE_S = 5.0


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world, shared by all jobs. `inference`: the services, in the setting's order."""

    ledger: Ledger
    store: VectorStore
    cache: ContentCache
    library: Library
    preparation: Preparation
    inference: Sequence[Inference]
    budget: MemoryBudget


@dataclass(frozen=True, slots=True)
class Widths:
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
    and folders in whose place a link is, of `replaced_count`.
    """

    unlisted: set[bytes] = field(default_factory=set)
    devices: dict[bytes, int] = field(default_factory=dict)
    known_devices: dict[bytes, int] = field(default_factory=dict)
    replaced: list[bytes] = field(default_factory=list)
    replaced_count: int = 0


@dataclass(frozen=True, slots=True)
class JobContext:
    """One job's run. `capabilities` are those that the leading service had when it began."""

    job_id: str
    collection_id: int
    collection: str
    request: JobRequest
    roots: Sequence[Root]
    capabilities: Capabilities
    ports: Ports
    widths: Widths
    fleet: Fleet
    memory: Share
    tally: Tally
    in_flight: InFlight
    decodes: Decodes
    stop: Stop
    scanned: Scanned
    intended: Mapping[UUID, Outcome]  # by this job before it was cut off

    @property
    def fingerprint(self) -> str:
        return self.capabilities.clip.fingerprint

    @property
    def wants_captions(self) -> bool:
        return self.request.captions and self.capabilities.captions.available

    @property
    def caption_fingerprint(self) -> str | None:
        return self.capabilities.captions.fingerprint

    @property
    def whole_side_px(self) -> int:
        """Of the picture that a captioner needs; 0 where no caption is wanted."""
        return self.capabilities.upload.caption.side_px if self.wants_captions else 0

    @property
    def wanted_fingerprint(self) -> str:
        """What the ledger must know of a point for its file to be unchanged."""
        if self.wants_captions:
            return captioned(self.fingerprint, self.caption_fingerprint)
        return self.fingerprint

    def vector_key(self, sha256: bytes) -> VectorKey:
        return VectorKey(self.fingerprint, self.ports.preparation.version, sha256)

    async def until_stored(self, write: Callable[[], Awaitable[T]]) -> T:
        return await until_stored(write, self.tally, self.stop)


async def until_stored(write: Callable[[], Awaitable[T]], tally: Tally, stop: Stop) -> T:
    """Repeats a durable step until it succeeds: a full disk pauses the job and loses nothing.

    `write` must be safe to repeat after it failed half-way. A job that is being stopped tries
    once and raises. What lacks descriptors or memory waits in the same way.
    """
    while True:
        try:
            return await write()
        except (StoreWrite, DiskFull, ServiceOverloaded) as exc:
            if stop.asked:
                raise
            reason = exc.reason if isinstance(exc, StoreWrite) else exc.detail
            with tally.blocked(exc.code, reason):
                await stop.wait(at_most_s=RETRY_STORAGE_S)


class JobFailedError(Exception):
    """The job as a whole cannot go on; what it has done stays."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
