"""What every stage of one running ingest job shares."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.inference_pool.lease import InferenceLease
from ingestion_orchestration_fastapi_app.ingest.deduplicator import Deduplicator
from ingestion_orchestration_fastapi_app.ingest.lookups.context import LookContext
from ingestion_orchestration_fastapi_app.ingest.suspects.crash_suspects import CrashSuspects
from ingestion_orchestration_fastapi_app.ingest.suspects.read_control import ReadControl
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError
from ingestion_orchestration_fastapi_app.library.trash.trash import Trash
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from utils.contract import ErrorCode


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Workers a stage, and where groups end."""

    read_workers: int
    decode_workers: int
    batch_images: int
    store_rows: int
    store_linger_s: float
    delete_guard_percent: float


class GenerationSwitchedError(Exception):
    """Another generation answers than the one that an import began with: it goes on with that."""


@dataclass(frozen=True, slots=True)
class JobContext(LookContext):
    """One job's run.

    `writer` is held while a group is written, or points are removed. `vectors_alone`: the job makes
    vectors for another generation than the one that answers, of files that imports know: what is
    said of those stays as it is.
    """

    generation: Generation  # that it was bound to: it writes to no other
    words: CollectionWords
    trash: Trash
    concurrency: Concurrency
    inference: InferenceLease
    deduplicator: Deduplicator
    crash_suspects: CrashSuspects
    read_control: ReadControl
    intended: Mapping[UUID, Outcome]  # by this job before it was cut off
    writer: AbstractAsyncContextManager[object]
    vectors_alone: bool = False

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
