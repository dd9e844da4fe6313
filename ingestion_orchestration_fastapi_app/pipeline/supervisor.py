"""Which jobs run, and what becomes of them."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from anyio import TASK_STATUS_IGNORED, Event, create_task_group, sleep
from anyio.abc import TaskGroup, TaskStatus

from ingestion_orchestration_fastapi_app.core.batching import BatchLimits
from ingestion_orchestration_fastapi_app.core.records import (
    CollectionRecord,
    JobRecord,
    JobRequest,
)
from ingestion_orchestration_fastapi_app.core.retry import RetryPolicy
from ingestion_orchestration_fastapi_app.errors import InferenceFault, Overloaded
from ingestion_orchestration_fastapi_app.pipeline.collections import Collections
from ingestion_orchestration_fastapi_app.pipeline.context import (
    JobContext,
    JobFailedError,
    LimitsInForce,
    Ports,
    Widths,
)
from ingestion_orchestration_fastapi_app.pipeline.in_flight import InFlight
from ingestion_orchestration_fastapi_app.pipeline.run import run
from ingestion_orchestration_fastapi_app.pipeline.tally import Tally
from utils.contract import Capabilities, ErrorCode, JobState
from utils.problems import Problem

log = structlog.get_logger(__name__)

POLICY = RetryPolicy(max_s=5.0)


@dataclass(frozen=True, slots=True)
class _Ending:
    state: JobState
    reason: str | None = None
    code: ErrorCode | None = None


class Supervisor:
    """Runs queued jobs in order: one a collection, `max_running` in all.

    A job that was running when the process ended is queued again at the next start: what it has
    done stands in the ledger, so it goes on.
    """

    def __init__(
        self,
        ports: Ports,
        collections: Collections,
        *,
        widths: Widths,
        max_running: int,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._ports = ports
        self._collections = collections
        self._widths = widths
        self._max_running = max_running
        self._jitter = jitter
        self._queue: list[JobRecord] = []
        self._running: dict[str, tuple[int, Tally]] = {}
        self._changed = Event()

    async def serve(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Until cancelled; the jobs then go on at the next start."""
        self._queue = await self._ports.ledger.unfinished_jobs()
        async with create_task_group() as tg:
            task_status.started()
            while True:
                self._changed = Event()
                self._start_what_may(tg)
                await self._changed.wait()

    async def submit(self, collection: CollectionRecord, request: JobRequest) -> JobRecord:
        """Queues a job. It is durable on return."""
        record = await self._ports.ledger.create_job(uuid.uuid4().hex, collection.id, request)
        self._queue.append(record)
        self._changed.set()
        return record

    def tally(self, job_id: str) -> Tally | None:
        """The live account of a running job."""
        running = self._running.get(job_id)
        return None if running is None else running[1]

    def _start_what_may(self, tg: TaskGroup) -> None:
        for record in list(self._queue):
            if len(self._running) >= self._max_running:
                return
            busy = {collection_id for collection_id, _ in self._running.values()}
            if record.collection_id in busy:
                continue
            self._queue.remove(record)
            tally = Tally(record.id, record.progress, workers=self._workers())
            self._running[record.id] = (record.collection_id, tally)
            tg.start_soon(self._run, record, tally)

    def _workers(self) -> dict[str, int]:
        return {"read": self._widths.read_workers, "decode": self._widths.decode_workers}

    async def _run(self, record: JobRecord, tally: Tally) -> None:
        structlog.contextvars.bind_contextvars(job_id=record.id)
        try:
            ending = await self._ending(record, tally)
            tally.note("job_finished", f"{ending.state}: {ending.reason or ''}".rstrip(": "))
            await self._ports.ledger.move_job(
                record.id,
                ending.state,
                reason=ending.reason,
                reason_code=ending.code,
                progress=tally.progress(),
            )
        except Problem as exc:  # the ledger itself cannot be written: it stays as it is, on disk
            log.exception("job_end_not_saved", code=exc.code, detail=exc.detail)
        finally:
            del self._running[record.id]
            self._changed.set()

    async def _ending(self, record: JobRecord, tally: Tally) -> _Ending:
        try:
            return await self._worked(record, tally)
        except (Exception, BaseExceptionGroup) as exc:  # a bug ends one job
            faults = _leaves(exc)
            cancelled = [fault for fault in faults if not isinstance(fault, Exception)]
            if cancelled:
                raise
            for fault in faults:
                if isinstance(fault, (JobFailedError, Problem)):
                    return _Ending(JobState.FAILED, fault.detail, fault.code)
            log.exception("job_failed_by_a_bug", exc_info=exc)
            return _Ending(JobState.FAILED, "an internal error, see the log", ErrorCode.INTERNAL)

    async def _worked(self, record: JobRecord, tally: Tally) -> _Ending:
        ledger = self._ports.ledger
        await ledger.move_job(record.id, JobState.RUNNING)
        tally.note("job_started")
        capabilities = await self._capabilities(tally)
        collection = await self._collections.bind(record.request.collection, capabilities)
        if record.request.captions and not capabilities.captions.available:
            tally.warn("the inference service makes no captions: images are stored without")
        if not capabilities.clip.trained:
            tally.warn("the model is untrained: searches will find nothing meaningful")
        limits = BatchLimits.of(capabilities, wanted_images=self._widths.batch_images)
        with self._ports.budget.share() as memory:
            job = JobContext(
                job_id=record.id,
                collection_id=collection.id,
                collection=collection.name,
                request=record.request,
                roots=collection.roots,
                capabilities=capabilities,
                ports=self._ports,
                widths=self._widths,
                limits=LimitsInForce(limits),
                memory=memory,
                tally=tally,
                in_flight=InFlight(),
                intended=await ledger.intended(record.id),
            )
            await run(job)
        await ledger.fail_pending(
            record.id, ErrorCode.FILE_NOT_FOUND, "the file was gone when the job came to it"
        )
        return await self._summary(record.id)

    async def _summary(self, job_id: str) -> _Ending:
        record = await self._ports.ledger.job(job_id)
        assert record is not None
        counts = record.counts
        if counts.found == counts.skipped:
            return _Ending(JobState.COMPLETED, "the folder holds no image")
        return _Ending(JobState.COMPLETED)

    async def _capabilities(self, tally: Tally) -> Capabilities:
        """Waits for the inference service for as long as it takes."""
        attempt = 0
        while True:
            try:
                return await self._ports.inference.capabilities()
            except InferenceFault as exc:
                asked_s = exc.retry_after_s if isinstance(exc, Overloaded) else None
                wait_s = POLICY.wait_s(attempt, asked_s=asked_s, jitter=self._jitter())
                if attempt == 0:
                    tally.note("waiting_for_ml", str(exc))
                attempt += 1
                with tally.waiting(str(exc)):
                    await sleep(wait_s)


def _leaves(exc: BaseException) -> list[BaseException]:
    if isinstance(exc, BaseExceptionGroup):
        return [leaf for inner in exc.exceptions for leaf in _leaves(inner)]
    return [exc]
