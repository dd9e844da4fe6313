"""One run of a job: what is asked of it meanwhile, its work, and its end, which is made durable."""

from __future__ import annotations

import structlog
from anyio import Event, move_on_after, sleep

from ingestion_orchestration_fastapi_app.domain.jobs.records import (
    JobRecord,
    JobRequest,
    Origin,
    SavedProgress,
)
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL, Control
from ingestion_orchestration_fastapi_app.errors import JobNotFound, JobStateProblem, StoreWrite
from ingestion_orchestration_fastapi_app.jobs.context import RETRY_STORAGE_S, Ports, reason_of
from ingestion_orchestration_fastapi_app.jobs.ending import BUG, Ending, is_fault, result_of
from ingestion_orchestration_fastapi_app.jobs.kinds import Kinds
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.jobs.stop import Stop
from utils.contract import JobState
from utils.problems import Problem

log = structlog.get_logger(__name__)

WRITE_END_S = 30.0  # for which one try to write a job's end may take
STOPPED = {JobState.PAUSED: "paused on request", JobState.CANCELLED: "cancelled on request"}


class Run:
    """`problem`: the run's end cannot be written now, and is tried again."""

    def __init__(self, record: JobRecord, ports: Ports, kinds: Kinds) -> None:
        self.record = record
        self.stop = Stop()
        self.control: Control | None = None
        self.ended = Event()
        self.problem: Problem | None = None
        self._ports = ports
        self._kinds = kinds
        self._has_begun = False
        self.progress = self._account(record.progress)

    def _account(self, saved: SavedProgress) -> JobProgress:
        kind, metrics = self.record.request.kind, self._ports.metrics
        return JobProgress(self.record.id, saved, kind=kind, metrics=metrics)

    def ask(self, control: Control) -> None:
        """A cancel outdoes a pause that is under way, and never the other way round."""
        if self.control is not Control.CANCEL:
            self.control = control
        self.stop.ask()

    async def whole(self) -> JobRecord | None:
        """The work and its end. None: the ledger does not know the job any more."""
        while True:
            result = await result_of(self._work, self.stop)
            if not isinstance(result, Problem):
                return await self._end(result)
            with self.progress.blocked(result.code, reason_of(result)):
                await self.stop.wait(at_most_s=RETRY_STORAGE_S)

    async def _work(self) -> Ending | None:
        if self._has_begun:
            await self._take_up()
        self._has_begun = True
        kind = self._kinds.named(self.record.request.kind)
        self.progress.workers = kind.workers
        scope = JobScope(self.record, self.progress, self.stop, self._ports)
        await scope.until_stored(
            lambda: self._ports.ledger.jobs.move(self.record.id, JobState.RUNNING)
        )
        self.progress.note("job_started", _occasion(self.record.request))
        return await kind.work(scope)

    async def _take_up(self) -> None:
        """A moment's lack or fault ended the work: it goes on from what the ledger has."""
        record = await self._ports.ledger.jobs.find(self.record.id)
        if record is None:
            raise JobNotFound(f"There is no job {self.record.id!r}.")
        self.record, saved = record, self.progress.saved()
        self.progress = self._account(saved)

    async def _end(self, result: Ending | None) -> JobRecord | None:
        """Tries until it is on the disk; the job keeps its place.

        A stop that is asked for meanwhile counts where the run was stopped.
        """
        is_noted = False
        while True:
            ending = result or self._asked()
            if not is_noted:
                event = "job_finished" if ending.state in FINAL else "job_paused"
                self.progress.note(event, _words(ending, self.progress.pixel_sources))
                is_noted = True
            try:
                with move_on_after(WRITE_END_S, shield=True):  # done is done, also at a shutdown
                    moved = await self._ports.ledger.jobs.move(
                        self.record.id,
                        ending.state,
                        reason=ending.reason,
                        reason_code=ending.code,
                        progress=self.progress.saved(),
                    )
                    self.problem = None
                    return moved
                self.problem = StoreWrite("The ledger does not answer.")
            except JobNotFound:
                return None
            except JobStateProblem as exc:  # it has another end already, or may not have this one
                if result is BUG:
                    return None
                self.problem, result = exc, BUG
            except Problem as exc:
                self.problem = exc
            except BaseException as exc:
                if not is_fault(exc):
                    raise
                log.exception("job_end_failed_by_a_bug")
                self.problem, result = Problem("The job's end cannot be written."), BUG
            log.warning("job_end_not_saved", code=self.problem.code, detail=self.problem.detail)
            self.ended.set()  # who waits for the end is told that it cannot be written now
            with self.progress.finishing(self.problem.code, self.problem.detail):
                await sleep(RETRY_STORAGE_S)

    def _asked(self) -> Ending:
        state = JobState.CANCELLED if self.control is Control.CANCEL else JobState.PAUSED
        return Ending(state, STOPPED[state])


def _occasion(request: JobRequest) -> str:
    if request.origin is not Origin.WATCH:
        return ""
    return f"by watching, {len(request.folders) or 'all'} folders"


def _words(ending: Ending, pixel_sources: str) -> str:
    ended = f"{ending.state}: {ending.reason}" if ending.reason else str(ending.state)
    return f"{ended}; stored {pixel_sources}" if pixel_sources else ended
