"""A job's end is made durable whatever happens, and no fault of a job reaches another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import pytest
from anyio import wait_all_tasks_blocked
from prometheus_client import CollectorRegistry

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Upload
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, SavedProgress
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL, Control
from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreRead, StoreWrite
from ingestion_orchestration_fastapi_app.jobs import context, run
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.metrics import WorkMetrics
from tests.component.bench import Bench, mixed_folder
from tests.component.job_steps import started
from tests.component.test_job_kinds import NoOptions, Work, scheduled
from tests.component.test_pipeline import MIXED
from utils.contract import ErrorCode, JobState
from utils.problems import Problem, ServiceOverloaded

pytestmark = pytest.mark.anyio

FAULTS = [
    DiskFull("no space left"),
    StoreWrite("SQLITE_BUSY: locked"),
    ServiceOverloaded("no descriptor left"),
    ZeroDivisionError("a bug"),
]


class PanicException(BaseException):
    """As native libraries raise it: none of Python's `Exception`."""


class Ledger:
    """Refuses to write a job's end while `fault` is set; counts how often it was asked to."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (context, run):
            monkeypatch.setattr(module, "RETRY_STORAGE_S", 0.001)
        self.fault: BaseException | None = None
        self.refused = 0
        self._really = bench.ledger.jobs.move
        monkeypatch.setattr(bench.ledger.jobs, "move", self.move_job)

    async def move_job(self, job_id: str, to: JobState, **more: Any) -> JobRecord:
        if to is not JobState.RUNNING and self.fault is not None:
            self.refused += 1
            raise self.fault
        return await self._really(job_id, to, **more)

    async def until_refused(self, times: int) -> None:
        wanted = self.refused + times
        while self.refused < wanted:
            await wait_all_tasks_blocked()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_an_end_that_cannot_be_written_is_tried_again_and_nobody_goes_before(
    fault: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is done once, says that it is finishing, and keeps its rows from the next one."""
    bench = Bench()
    mixed_folder(bench.library)
    ledger = Ledger(bench, monkeypatch)
    ledger.fault = fault
    async with started(bench) as scheduler:
        first = await bench.submitted(scheduler)
        second = await bench.submitted(scheduler)
        await ledger.until_refused(3)
        live = scheduler.live_progress(first.id)
        assert live is not None
        state, reason, code = live.state
        assert state is JobState.RUNNING
        assert str(reason).startswith("finishing: ")
        assert code is getattr(fault, "code", ErrorCode.INTERNAL)
        assert scheduler.live_progress(second.id) is None
        opened = list(bench.library.opened)
        await ledger.until_refused(3)
        assert bench.library.opened == opened, "it was done again"
        ledger.fault = None
        ended = await bench.ended(first.id)
        assert (await bench.ended(second.id)).state is JobState.COMPLETED
    is_bug = not isinstance(fault, Problem)
    assert ended.state is (JobState.FAILED if is_bug else JobState.COMPLETED)
    assert ended.counts == MIXED


async def test_who_cancels_a_job_that_is_finishing_is_told_why_and_it_ends_as_it_came_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    mixed_folder(bench.library)
    ledger = Ledger(bench, monkeypatch)
    ledger.fault = DiskFull("no space left")
    async with started(bench) as scheduler:
        job = await bench.submitted(scheduler)
        await ledger.until_refused(1)
        with pytest.raises(DiskFull):
            await scheduler.control(job.id, Control.CANCEL)
        ledger.fault = None
        assert (await bench.ended(job.id)).state is JobState.COMPLETED


async def test_a_pause_that_cannot_be_written_becomes_a_cancel_where_one_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    mixed_folder(bench.library)
    bench.inference.away = True
    ledger = Ledger(bench, monkeypatch)
    ledger.fault = DiskFull("no space left")
    async with started(bench) as scheduler:
        job = await bench.submitted(scheduler)
        await bench.until(job.id, lambda record: record.state is JobState.RUNNING)
        for control in (Control.PAUSE, Control.CANCEL):
            with pytest.raises(DiskFull):
                await scheduler.control(job.id, control)
        ledger.fault = None
        assert (await bench.ended(job.id)).state is JobState.CANCELLED


async def test_a_panic_of_a_native_library_ends_its_job_and_no_other() -> None:
    bench = Bench()
    bench.library.put(b"a.jpg", b"image a")
    panicked: list[object] = []

    def panic(uploads: Mapping[str, Upload]) -> None:
        if not panicked:
            panicked.append(uploads)
            raise PanicException("called `Option::unwrap()` on a `None` value")

    bench.inference.behaviour = panic
    async with started(bench) as scheduler:
        first = await bench.submitted(scheduler)
        second = await bench.submitted(scheduler, name="second")
        third = await bench.submitted(scheduler)
        ends = [await bench.ended(job.id) for job in (first, second, third)]
    assert sorted(job.state for job in ends[:2]) == [JobState.COMPLETED, JobState.FAILED]
    (failed,) = [job for job in ends if job.state is JobState.FAILED]
    assert failed.reason_code is ErrorCode.INTERNAL
    assert ends[2].state is JobState.COMPLETED


def test_of_two_reasons_to_wait_each_leaves_alone() -> None:
    progress = JobProgress(
        "job", SavedProgress(), kind="ingest", metrics=WorkMetrics(CollectorRegistry())
    )
    disk = progress.blocked(ErrorCode.DISK_FULL, "no space left")
    with progress.blocked(ErrorCode.INTERNAL, "no decoder can be started"):
        with disk:
            pass
        assert progress.state[:2] == (JobState.PAUSED, "no decoder can be started")
        with progress.waiting("the service is away"):
            assert [reason.text for reason in progress.reasons] == [
                "no decoder can be started",
                "the service is away",
            ]
            assert progress.state[0] is JobState.PAUSED
    assert progress.state == (JobState.RUNNING, None, None)


def test_the_same_reason_held_twice_stays_until_both_have_left() -> None:
    progress = JobProgress(
        "job", SavedProgress(), kind="ingest", metrics=WorkMetrics(CollectorRegistry())
    )
    with progress.blocked(ErrorCode.DISK_FULL, "no space left"):
        with progress.blocked(ErrorCode.DISK_FULL, "no space left"):
            pass
        assert progress.state == (JobState.PAUSED, "no space left", ErrorCode.DISK_FULL)
        assert progress.state[0] not in FINAL
    assert progress.reasons == ()


MOMENTS = [
    DiskFull("no space left"),
    StoreWrite("SQLITE_BUSY: locked"),
    StoreRead("the share does not answer"),
]


@dataclass
class Faulty(Work):
    """Meets the fault in the middle of its first runs."""

    fault: Problem = MOMENTS[0]

    async def run(self, scope: JobScope, options: NoOptions) -> Ending | None:
        ending = await super().run(scope, options)
        if len(self.order) <= 2:
            raise ExceptionGroup("a stage's", [self.fault])
        return ending


@pytest.mark.parametrize("fault", MOMENTS, ids=lambda fault: type(fault).__name__)
async def test_work_that_storage_fails_for_a_moment_is_taken_up_again(
    fault: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "RETRY_STORAGE_S", 0.001)
    work = Faulty(fault=fault)
    work.may_end.set()
    async with scheduled(work=work) as jobs:
        job = await jobs.bench.ended((await jobs.job("files")).id)
    assert (job.state, job.reason, len(work.order)) == (JobState.COMPLETED, None, 3)
    waits = [line.detail for line in job.progress.log if line.event == "job_paused"]
    assert waits == [f"{fault.code}: {fault.detail}"] * 2


async def test_work_on_a_damaged_table_is_not_tried_again() -> None:
    work = Faulty(fault=StoreRead("files of it are damaged", damaged_table="default"))
    work.may_end.set()
    async with scheduled(work=work) as jobs:
        job = await jobs.bench.ended((await jobs.job("files")).id)
    assert (job.state, job.reason_code) == (JobState.FAILED, ErrorCode.STORE_READ)
    assert len(work.order) == 1


@pytest.mark.parametrize(
    "step",
    [
        "artefacts.decode_starts",
        "artefacts.pending_writes",
        "collections.find_by_id",
        "files.recall",
        "files.fail_pending",
        "folders.devices",
        "folders.not_seen_in_scan",
    ],
)
async def test_an_import_whose_ledger_cannot_be_read_for_a_moment_goes_on(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (context, run):
        monkeypatch.setattr(module, "RETRY_STORAGE_S", 0.001)
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    del bench.library.files[b"001.jpg"]
    async with started(bench) as scheduler:
        job_id = (await bench.submitted(scheduler, sync=True)).id
        fault = StoreWrite("SQLITE_IOERR: for a moment")
        failing = failing_at_first(attrgetter(step)(bench.ledger), fault, times=3)
        port, _, name = step.partition(".")
        monkeypatch.setattr(getattr(bench.ledger, port), name, failing)
        job = await bench.ended(job_id)
    assert (job.state, job.reason) == (JobState.COMPLETED, None)
    assert job.progress.removed == 1
    waits = [line.detail for line in job.progress.log if line.event == "job_paused"]
    assert waits == ["ERR_STORE_WRITE: SQLITE_IOERR: for a moment"] * 3
    assert set((await bench.rows()).values()) == {1}


def failing_at_first(really: Any, fault: Exception, *, times: int) -> Any:
    failures = iter([True] * times)

    async def call(*args: Any, **more: Any) -> Any:
        if next(failures, False):
            raise fault
        return await really(*args, **more)

    return call
