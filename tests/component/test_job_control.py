"""Pause, resume, cancel and retry-failed: exact counts, any restart, asked once or ten times."""

from __future__ import annotations

from pathlib import Path

import pytest
from anyio import create_task_group, wait_all_tasks_blocked
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.jobs.states import Control
from ingestion_orchestration_fastapi_app.errors import JobNotFound, JobStateProblem
from tests.component.bench import Bench, mixed_folder
from tests.component.job_steps import free, half_done, started
from tests.component.orchestrator_app import (
    FakeService,
    check_problem,
    library,
    orchestrator,
    paint,
)
from tests.component.test_pipeline import MIXED
from utils.contract import ErrorCode, JobCounts, JobState

pytestmark = pytest.mark.anyio


async def test_a_paused_job_keeps_what_was_embedded_and_leaves_the_rest_pending() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    async with started(bench) as scheduler:
        job = await half_done(bench, scheduler)
        paused = await scheduler.control(job.id, Control.PAUSE)
        assert (paused.state, paused.reason) == (JobState.PAUSED, "paused on request")
        assert paused.reason_code is None
        assert paused.counts.embedded == len(bench.inference.inferred) > 0
        assert paused.counts.pending > 0
        assert scheduler.live_progress(job.id) is None
        assert bench.budget.free_bytes == 100_000
        free(bench)
        resumed = await scheduler.control(job.id, Control.RESUME)
        assert resumed.state is JobState.QUEUED
        ended = await bench.ended(job.id)
    assert ended.counts == MIXED
    assert set((await bench.rows()).values()) == {1}
    assert len(bench.inference.inferred) == len(set(bench.inference.inferred)), "inferred twice"


async def test_every_control_may_be_repeated() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    async with started(bench) as scheduler:
        job = await half_done(bench, scheduler)
        once = await scheduler.control(job.id, Control.RESUME)
        assert once.state is JobState.RUNNING
        paused = await scheduler.control(job.id, Control.PAUSE)
        assert await scheduler.control(job.id, Control.PAUSE) == paused
        cancelled = await scheduler.control(job.id, Control.CANCEL)
        assert await scheduler.control(job.id, Control.CANCEL) == cancelled
        assert cancelled.counts == paused.counts
        for control in (Control.PAUSE, Control.RESUME):
            with pytest.raises(JobStateProblem):
                await scheduler.control(job.id, control)
        with pytest.raises(JobNotFound):
            await scheduler.control("nobody", Control.PAUSE)


async def test_paused_stays_paused_and_cancelled_stays_cancelled_over_a_restart() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    async with started(bench) as scheduler:
        job = await half_done(bench, scheduler)
        paused = await scheduler.control(job.id, Control.PAUSE)
    free(bench)
    async with started(bench) as scheduler:
        await wait_all_tasks_blocked()
        assert await bench.ledger.jobs.find(job.id) == paused
        cancelled = await scheduler.control(job.id, Control.CANCEL)
        assert cancelled.counts == paused.counts
        assert cancelled.counts.pending > 0
    async with started(bench) as scheduler:
        await wait_all_tasks_blocked()
        assert await bench.ledger.jobs.find(job.id) == cancelled
    assert (await bench.job()).counts.pending == 0
    assert set((await bench.rows()).values()) == {1}


async def test_a_job_paused_before_a_restart_goes_on_after_it() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    async with started(bench) as scheduler:
        job = await half_done(bench, scheduler)
        await scheduler.control(job.id, Control.PAUSE)
    free(bench)
    async with started(bench) as scheduler:
        await scheduler.control(job.id, Control.RESUME)
        assert (await bench.ended(job.id)).counts == MIXED


async def test_a_pause_and_a_cancel_at_once_end_in_a_cancel() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    async with started(bench) as scheduler:
        job = await half_done(bench, scheduler)
        refused: list[Control] = []

        async def ask(control: Control) -> None:
            try:
                await scheduler.control(job.id, control)
            except JobStateProblem:
                refused.append(control)

        async with create_task_group() as tg:
            for control in (Control.PAUSE, Control.CANCEL, Control.PAUSE, Control.RESUME):
                tg.start_soon(ask, control)
        record = await bench.ledger.jobs.find(job.id)
        assert record is not None
        assert record.state is JobState.CANCELLED
        assert Control.CANCEL not in refused


async def test_a_paused_job_keeps_its_collection_and_gives_its_place_to_another() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    async with started(bench) as scheduler:
        job = await half_done(bench, scheduler)
        behind = await bench.submitted(scheduler)
        await bench.submitted(scheduler, name="second")
        third = await bench.submitted(scheduler, name="third")
        await wait_all_tasks_blocked()
        assert scheduler.live_progress(third.id) is None  # two run already
        await scheduler.control(job.id, Control.PAUSE)
        await bench.until(third.id, lambda record: record.state is JobState.RUNNING)
        waiting = await bench.ledger.jobs.find(behind.id)
        assert waiting is not None
        assert waiting.state is JobState.QUEUED
        free(bench)
        await scheduler.control(job.id, Control.RESUME)
        first = await bench.ended(job.id)
        last = await bench.ended(behind.id)
    assert first.counts.embedded + first.counts.cached == 23  # the third's work was of use
    assert last.counts.unchanged == 23
    assert first.finished_at is not None
    assert last.started_at is not None
    assert first.finished_at <= last.started_at


async def test_a_queued_job_is_paused_resumed_and_cancelled_without_ever_running() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    async with started(bench) as scheduler:
        await half_done(bench, scheduler)
        queued = await bench.submitted(scheduler)
        for control, state in (
            (Control.PAUSE, JobState.PAUSED),
            (Control.RESUME, JobState.QUEUED),
            (Control.CANCEL, JobState.CANCELLED),
        ):
            assert (await scheduler.control(queued.id, control)).state is state
    ended = await bench.ledger.jobs.find(queued.id)
    assert ended is not None
    assert ended.started_at is None
    assert ended.counts == JobCounts()


async def test_a_collection_with_a_paused_job_is_not_deleted() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    async with started(bench) as scheduler:
        job = await half_done(bench, scheduler)
        await scheduler.control(job.id, Control.PAUSE)
        with pytest.raises(JobStateProblem, match=r"paused.*Cancel it"):
            await bench.collections().delete("default")
        await scheduler.control(job.id, Control.CANCEL)
        await bench.collections().delete("default")


async def test_a_job_may_be_stopped_at_any_moment() -> None:
    """After each so many turns of the event loop a pause, then the rest: as if uninterrupted."""
    whole = Bench()
    mixed_folder(whole.library)
    await whole.job()
    expected = await whole.rows()
    for turns in range(0, 200, 7):
        bench = Bench()
        mixed_folder(bench.library)
        async with started(bench) as scheduler:
            job = await bench.submitted(scheduler)
            for _ in range(turns):
                await checkpoint()
            try:
                paused = await scheduler.control(job.id, Control.PAUSE)
            except JobStateProblem:  # it was done by then
                paused = await bench.ended(job.id)
            else:
                assert paused.state is JobState.PAUSED
                await scheduler.control(job.id, Control.RESUME)
            assert bench.inference.running == 0
            ended = await bench.ended(job.id)
        assert ended.counts == MIXED, turns
        assert await bench.rows() == expected, turns
        await bench.check_vectors()
        assert bench.budget.free_bytes == 100_000


async def test_jobs_are_controlled_over_rest(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path, service=FakeService(down=True)) as running:
        started = await running.post("/ingest", {"directory_path": str(running.photos)})
        job_id = started.json()["job_id"]
        call = f"/jobs/{job_id}"
        check_problem(await running.post(f"{call}/retry-failed", None), 409, ErrorCode.JOB_STATE)
        paused = await running.post(f"{call}/pause", None)
        assert paused.json()["state"] == "paused"
        deleted = await running.http.delete("/api/v1/collections/default")
        check_problem(deleted, 409, ErrorCode.JOB_STATE)
        running.service.down = False
    async with orchestrator(tmp_path, service=running.service) as running:
        job = await running.get(call)
        assert (job["state"], job["reason"]) == ("paused", "paused on request")
        resumed = await running.post(f"{call}/resume", None)
        assert resumed.json()["state"] in ("queued", "running")
        assert (await running.ended(job_id))["counts"]["embedded"] == 13
        for word in ("pause", "resume", "cancel"):
            check_problem(await running.post(f"{call}/{word}", None), 409, ErrorCode.JOB_STATE)
            gone = await running.post(f"/jobs/nobody/{word}", None)
            check_problem(gone, 404, ErrorCode.JOB_NOT_FOUND)
        paint(running.photos / "corrupt.jpg", "red")
        retry = await running.post(f"{call}/retry-failed", None)
        assert retry.status_code == 202
        assert retry.headers["location"] == retry.json()["status_url"]
        counts = (await running.ended(retry.json()["job_id"]))["counts"]
        assert (counts["found"], counts["failed"]) == (3, 2)
