"""What a job makes of faults that are no file's: folders, disk, decoders, bugs."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import pytest
from anyio import create_task_group

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Upload
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.states import Control
from ingestion_orchestration_fastapi_app.domain.scanning.found import ScanFault
from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreWrite
from ingestion_orchestration_fastapi_app.ingest.stages import decode
from ingestion_orchestration_fastapi_app.jobs import context, run
from tests.component.bench import Bench, mixed_folder
from tests.component.test_pipeline import MIXED
from utils.contract import ErrorCode, JobState
from utils.problems import Problem

pytestmark = pytest.mark.anyio


async def test_a_folder_that_cannot_be_listed_fails_the_job() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    bench.library.faults = [ScanFault(b"/photos", "permission denied")]
    job = await bench.job()
    assert job.state is JobState.FAILED
    assert job.reason_code is ErrorCode.DIRECTORY_NOT_FOUND


async def test_a_subfolder_that_cannot_be_listed_is_a_warning() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    bench.library.faults = [ScanFault(b"/photos/private", "permission denied")]
    job = await bench.job()
    assert job.state is JobState.COMPLETED
    assert "/photos/private" in job.progress.warnings[0]


@pytest.mark.parametrize("fault", [DiskFull("no space left"), StoreWrite("SQLITE_BUSY: locked")])
@pytest.mark.parametrize(
    "step",
    [
        "store.create",
        "store.open",
        "store.mend",
        "store.put_label",
        "store.write",
        "ledger.generations.set_synced_version",
        "ledger.generations.bind",
        "ledger.files.register",
        "ledger.artefacts.note_decoding",
        "ledger.artefacts.begin_write",
        "ledger.files.complete",
    ],
)
async def test_storage_that_cannot_be_written_pauses_the_job_and_costs_nothing(
    step: str, fault: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, a locked ledger: at any durable step, for a while."""
    monkeypatch.setattr(context, "RETRY_STORAGE_S", 0.001)
    bench = Bench()
    mixed_folder(bench.library)
    port, _, name = step.rpartition(".")
    owner = attrgetter(port)(bench)
    really = getattr(owner, name)
    failures = iter([True] * 5)

    async def fails_at_first(*args: object, **kwargs: object) -> object:
        if next(failures, False):
            raise fault
        return await really(*args, **kwargs)

    monkeypatch.setattr(owner, name, fails_at_first)
    job = await bench.job()
    assert job.counts == MIXED
    assert any(fault.code in line.detail for line in job.progress.log)
    assert set((await bench.rows()).values()) == {1}


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.COMPLETED])
async def test_a_state_that_cannot_be_written_is_written_when_there_is_room(
    state: JobState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody restarts a service because its disk was full when a job began or ended."""
    for module in (context, run):
        monkeypatch.setattr(module, "RETRY_STORAGE_S", 0.001)
    bench = Bench()
    mixed_folder(bench.library)
    really, failures = bench.ledger.jobs.move, iter([True] * 5)

    async def fails_at_first(job_id: str, to: JobState, **more: Any) -> JobRecord:
        if to is state and next(failures, False):
            raise DiskFull("no space left")
        return await really(job_id, to, **more)

    monkeypatch.setattr(bench.ledger.jobs, "move", fails_at_first)
    job = await bench.job()
    assert (job.state, job.counts) == (JobState.COMPLETED, MIXED)
    assert set((await bench.rows()).values()) == {1}


async def test_a_machine_that_starts_no_decoder_pauses_the_job_and_blames_no_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decode, "RETRY_DECODERS_S", 0.001)
    bench = Bench()
    mixed_folder(bench.library)
    bench.preparation.down = 5
    job = await bench.job()
    assert job.counts == MIXED
    waits = [line.detail for line in job.progress.log if line.event == "job_paused"]
    assert len(waits) == 5
    assert all(wait.startswith("ERR_DECODERS: no decoder") for wait in waits)


async def test_a_bug_ends_its_job_and_no_other() -> None:
    bench = Bench()
    mixed_folder(bench.library)

    def bug(uploads: Mapping[str, Upload]) -> None:
        raise ZeroDivisionError

    bench.inference.behaviour = bug
    first = await bench.job()
    assert first.state is JobState.FAILED
    assert first.reason_code is ErrorCode.INTERNAL
    bench.inference.behaviour = lambda uploads: None
    assert (await bench.job()).counts == MIXED


async def test_a_job_whose_folder_may_no_longer_be_imported_opens_nothing() -> None:
    """At its start, and when it goes on."""
    bench = Bench()
    mixed_folder(bench.library)
    bench.library.allowed = False
    job = await bench.job()
    assert (job.state, job.reason_code) == (JobState.FAILED, ErrorCode.DIRECTORY_NOT_ALLOWED)
    assert not bench.library.opened
    bench.library.allowed = True
    scheduler = bench.scheduler()
    async with create_task_group() as tg:
        paused = await bench.submitted(scheduler)
        await scheduler.control(paused.id, Control.PAUSE)
        await tg.start(scheduler.serve)
        bench.library.allowed = False
        await scheduler.control(paused.id, Control.RESUME)
        ended = await bench.ended(paused.id)
        tg.cancel_scope.cancel()
    assert (ended.state, ended.reason_code) == (JobState.FAILED, ErrorCode.DIRECTORY_NOT_ALLOWED)
    assert not bench.library.opened
