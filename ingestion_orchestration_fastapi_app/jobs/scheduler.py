"""Which jobs run, and what is asked of them: pause, resume, cancel, try again."""

from __future__ import annotations

import uuid
from bisect import insort
from dataclasses import dataclass, field
from functools import partial

import structlog
from anyio import TASK_STATUS_IGNORED, Event, Lock, create_task_group, move_on_after, sleep
from anyio.abc import TaskGroup, TaskStatus
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.identity import deepest_root
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, JobRequest
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL, Control, after
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import (
    JobNotFound,
    JobStateProblem,
    QueueFull,
    StoreWrite,
)
from ingestion_orchestration_fastapi_app.jobs.context import RETRY_STORAGE_S, Concurrency, Ports
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.jobs.runner import (
    BUG,
    Ending,
    Runner,
    is_fault,
    result_of,
)
from ingestion_orchestration_fastapi_app.jobs.stop import Stop
from utils.contract import JobState
from utils.problems import Problem

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 30.0
WRITE_END_S = 30.0  # for which one try to write a job's end may take
_REASONS = {JobState.PAUSED: "paused on request", JobState.CANCELLED: "cancelled on request"}


@dataclass(slots=True)
class _Run:
    """One run of a job. `problem`: its end cannot be saved now, and is tried again."""

    collection_id: int
    progress: JobProgress
    stop: Stop = field(default_factory=Stop)
    control: Control | None = None
    ended: Event = field(default_factory=Event)
    problem: Problem | None = None

    def ask(self, control: Control) -> None:
        """A cancel outdoes a pause that is under way, and never the other way round."""
        if self.control is not Control.CANCEL:
            self.control = control
        self.stop.ask()


class JobScheduler:
    """Runs queued jobs in the order of creation: one a collection, `max_running` in all.

    At most `max_waiting` are queued or paused; who asks for more is told to come back. What a
    watch asks for is a job like others: it waits and looks again.

    A paused job keeps its collection, so that jobs of one collection never overtake each other,
    and leaves its place among the running ones to another collection's job. A job that was
    running when the process ended is queued again at the next start: what it has done stands in
    the ledger, so it goes on. A paused one stays paused.
    """

    def __init__(
        self,
        ports: Ports,
        runner: Runner,
        *,
        concurrency: Concurrency,
        max_running: int,
        max_waiting: int,
    ) -> None:
        self._ports = ports
        self._widths = concurrency
        self._runner = runner
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._being_created = 0
        self._waiting: list[JobRecord] = []  # queued and paused, in the order of creation
        self._running: dict[str, _Run] = {}
        self._moving = Lock()
        self._held: str | None = None  # a job that must not start while its state is moved
        self._changed = Event()

    async def serve(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Until cancelled; the jobs then go on at the next start."""
        self._waiting = await self._ports.ledger.jobs.list_unfinished()
        async with create_task_group() as tg:
            task_status.started()
            while True:
                self._changed = Event()
                self._start_what_may(tg)
                await self._changed.wait()

    async def submit(self, collection: CollectionRecord, request: JobRequest) -> JobRecord:
        """Queues a job. It is durable on return. Raises QueueFull."""
        self.check_room()
        self._being_created += 1
        try:
            record = await self._ports.ledger.jobs.create(uuid.uuid4().hex, collection.id, request)
        finally:
            self._being_created -= 1
        self._wait_for_turn(record)
        return record

    def check_room(self) -> None:
        """Raises QueueFull."""
        if len(self._waiting) + self._being_created >= self._max_waiting:
            raise QueueFull(
                f"{len(self._waiting):,} jobs are queued or paused, and MAX_QUEUED_JOBS is "
                f"{self._max_waiting:,}: come back when some have ended, or cancel some.",
                retry_after_s=RETRY_AFTER_S,
            )

    async def idle(self, collection_id: int) -> None:
        """Waits until no job of the collection is unfinished."""
        while any(run.collection_id == collection_id for run in self._running.values()) or any(
            record.collection_id == collection_id for record in self._waiting
        ):
            await self._changed.wait()
            await checkpoint()  # `serve` may be yet to look at what has changed

    async def retry_failed(self, collection: CollectionRecord, job: JobRecord) -> JobRecord:
        """A new job over the same directory that opens exactly the files that failed in `job`.

        Whatever their codes were, if they have not been mended since. While such a job is
        unfinished, asking again gives the same one.

        Raises:
            QueueFull: too many jobs wait.
            JobStateProblem: the job has not ended, no file of it failed, or its root was
                forgotten.
        """
        if job.state not in FINAL:
            raise JobStateProblem(f"The job {job.id} has not ended: it is {job.state}.")
        if not job.counts.failed:
            raise JobStateProblem(f"No file of the job {job.id} failed.")
        if deepest_root(job.request.directory, collection.roots) is None:
            raise JobStateProblem(f"The folder of the job {job.id} was forgotten.")
        async with self._moving:
            for other in await self._ports.ledger.jobs.list_unfinished():
                if other.request.retry_of == job.id:
                    return other
            request = JobRequest(
                collection=job.request.collection,
                directory=job.request.directory,
                recursive=job.request.recursive,
                captions=job.request.captions,
                folders=job.request.folders,
                retry_of=job.id,
            )
            return await self.submit(collection, request)

    async def control(self, job_id: str, control: Control) -> JobRecord:
        """Does what is asked, durably on return; what is so already is done.

        A running job ends its work first: what was embedded is stored, what was not stays pending.

        Raises:
            JobNotFound: there is no such job.
            JobStateProblem: the job has ended.
            DiskFull, StoreWrite: the ledger cannot be written; the job goes on when it can.
        """
        while True:
            run = self._running.get(job_id)
            if run is None:
                async with self._moving:
                    if job_id not in self._running:
                        return await self._moved(job_id, control)
            elif control is Control.RESUME and run.control is None:
                return await self._record(job_id)
            else:
                if control is not Control.RESUME:
                    run.ask(control)
                await run.ended.wait()
                if run.problem is not None:
                    raise run.problem

    def live_progress(self, job_id: str) -> JobProgress | None:
        """The live account of a running job."""
        run = self._running.get(job_id)
        return None if run is None else run.progress

    async def _record(self, job_id: str) -> JobRecord:
        record = await self._ports.ledger.jobs.find(job_id)
        if record is None:
            raise JobNotFound(f"There is no job {job_id!r}.")
        return record

    async def _moved(self, job_id: str, control: Control) -> JobRecord:
        """Of a job that does not run, and that does not start meanwhile."""
        self._held = job_id
        try:
            record = await self._record(job_id)
            to = after(record.state, control)
            if to is None:
                raise JobStateProblem(f"The job {job_id} has ended: it is {record.state}.")
            if to is not record.state:
                record = await self._ports.ledger.jobs.move(job_id, to, reason=_REASONS.get(to))
                self._waiting = [one for one in self._waiting if one.id != job_id]
                if to not in FINAL:
                    self._wait_for_turn(record)
            return record
        finally:
            self._held = None
            self._changed.set()

    def _wait_for_turn(self, record: JobRecord) -> None:
        insort(self._waiting, record, key=lambda one: one.created_at)
        self._changed.set()

    def _start_what_may(self, tg: TaskGroup) -> None:
        taken = {run.collection_id for run in self._running.values()}
        for record in list(self._waiting):
            if len(self._running) >= self._max_running:
                return
            if record.collection_id in taken:
                continue
            taken.add(record.collection_id)
            if record.state is JobState.PAUSED or record.id == self._held:
                continue
            self._waiting.remove(record)
            run = _Run(record.collection_id, self._new_progress(record))
            self._running[record.id] = run
            tg.start_soon(self._run, record, run)

    def _new_progress(self, record: JobRecord) -> JobProgress:
        workers = {"read": self._widths.read_workers, "decode": self._widths.decode_workers}
        return JobProgress(record.id, record.progress, workers=workers)

    async def _run(self, record: JobRecord, run: _Run) -> None:
        structlog.contextvars.bind_contextvars(job_id=record.id)
        try:
            work = partial(self._runner.run, record, run.progress, run.stop)
            moved = await self._ended(record.id, run, await result_of(work, run.stop))
            if moved is not None and moved.state not in FINAL:
                self._wait_for_turn(moved)
        finally:
            del self._running[record.id]
            run.ended.set()
            self._changed.set()

    async def _ended(self, job_id: str, run: _Run, result: Ending | None) -> JobRecord | None:
        """Makes the end of a run durable, and tries again until it is; the job keeps its place.

        A stop that is asked for meanwhile counts where the run was stopped. None: the ledger does
        not know the job any more.
        """
        progress, is_noted = run.progress, False
        while True:
            ending = result or _asked(run)
            if not is_noted:
                event = "job_finished" if ending.state in FINAL else "job_paused"
                progress.note(event, _words(ending, progress.rungs))
                is_noted = True
            try:
                with move_on_after(WRITE_END_S, shield=True):  # done is done, also at a shutdown
                    moved = await self._ports.ledger.jobs.move(
                        job_id,
                        ending.state,
                        reason=ending.reason,
                        reason_code=ending.code,
                        progress=progress.saved(),
                    )
                    run.problem = None
                    return moved
                run.problem = StoreWrite("The ledger does not answer.")
            except JobNotFound:
                return None
            except JobStateProblem as exc:  # it has another end already, or may not have this one
                if result is BUG:
                    return None
                run.problem, result = exc, BUG
            except Problem as exc:
                run.problem = exc
            except BaseException as exc:
                if not is_fault(exc):
                    raise
                log.exception("job_end_failed_by_a_bug")
                run.problem, result = Problem("The job's end cannot be written."), BUG
            log.warning("job_end_not_saved", code=run.problem.code, detail=run.problem.detail)
            run.ended.set()  # who waits for the end is told that it cannot be saved now
            with progress.finishing(run.problem.code, run.problem.detail):
                await sleep(RETRY_STORAGE_S)


def _asked(run: _Run) -> Ending:
    state = JobState.CANCELLED if run.control is Control.CANCEL else JobState.PAUSED
    return Ending(state, _REASONS[state])


def _words(ending: Ending, rungs: str) -> str:
    ended = f"{ending.state}: {ending.reason}" if ending.reason else str(ending.state)
    return f"{ended}; stored {rungs}" if rungs else ended
