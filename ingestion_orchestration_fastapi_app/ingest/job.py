"""One job from its start to what became of it: waits for the service, runs, sums up."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.inference.tiny_model import tiny_model_warnings
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    FILES_LANE,
    INGEST,
    IngestOptions,
    ScanPart,
    scanned_parts,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreWrite
from ingestion_orchestration_fastapi_app.inference_pool.lease import InferenceLease
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.start import until_known
from ingestion_orchestration_fastapi_app.ingest.context import (
    Concurrency,
    GenerationSwitchedError,
    JobContext,
)
from ingestion_orchestration_fastapi_app.ingest.deduplicator import Deduplicator
from ingestion_orchestration_fastapi_app.ingest.lookups.context import Scanned
from ingestion_orchestration_fastapi_app.ingest.lookups.permission import refused
from ingestion_orchestration_fastapi_app.ingest.pipeline import run
from ingestion_orchestration_fastapi_app.ingest.removal import remove_missing
from ingestion_orchestration_fastapi_app.ingest.stages.scan import write_known
from ingestion_orchestration_fastapi_app.ingest.suspects.crash_suspects import (
    DecodeGate,
    crash_suspects_of,
)
from ingestion_orchestration_fastapi_app.ingest.suspects.read_control import ReadControl
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind, KindDescription
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.collections import Collections
from utils.contract import Capabilities, ErrorCode, IngestFields, JobEffect, JobState
from utils.contract.warnings import WarningCode
from utils.problems import ServiceOverloaded


@dataclass(frozen=True, slots=True)
class Ingest:
    """The kind `ingest`: runs one import a call."""

    ports: Ports
    collections: Collections
    pool: InferencePool
    concurrency: Concurrency
    gate: DecodeGate = field(default_factory=DecodeGate)

    @property
    def kind(self) -> Kind[IngestOptions]:
        workers = {
            "read": self.concurrency.read_workers,
            "decode": self.concurrency.decode_workers,
        }
        described = KindDescription(
            "Imports folders and files: embeds what is new or changed, and stores it.",
            JobEffect.COLLECTION,
            lane=FILES_LANE,
            asked=IngestFields,
        )
        return Kind(
            INGEST, IngestOptions, self.run, lambda _: FILES_LANE, workers, described=described
        )

    async def run(self, scope: JobScope, options: IngestOptions) -> Ending | None:
        """None: it was stopped, and what was not done stays pending.

        Where the collection gets another model meanwhile, it goes on with that: what the other
        generation has by then is not made again.
        """
        while True:
            try:
                return await self._run(scope, options)
            except* GenerationSwitchedError:
                scope.progress.note("model_changed", "it goes on with the collection's other model")
                scope.progress.scan_complete = False

    async def _run(self, scope: JobScope, options: IngestOptions) -> Ending | None:
        ledger, record = self.ports.ledger, scope.record
        progress, stop = scope.progress, scope.stop
        bound: tuple[CollectionRecord, Capabilities] | None = None
        is_checked = False
        parts = scanned_parts(record.request, recursive=options.recursive)
        with stop.interruptible():
            bound = await self._bound(scope, options, parts)
            refusal = await refused(self.ports.library, record.request, parts)
            if refusal is not None:
                return refusal
            is_checked = True
        if bound is None or not is_checked:
            return None
        collection, capabilities = bound
        # Who asks for files to be opened in spite of what is known gives them a clean record.
        is_retry = record.request.retry_of is not None
        clean = record.started_at is None and (options.force or is_retry)
        async with crash_suspects_of(
            ledger.artefacts, collection.id, self.gate, clean=clean
        ) as crash_suspects:
            if crash_suspects.suspect_count:
                progress.note(
                    "files_tried_alone", f"{crash_suspects.suspect_count} in work at a crash"
                )
            with (
                self.ports.budget.share() as memory,
                self._lease(options, capabilities, progress).opened() as inference,
            ):
                job = JobContext(
                    scope=scope,
                    options=options,
                    collection=collection,
                    generation=collection.bound(),
                    words=self.collections.words,
                    trash=self.collections.trash,
                    capabilities=capabilities,
                    concurrency=self.concurrency,
                    inference=inference,
                    memory=memory,
                    deduplicator=Deduplicator(),
                    crash_suspects=crash_suspects,
                    scanned=Scanned(),
                    read_control=ReadControl(self.ports.library, progress),
                    intended=await ledger.artefacts.pending_writes(record.id),
                    writer=self.collections.writers.of(collection.id),
                )
                await run(job)
                if stop.asked:
                    with suppress(DiskFull, StoreWrite, ServiceOverloaded):  # it is counted again
                        await write_known(job)
                    await self.collections.words.settle(collection)
                    return None
                gone = ErrorCode.FILE_NOT_FOUND
                failed = await ledger.files.fail_pending(
                    record.id, gone, "the file was gone when the job came to it"
                )
                if failed:
                    scope.progress.ended(Outcome.FAILED, gone, images=failed)
                guarded = await remove_missing(job) if options.sync else None
        await self.collections.words.settle(collection)
        if stop.asked:
            return None
        if guarded is not None:
            return Ending(JobState.COMPLETED, guarded, ErrorCode.DELETE_GUARD)
        return await self._summary(record.id, job.scanned)

    async def _bound(
        self, scope: JobScope, options: IngestOptions, parts: Sequence[ScanPart]
    ) -> tuple[CollectionRecord, Capabilities]:
        progress = scope.progress
        number, captions = scope.record.collection_id, options.captions
        fingerprint = (await self.collections.by_id(number)).fingerprint
        # Where all hold other models, binding says so.
        capabilities = await until_known(
            self.pool, fingerprint=fingerprint, captions=captions, notes=progress
        )
        bind = partial(self.collections.bind, number, capabilities)
        collection = await scope.until_stored(bind)
        lost = await scope.until_stored(partial(self.collections.tables.mend, collection))
        prepare = partial(self.collections.words.prepare, collection, is_known=lost is None)
        await scope.until_stored(prepare)
        if lost is not None:
            progress.note("store_mended", f"{lost} rows could not be read")
            progress.warn(WarningCode.ROWS_LOST, count=lost)
        if captions and not capabilities.captions.available:
            why = capabilities.captions.detail or "it makes no captions, and does not say why"
            progress.warn(WarningCode.NO_CAPTIONER, reason=why)
        made_by = capabilities.captions
        if captions and made_by.fingerprint is not None and made_by.model is not None:
            name = self.ports.ledger.captions.name_captioner
            await scope.until_stored(partial(name, made_by.fingerprint, made_by.model))
        if not capabilities.clip.trained:
            progress.warn(WarningCode.MODEL_UNTRAINED)
        tops = list(dict.fromkeys(part.top for part in parts))
        for warning in tiny_model_warnings(capabilities.clip.model, tops):
            progress.warn_of(warning)
        return collection, capabilities

    def _lease(
        self, options: IngestOptions, capabilities: Capabilities, progress: JobProgress
    ) -> InferenceLease:
        return InferenceLease(
            self.pool,
            reference=capabilities,
            captions=options.captions and capabilities.captions.available,
            batch_images=self.concurrency.batch_images,
            notes=progress,
        )

    async def _summary(self, job_id: str, scanned: Scanned) -> Ending:
        if scanned.lack is not None:
            code, told = scanned.lack
            return Ending(JobState.COMPLETED, told, code)
        record = await self.ports.ledger.jobs.find(job_id)
        assert record is not None
        counts = record.counts
        if counts.found == counts.skipped:
            forgotten = await self.ports.ledger.forgotten.page(
                record.collection_id, after=b"", limit=1
            )
            nothing = "the folder holds no image"
            if forgotten:
                nothing += " that is not forgotten"
            return Ending(JobState.COMPLETED, nothing)
        return Ending(JobState.COMPLETED)
