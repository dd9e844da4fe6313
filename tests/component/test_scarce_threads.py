"""A process that may start no more threads blames no file for that, and goes on when it may."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from anyio import fail_after, sleep

from ingestion_orchestration_fastapi_app.jobs import run
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from tests.component.orchestrator_app import PATIENCE_S, check_problem, orchestrator, paint
from tests.component.scarce_threads import ThreadLimit
from tests.component.test_job_kinds import NoOptions, Work, scheduled
from utils.contract import ErrorCode, JobState

pytestmark = pytest.mark.anyio

IMAGES = 20
OF_ROOTS = "files of a root"  # threads


@pytest.fixture
def thread_limit(monkeypatch: pytest.MonkeyPatch) -> ThreadLimit:
    return ThreadLimit(monkeypatch)


async def test_an_import_waits_for_threads_and_then_goes_on(
    tmp_path: Path, thread_limit: ThreadLimit
) -> None:
    async with orchestrator(tmp_path) as running:
        for number in range(IMAGES):
            paint(running.photos / f"{number}.png", "red", side_px=60 + number)
        asked = {"directory_path": str(running.photos)}
        job_id = (await running.post("/ingest", asked)).json()["job_id"]
        thread_limit.is_reached = True
        with fail_after(PATIENCE_S):
            while thread_limit.refused < 3:
                await sleep(0.01)
        thread_limit.is_reached = False
        job = await running.ended(job_id)
        assert (job["state"], job["reason"]) == ("completed", None)
        counts = job["counts"]
        assert (counts["found"], counts["failed"], counts["skipped"]) == (IMAGES, 0, 0)
        assert counts["embedded"] + counts["cached"] == IMAGES


async def test_a_request_for_which_there_is_no_thread_is_answered_as_overload(
    tmp_path: Path, thread_limit: ThreadLimit
) -> None:
    before = set(threading.enumerate())
    async with orchestrator(tmp_path) as running:
        paint(running.photos / "a.png", "red")
        await running.ingested()
        image = (await running.get("/images"))["images"][0]
        with fail_after(PATIENCE_S):  # the threads that waited for more files of the root end
            while any(one.name == OF_ROOTS for one in set(threading.enumerate()) - before):
                await sleep(0.01)
        thread_limit.is_reached = True
        refused = await running.http.get(image["file_url"])
        check_problem(refused, 503, ErrorCode.OVERLOADED)
        assert refused.headers["Retry-After"]
        thread_limit.is_reached = False
        assert (await running.http.get(image["file_url"])).status_code == 200


@dataclass
class Lacking(Work):
    """Has no thread for its first runs, each time in the middle of its work."""

    runs_without: int = 2

    async def run(self, scope: JobScope, options: NoOptions) -> Ending | None:
        ending = await super().run(scope, options)
        scope.progress.done += 1
        if len(self.order) <= self.runs_without:
            fault = RuntimeError("can't start new thread")
            raise ExceptionGroup("a stage's", [ValueError("its neighbour's"), fault])
        return ending


async def test_work_that_is_broken_off_for_want_of_a_thread_is_taken_up_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "RETRY_STORAGE_S", 0.001)
    work = Lacking()
    work.may_end.set()
    async with scheduled(work=work) as jobs:
        job = await jobs.bench.ended((await jobs.job("files")).id)
    assert (job.state, job.reason, len(work.order)) == (JobState.COMPLETED, None, 3)
    assert job.progress.done == 3  # what was counted before is counted still
