"""One re-embedding from its start to its end: another model's vectors, beside those that answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ingestion_orchestration_fastapi_app.domain.inference.tiny_model import tiny_model_warnings
from ingestion_orchestration_fastapi_app.domain.jobs.reembedding import REEMBED
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    GENERATION_LANE,
    Generation,
    GenerationState,
    lane_of,
)
from ingestion_orchestration_fastapi_app.errors import ModelMismatch
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.start import until_known
from ingestion_orchestration_fastapi_app.ingest.context import Concurrency
from ingestion_orchestration_fastapi_app.ingest.suspects.crash_suspects import (
    DecodeGate,
    crash_suspects_of,
)
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind, KindDescription
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.generations import generation_of
from ingestion_orchestration_fastapi_app.reembed.passes import ANSWERS, Passes
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from utils.contract import Capabilities, JobEffect, JobState, ReembedOptions
from utils.contract.warnings import WarningCode


@dataclass(frozen=True, slots=True)
class Reembed:
    """The kind `reembed`. It has a lane for each generation, and runs beside imports, with which
    it shares the `gate`.
    """

    ports: Ports
    collections: Collections
    pool: InferencePool
    concurrency: Concurrency
    gate: DecodeGate
    last_memory: MemoryBudget

    @property
    def kind(self) -> Kind[ReembedOptions]:
        workers = {
            "read": self.concurrency.read_workers,
            "decode": self.concurrency.decode_workers,
        }
        described = KindDescription(
            "Embeds a collection by another model, and lets that answer once it has all.",
            JobEffect.COLLECTION,
            lane=GENERATION_LANE,
        )
        return Kind(
            REEMBED,
            ReembedOptions,
            self.run,
            lambda options: lane_of(options.generation_id),
            workers,
            described=described,
        )

    async def run(self, scope: JobScope, options: ReembedOptions) -> Ending | None:
        """None: it was stopped. What was embedded stays, and the generation may be gone on with."""
        capabilities: Capabilities | None = None
        with scope.stop.interruptible():
            collection = await self.collections.by_id(scope.record.collection_id)
            generation = generation_of(collection, options.generation_id)
            if generation.state is GenerationState.ACTIVE:
                return Ending(JobState.COMPLETED, ANSWERS)
            capabilities = await self._bound(scope, collection, generation)
        if capabilities is None:
            return None
        artefacts = self.ports.ledger.artefacts
        async with crash_suspects_of(
            artefacts, scope.record.collection_id, self.gate, clean=False
        ) as crash_suspects:
            passes = Passes(
                scope,
                options,
                self.collections,
                self.pool,
                self.concurrency,
                capabilities,
                crash_suspects,
                self.last_memory,
            )
            return await passes.whole()

    async def _bound(
        self, scope: JobScope, collection: CollectionRecord, generation: Generation
    ) -> Capabilities:
        """Waits for a service that holds the model; then the table is as the ledger believes."""
        progress = scope.progress
        capabilities = await until_known(
            self.pool, fingerprint=generation.fingerprint, captions=False, notes=progress
        )
        if capabilities.clip.fingerprint != generation.fingerprint:
            raise ModelMismatch(
                f"No inference service holds {generation.model} ({generation.fingerprint}): serve "
                "it beside the collection's own model, with ML_MODELS."
            )
        prepare = partial(self.collections.generations.prepare, collection, generation)
        lost = await scope.until_stored(prepare)
        if lost:
            progress.warn(WarningCode.GENERATION_ROWS_LOST, count=lost)
        if not capabilities.clip.trained:
            progress.warn(WarningCode.MODEL_UNTRAINED)
        roots = [root.path for root in collection.roots]
        for warning in tiny_model_warnings(capabilities.clip.model, roots):
            progress.warn_of(warning)
        active = collection.active
        if active is not None:
            count = partial(self.ports.ledger.generations.count_missing, active.id, generation.id)
            counts = scope.record.counts
            known = max(counts.found - counts.pending + await count(), counts.found)
            progress.total = max(progress.total or 0, known)
        progress.scan_complete = True
        return capabilities
