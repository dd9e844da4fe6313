"""Passes over what the new generation lacks, until one finds nothing, and then the switch."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

from anyio import create_task_group

from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.jobs.imports import IngestOptions
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint
from ingestion_orchestration_fastapi_app.domain.jobs.reports import EXAMPLES, Example, Report
from ingestion_orchestration_fastapi_app.domain.jobs.row_set import RowSet
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
)
from ingestion_orchestration_fastapi_app.errors import SwitchGuarded
from ingestion_orchestration_fastapi_app.inference_pool.lease import InferenceLease
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.ingest.context import Concurrency, JobContext
from ingestion_orchestration_fastapi_app.ingest.deduplicator import Deduplicator
from ingestion_orchestration_fastapi_app.ingest.lookups.context import Scanned
from ingestion_orchestration_fastapi_app.ingest.pipeline import run
from ingestion_orchestration_fastapi_app.ingest.suspects.crash_suspects import CrashSuspects
from ingestion_orchestration_fastapi_app.ingest.suspects.read_control import ReadControl
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.jobs.stop import Stop
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.generations import check_found, generation_of
from ingestion_orchestration_fastapi_app.reembed.lacking_files import LackingFiles
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from utils.contract import Capabilities, ErrorCode, JobState, ReembedOptions

LAST_PASS_FILES = 512  # after a pass over so few, the next one may hold up imports
LAST_PASS_S = 60.0  # for so long, at the most
MOST_PASSES = 20  # an import may put in files faster than they are embedded twice
ANSWERS = "it answers"
GONE = "the file was gone when the job came to it"


@dataclass(frozen=True, slots=True)
class Passes:
    """One run of a job. `last_memory`: what the last pass may use beside imports, which wait with
    all that they hold.
    """

    scope: JobScope
    options: ReembedOptions
    collections: Collections
    pool: InferencePool
    concurrency: Concurrency
    capabilities: Capabilities
    crash_suspects: CrashSuspects
    last_memory: MemoryBudget
    unmet: RowSet = field(default_factory=RowSet)

    async def whole(self) -> Ending | None:
        """None: it was stopped."""
        stop, collection_id = self.scope.stop, self.scope.record.collection_id
        for number in count(1):
            writer = self.collections.writers.of(collection_id)
            found = await self._pass(writer, stop, refused=number == 1)
            if stop.asked:
                return None
            if found > LAST_PASS_FILES and number < MOST_PASSES:
                continue
            async with writer:  # imports wait with their next group
                ending = await self._last(is_patient=number < MOST_PASSES)
            if ending is not None or stop.asked:
                return ending
        raise AssertionError("passes end")

    async def _last(self, *, is_patient: bool) -> Ending | None:
        """None: it was cut off, and another pass comes first."""
        stop = Stop()
        async with create_task_group() as tg:
            tg.start_soon(self._end_in_time, stop)
            await self._pass(nullcontext(), stop, refused=False, memory=self.last_memory)
            tg.cancel_scope.cancel()
        if self.scope.stop.asked or (stop.asked and is_patient):
            return None
        return await self._ended()

    async def _end_in_time(self, stop: Stop) -> None:
        await self.scope.stop.wait(at_most_s=LAST_PASS_S)
        stop.ask()

    async def _pass(
        self,
        writer: AbstractAsyncContextManager[object],
        stop: Stop,
        *,
        refused: bool,
        memory: MemoryBudget | None = None,
    ) -> int:
        """Returns over how many files it was. What a stop cuts off holds nothing afterwards."""
        scope, ports = replace(self.scope, stop=stop), self.scope.ports
        collection = await self.collections.by_id(scope.record.collection_id)
        generation = generation_of(collection, self.options.generation_id)
        if generation.state is GenerationState.ACTIVE:
            return 0
        files = LackingFiles(collection.bound(), refused, self.unmet)
        with (
            (memory or ports.budget).share() as share,
            self._lease().opened() as inference,
        ):
            job = JobContext(
                scope=scope,
                options=IngestOptions(),
                collection=collection,
                generation=generation,
                words=self.collections.words,
                trash=self.collections.trash,
                capabilities=self.capabilities,
                concurrency=self.concurrency,
                inference=inference,
                memory=share,
                deduplicator=Deduplicator(),
                crash_suspects=self.crash_suspects,
                scanned=Scanned(),
                read_control=ReadControl(ports.library, scope.progress),
                intended=await ports.ledger.artefacts.pending_writes(scope.job_id),
                writer=writer,
                vectors_alone=True,
            )
            await run(job, files.send)
        if stop.asked:
            await self.crash_suspects.clear()
        return files.found

    def _lease(self) -> InferenceLease:
        return InferenceLease(
            self.pool,
            reference=self.capabilities,
            captions=False,
            batch_images=self.concurrency.batch_images,
            notes=self.scope.progress,
        )

    async def _ended(self) -> Ending:
        """The writer is held: nothing is put in between the count and the switch."""
        scope, ledger = self.scope, self.scope.ports.ledger
        failed = await ledger.files.fail_pending(scope.job_id, ErrorCode.FILE_NOT_FOUND, GONE)
        if failed:
            scope.progress.ended(Outcome.FAILED, ErrorCode.FILE_NOT_FOUND, images=failed)
        collection = await self.collections.by_id(scope.record.collection_id)
        generation = generation_of(collection, self.options.generation_id)
        if generation.state is GenerationState.ACTIVE:  # it was let answer, or a kill came after
            return Ending(JobState.COMPLETED, ANSWERS)
        missing, images = await self._told(collection, generation)
        lacks = f"; {missing:,} images have no vector by its model" if missing else ""
        if not self.options.switch:
            return Ending(JobState.COMPLETED, f"it is filled, and does not answer yet{lacks}")
        if not self.options.force_switch:
            percent = self.concurrency.delete_guard_percent
            try:
                check_found(generation, missing=missing, images=images, percent=percent)
            except SwitchGuarded as exc:
                return Ending(JobState.COMPLETED, exc.detail, exc.code)
        switch = self.collections.generations.switch
        await scope.until_stored(partial(switch, collection.id, generation.id))
        return Ending(JobState.COMPLETED, f"{ANSWERS}{lacks}")

    async def _told(self, collection: CollectionRecord, generation: Generation) -> tuple[int, int]:
        """Puts down, before the switch, how many images would not be found, of how many there are;
        returns that, too.
        """
        scope, ledger = self.scope, self.scope.ports.ledger
        active, report = collection.bound(), Report()
        missing = await ledger.generations.count_missing(active.id, generation.id)
        points = await ledger.artefacts.count_stored(active.id)
        report.numbers = {"points": points, "filled": points - missing}
        if missing:
            some = await ledger.generations.lacking(
                active.id, generation.id, refused=True, after=None, limit=EXAMPLES
            )
            for one in some:
                report.add("missing", Example(display_text(one.absolute), str(one.point_id)))
            report.findings["missing"].count = missing
        await scope.save(Checkpoint(report=report.json()))
        return missing, points
