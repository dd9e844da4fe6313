"""The queue of jobs has a bound, which nobody gets round and which loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from anyio import create_task_group, wait_all_tasks_blocked

from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    import_request,
)
from ingestion_orchestration_fastapi_app.domain.jobs.states import Control
from ingestion_orchestration_fastapi_app.errors import QueueFull
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from tests.component.bench import Bench, mixed_folder
from tests.component.job_steps import free, started, stuck_after
from tests.component.orchestrator_app import (
    FakeService,
    check_problem,
    orchestrator,
    paint,
)
from tests.component.watch_bench import tree, watched
from utils.contract import ErrorCode, JobState

pytestmark = pytest.mark.anyio


async def test_one_job_too_many_is_refused_until_one_has_ended() -> None:
    bench = Bench(max_waiting=2)
    mixed_folder(bench.library)
    stuck_after(bench, 0)
    async with started(bench) as scheduler:
        running = await bench.submitted(scheduler)
        await bench.until(running.id, lambda job: job.state is not JobState.QUEUED)
        queued = [await bench.submitted(scheduler) for _ in range(2)]
        with pytest.raises(QueueFull) as refused:
            await bench.submitted(scheduler)
        assert refused.value.retry_after_s is not None
        assert "MAX_QUEUED_JOBS" in refused.value.detail
        assert len(await bench.ledger.jobs.list_unfinished()) == 3, "nothing of it was kept"
        await scheduler.control(queued[0].id, Control.PAUSE)
        with pytest.raises(QueueFull):  # a paused one holds its place
            await bench.submitted(scheduler)
        await scheduler.control(queued[0].id, Control.CANCEL)
        await bench.submitted(scheduler)
        free(bench)


async def test_many_at_once_do_not_get_past_the_bound() -> None:
    bench = Bench(max_waiting=3)
    mixed_folder(bench.library)
    scheduler = bench.scheduler()  # not serving: all of them wait
    collection = await bench.collection()
    refused = 0

    async def ask() -> None:
        nonlocal refused
        try:
            await scheduler.submit(collection, import_request("default", b"/photos"))
        except QueueFull:
            refused += 1

    async with create_task_group() as tg:
        for _ in range(20):
            tg.start_soon(ask)
    assert refused == 17
    assert len(await bench.ledger.jobs.list_unfinished()) == 3


async def test_jobs_of_an_earlier_start_are_kept_beyond_the_bound() -> None:
    bench = Bench(max_waiting=5)
    mixed_folder(bench.library)
    before = bench.scheduler()
    for _ in range(5):
        await bench.submitted(before)
    bench.max_waiting = 1
    async with started(bench) as scheduler:
        with pytest.raises(QueueFull):
            await bench.submitted(scheduler)
        for job in await bench.ledger.jobs.list_newest(limit=9, offset=0):
            assert (await bench.ended(job.id)).state is JobState.COMPLETED


async def test_what_a_watch_found_waits_for_a_place_and_is_not_lost() -> None:
    bench = tree()
    bench.max_waiting = 1
    async with watched(bench) as run:
        await run.watch()
        holder = await _paused(bench, run.scheduler)
        jobs_before = len(await run.jobs())
        run.library.put(b"two/new.jpg", b"image new")
        run.events.touch(b"two")
        run.clock.advance(10)
        await wait_all_tasks_blocked()
        assert len(await run.jobs()) == jobs_before
        folder = await run.folder()
        assert folder is not None
        assert "ERR_QUEUE_FULL" in str(folder.detail)
        await run.scheduler.control(holder, Control.CANCEL)
        await run.pass_by(60)
        assert (await run.jobs())[-1].counts.embedded == 1
        assert await run.ids_match()


async def _paused(bench: Bench, scheduler: JobScheduler) -> str:
    """A job of another collection that fills the queue; its id."""
    collection = await bench.collection("other")
    job = await scheduler.submit(collection, import_request("other", b"/photos"))
    await scheduler.control(job.id, Control.PAUSE)
    return job.id


async def test_a_full_queue_is_429_with_its_code_and_changes_nothing(tmp_path: Path) -> None:
    away = FakeService(down=True)
    async with orchestrator(tmp_path, service=away, max_queued_jobs=1) as running:
        paint(running.photos / "a.png", "red")
        paint(running.photos / "below/b.png", "red")
        accepted = await running.post("/ingest", {"directory_path": str(running.photos)})
        assert accepted.status_code == 202
        paused = await running.post(f"/jobs/{accepted.json()['job_id']}/pause", None)
        assert paused.json()["state"] == "paused"
        assert (await running.post("/collections", {"name": "cats"})).is_success
        body = {"directory_path": str(running.photos / "below"), "collection": "cats"}
        refused = await running.post("/ingest", {**body, "watch": True})
        check_problem(refused, 429, ErrorCode.QUEUE_FULL)
        assert int(refused.headers["retry-after"]) > 0
        cats = await running.get("/collections/cats")
        assert (cats["roots"], cats["watches"]) == ([], [])
