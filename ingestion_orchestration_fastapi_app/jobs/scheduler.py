"""Which jobs run, and what is asked of them: pause, resume, cancel."""

from __future__ import annotations

import uuid
from bisect import insort
from collections import Counter
from collections.abc import Mapping

import structlog
from anyio import TASK_STATUS_IGNORED, Event, Lock, create_task_group
from anyio.abc import TaskGroup, TaskStatus
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, JobRequest
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL, Control, after
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import JobNotFound, JobStateProblem, QueueFull
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.kinds import Kinds
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.jobs.run import STOPPED, Run
from utils.contract import JobState

RETRY_AFTER_S = 30.0


class JobScheduler:
    """Runs queued jobs in the order of creation, of each collection one a lane.

    At most `max_running` run in lanes, and as many without one. At most `max_waiting` are queued
    or paused; who asks for more is told to come back. What a watch asks for is a job like others:
    it waits and looks again.

    A paused job keeps its lane, so that jobs of one lane never overtake each other, and leaves its
    place among the running ones to another job. A job that was running when the process ended is
    queued again at the next start: what it has done stands in the ledger, so it goes on. A paused
    one stays paused.
    """

    def __init__(self, ports: Ports, kinds: Kinds, *, max_running: int, max_waiting: int) -> None:
        self._ports = ports
        self.kinds = kinds
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._being_created = 0
        self._waiting: list[JobRecord] = []  # queued and paused, in the order of creation
        self._running: dict[str, Run] = {}
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

    async def submit(
        self, collection: CollectionRecord, request: JobRequest, *, join: bool = False
    ) -> JobRecord:
        """Queues a job. It is durable on return.

        While a job that tries another one again is unfinished, asking for it again gives the same.
        `join`: so does asking for what a job was asked that has not begun.

        Raises:
            QueueFull: too many jobs wait.
        """
        if join and (alike := self._yet_to_begin(collection.id, request)) is not None:
            return alike
        if request.retry_of is None:
            return await self._created(collection, request)
        async with self._moving:
            for other in await self._ports.ledger.jobs.list_unfinished():
                if other.request.retry_of == request.retry_of:
                    return other
            return await self._created(collection, request)

    def _yet_to_begin(self, collection_id: int, request: JobRequest) -> JobRecord | None:
        alike = (
            one
            for one in self._waiting
            if (one.collection_id, one.request) == (collection_id, request)
        )
        return next(
            (
                one
                for one in alike
                if one.state is JobState.QUEUED and one.started_at is None and one.id != self._held
            ),
            None,
        )

    async def _created(self, collection: CollectionRecord, request: JobRequest) -> JobRecord:
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

    async def idle(self, collection_id: int, lane: str) -> None:
        """Waits until no job of the collection is unfinished in that lane."""
        while any(
            _lane(record) == (collection_id, lane)
            for record in [*self._waiting, *(run.record for run in self._running.values())]
        ):
            await self._changed.wait()
            await checkpoint()  # `serve` may be yet to look at what has changed

    def running(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(self._running)

    def jobs_by_state(self) -> Mapping[str, int]:
        """Those that have not ended; what a running one waits for counts as its state."""
        states = Counter(record.state for record in self._waiting)
        return states + Counter(run.progress.state[0] for run in self._running.values())

    def live_states(self) -> Mapping[str, JobState]:
        """What each running job shows as its state, by its id."""
        return {job_id: run.progress.state[0] for job_id, run in self._running.items()}

    def queued_by_stage(self) -> Mapping[str, int]:
        """What waits before each stage, in all running jobs."""
        queued: Counter[str] = Counter()
        for run in self._running.values():
            queued.update({stage: waiting() for stage, waiting in run.progress.queues.items()})
        return queued

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
                record = await self._ports.ledger.jobs.move(job_id, to, reason=STOPPED.get(to))
                self._waiting = [one for one in self._waiting if one.id != job_id]
                if to not in FINAL:
                    self._wait_for_turn(record)
                else:
                    await self.kinds.tidied(record.request.kind, job_id)
            return record
        finally:
            self._held = None
            self._changed.set()

    def _wait_for_turn(self, record: JobRecord) -> None:
        insort(self._waiting, record, key=lambda one: one.created_at)
        self._changed.set()

    def _start_what_may(self, tg: TaskGroup) -> None:
        running = [run.record for run in self._running.values()]
        taken = {_lane(record) for record in running}
        for record in list(self._waiting):
            lane = _lane(record)
            if lane is not None and lane in taken:
                continue
            taken.add(lane)
            if record.state is JobState.PAUSED or record.id == self._held:
                continue
            # Readers have as many places as the others, so that none waits for days for the other.
            if sum((_lane(one) is None) == (lane is None) for one in running) >= self._max_running:
                continue
            self._waiting.remove(record)
            running.append(record)
            run = Run(record, self._ports, self.kinds)
            self._running[record.id] = run
            tg.start_soon(self._run, run)

    async def _run(self, run: Run) -> None:
        structlog.contextvars.bind_contextvars(job_id=run.record.id)
        try:
            moved = await run.whole()
            if moved is not None and moved.state not in FINAL:
                self._wait_for_turn(moved)
            elif moved is not None:
                await self.kinds.tidied(moved.request.kind, moved.id)
        finally:
            del self._running[run.record.id]
            run.ended.set()
            self._changed.set()


def _lane(record: JobRecord) -> tuple[int, str] | None:
    """What it has to itself, as long as it is unfinished."""
    lane = record.request.lane
    return None if lane is None else (record.collection_id, lane)
