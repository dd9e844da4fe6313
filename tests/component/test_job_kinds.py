"""Jobs of any kind: lanes, readers, kinds that nobody knows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from anyio import Event, create_task_group, wait_all_tasks_blocked
from pydantic import BaseModel

from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, JobRequest
from ingestion_orchestration_fastapi_app.domain.jobs.states import Control
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind, Kinds
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from tests.component.bench import Bench
from utils.contract import ErrorCode, JobState

pytestmark = pytest.mark.anyio


class NoOptions(BaseModel):
    lane: str | None = None


@dataclass
class Work:
    """A kind whose jobs end when they are let go; which lane one runs in is its option."""

    order: list[str] = field(default_factory=list)
    may_end: Event = field(default_factory=Event)

    @property
    def kind(self) -> Kind[NoOptions]:
        return Kind("work", NoOptions, self.run, lambda options: options.lane)

    async def run(self, scope: JobScope, options: NoOptions) -> Ending | None:
        self.order.append(scope.job_id)
        with scope.stop.interruptible():
            await self.may_end.wait()
        return None if scope.stop.asked else Ending(JobState.COMPLETED)


@dataclass
class Run:
    bench: Bench
    work: Work
    scheduler: JobScheduler

    async def job(self, lane: str | None, *, name: str = "default") -> JobRecord:
        request = self.work.kind.request(name, {"lane": lane})
        return await self.scheduler.submit(await self.bench.collection(name), request)

    async def running(self) -> list[str]:
        await wait_all_tasks_blocked()
        return [one for one in self.work.order if self.scheduler.live_progress(one) is not None]


@asynccontextmanager
async def scheduled(
    bench: Bench | None = None, *, max_running: int = 4, work: Work | None = None
) -> AsyncIterator[Run]:
    bench, work = bench or Bench(), work or Work()
    ports = bench.ports()
    scheduler = JobScheduler(ports, Kinds([work.kind]), max_running=max_running, max_waiting=99)
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        yield Run(bench, work, scheduler)
        tg.cancel_scope.cancel()


async def test_jobs_of_one_lane_run_one_by_one_in_the_order_of_creation() -> None:
    async with scheduled() as run:
        jobs = [await run.job("files") for _ in range(3)]
        assert await run.running() == [jobs[0].id]
        run.work.may_end.set()
        for job in jobs:
            assert (await run.bench.ended(job.id)).state is JobState.COMPLETED
    assert run.work.order == [job.id for job in jobs]


async def test_lanes_collections_and_readers_run_beside_each_other() -> None:
    async with scheduled() as run:
        files, captions = await run.job("files"), await run.job("captions")
        other = await run.job("files", name="other")
        readers = [await run.job(None) for _ in range(2)]
        ids = {job.id for job in (files, captions, other, *readers)}
        assert set(await run.running()) == ids


async def test_a_reader_waits_for_no_place_among_the_others_nor_they_for_one_of_its() -> None:
    async with scheduled(max_running=1) as run:
        files = await run.job("files")
        await run.job("captions")
        reader, later = await run.job(None), await run.job(None)
        assert set(await run.running()) == {files.id, reader.id}
        await run.scheduler.control(reader.id, Control.CANCEL)
        assert set(await run.running()) == {files.id, later.id}


async def test_a_paused_job_keeps_its_lane_alone() -> None:
    async with scheduled() as run:
        paused = await run.job("files")
        await wait_all_tasks_blocked()
        await run.scheduler.control(paused.id, Control.PAUSE)
        behind, captions = await run.job("files"), await run.job("captions")
        assert await run.running() == [captions.id]
        await run.scheduler.control(paused.id, Control.CANCEL)
        assert set(await run.running()) == {captions.id, behind.id}


async def test_who_waits_for_a_lane_does_not_wait_for_readers() -> None:
    async with scheduled() as run:
        reader = await run.job(None)
        await wait_all_tasks_blocked()
        await run.scheduler.idle(reader.collection_id, "files")
        assert await run.running() == [reader.id]


async def test_a_lane_is_kept_over_a_restart() -> None:
    bench = Bench()
    async with scheduled(bench) as run:
        first = await run.job("files")
        await wait_all_tasks_blocked()
        await run.scheduler.control(first.id, Control.PAUSE)
    async with scheduled(bench) as run:
        await run.job("files")
        assert await run.running() == []


async def test_a_job_of_a_kind_that_nobody_knows_fails_alone_and_says_so() -> None:
    """As after a return to an older version."""
    async with scheduled() as run:
        collection = await run.bench.collection()
        unknown = await run.scheduler.submit(collection, JobRequest("default", "newer", "files"))
        ended = await run.bench.ended(unknown.id)
        assert (ended.state, ended.reason_code) == (JobState.FAILED, ErrorCode.JOB_KIND)
        assert "work" in str(ended.reason)
        known = await run.job("files")
        assert await run.running() == [known.id]
