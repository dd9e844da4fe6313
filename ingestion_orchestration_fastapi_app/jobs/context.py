"""What every job needs of the process that it runs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from prometheus_client import CollectorRegistry

from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreFault, StoreWrite
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.jobs.stop import Stop
from ingestion_orchestration_fastapi_app.metrics import WorkMetrics
from ingestion_orchestration_fastapi_app.ports.content_cache import ContentCache
from ingestion_orchestration_fastapi_app.ports.exports import Exports
from ingestion_orchestration_fastapi_app.ports.inference import Inference
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.library import Library
from ingestion_orchestration_fastapi_app.ports.preparation import Preparation
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from ingestion_orchestration_fastapi_app.ports.words import WordStore
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from utils.contract import ErrorCode
from utils.problems import Problem, resource_shortage

T = TypeVar("T")


RETRY_STORAGE_S = 5.0


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world, shared by all jobs. `inference`: the services, in the setting's order."""

    ledger: Ledger
    store: VectorStore
    words: WordStore
    cache: ContentCache
    library: Library
    preparation: Preparation
    inference: Sequence[Inference]
    budget: MemoryBudget
    exports: Exports
    metrics: WorkMetrics = field(default_factory=lambda: WorkMetrics(CollectorRegistry()))


async def until_stored(write: Callable[[], Awaitable[T]], progress: JobProgress, stop: Stop) -> T:
    """Repeats a durable step until it succeeds: a full disk pauses the job and loses nothing.

    `write` must be safe to repeat after it failed half-way. A job that is being stopped tries
    once and raises. What lacks descriptors, memory or threads waits in the same way.
    """
    while True:
        try:
            return await write()
        except Exception as exc:
            fault = exc if isinstance(exc, (StoreWrite, DiskFull)) else resource_shortage(exc)
            if fault is None or stop.asked:
                raise
            with progress.blocked(fault.code, reason_of(fault)):
                await stop.wait(at_most_s=RETRY_STORAGE_S)


class JobFailedError(Exception):
    """The job as a whole cannot go on; what it has done stays."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def reason_of(fault: JobFailedError | Problem) -> str:
    """For the log and a job's reason, never for a caller: also what the store itself said."""
    return fault.reason if isinstance(fault, StoreFault) else fault.detail
