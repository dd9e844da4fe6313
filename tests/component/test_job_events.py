"""What a job says of itself: events, log, speed, and for how long it is remembered."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from anyio import (
    Event,
    create_memory_object_stream,
    create_task_group,
    current_time,
    fail_after,
    sleep,
)
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from fastapi import routing
from starlette.types import Message

from ingestion_orchestration_fastapi_app.api.jobs.event_stream import LISTENERS, LOOK_S
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    import_request,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, JobRequest
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.component.bench import adds_up
from tests.component.orchestrator_app import (
    FakeService,
    Running,
    check_problem,
    library,
    orchestrator,
)
from tests.unit.ledger_words import NOW, a_ledger
from utils.contract import ErrorCode, JobReply, JobState

pytestmark = pytest.mark.anyio


@dataclass
class Listener:
    """A client of the app that takes what is sent one by one, when it is asked to."""

    running: Running
    path: str
    left: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)
    chunks: tuple[MemoryObjectSendStream[bytes], MemoryObjectReceiveStream[bytes]] = field(
        default_factory=lambda: create_memory_object_stream[bytes](0)
    )
    is_whole: bool = False

    async def listen(self) -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
            "http_version": "1.1",
            "scheme": "http",
            "server": ("o", 80),
        }
        asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> Message:
            first = next(asked, None)
            if first is None:
                await self.left.wait()
                return {"type": "http.disconnect"}
            return first

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                self.is_whole = not message["more_body"]
                if message["body"]:
                    await self.chunks[0].send(message["body"])

        with self.chunks[0]:
            await self.running.app(scope, receive, send)
        self.ended.set()

    async def next(self) -> str:
        with fail_after(60):
            return (await self.chunks[1].receive()).decode()


def reply_of(text: str) -> JobReply:
    return JobReply.model_validate_json(text.removeprefix("data: "))


@asynccontextmanager
async def waiting_job(folder: Path) -> AsyncIterator[tuple[Running, str]]:
    """A job that waits for a service that is down."""
    library(folder)
    async with orchestrator(folder, service=FakeService(down=True)) as running:
        started = await running.post("/ingest", {"directory_path": str(running.photos)})
        yield running, started.json()["job_id"]


async def test_events_tell_a_job_until_its_final_state(tmp_path: Path) -> None:
    async with waiting_job(tmp_path) as (running, job_id), create_task_group() as tg:
        listener = Listener(running, f"/api/v1/jobs/{job_id}/events")
        tg.start_soon(listener.listen)
        replies = [reply_of(await listener.next())]
        times_s = [current_time()]
        running.service.down = False
        async for chunk in listener.chunks[1]:
            replies.append(reply_of(chunk.decode()))
            times_s.append(current_time())
        await listener.ended.wait()
        listener.chunks[1].close()
        assert listener.is_whole
        assert replies[-1] == JobReply.model_validate(await running.get(f"/jobs/{job_id}"))
        assert replies[-1].state is JobState.COMPLETED
        assert all(one.state is not JobState.COMPLETED for one in replies[:-1])
        assert all(adds_up(one.counts) for one in replies)
        assert all(one != other for one, other in pairwise(replies))
        gaps_s = [after - before for before, after in pairwise(times_s)]
        assert min(gaps_s[1:], default=math.inf) > LOOK_S / 2


async def test_an_ended_job_is_one_event(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        job = await running.ingested()
        answer = await running.http.get(f"/api/v1/jobs/{job['job_id']}/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert reply_of(answer.text) == JobReply.model_validate(job)
        gone = await running.http.get("/api/v1/jobs/nobody/events")
        check_problem(gone, 404, ErrorCode.JOB_NOT_FOUND)


async def test_a_job_that_says_nothing_new_sends_heartbeats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "_PING_INTERVAL", 0.001)  # FastAPI keeps it importable for this
    async with waiting_job(tmp_path) as (running, job_id), create_task_group() as tg:
        await running.post(f"/jobs/{job_id}/pause", None)
        listener = Listener(running, f"/api/v1/jobs/{job_id}/events")
        tg.start_soon(listener.listen)
        assert reply_of(await listener.next()).state is JobState.PAUSED
        for _ in range(3):
            assert (await listener.next()).startswith(":")
        listener.left.set()
        await listener.ended.wait()
        listener.chunks[1].close()


async def test_slow_and_vanished_listeners_cost_the_job_nothing_and_lose_their_place(
    tmp_path: Path,
) -> None:
    async with waiting_job(tmp_path) as (running, job_id), create_task_group() as tg:
        places = running.app.state.services.listeners
        path = f"/api/v1/jobs/{job_id}/events"
        slow, vanishing = Listener(running, path), Listener(running, path)
        tg.start_soon(slow.listen)  # and takes nothing
        tg.start_soon(vanishing.listen)
        await vanishing.next()
        with fail_after(60):
            while places.count < 2:
                await sleep(0.001)  # the slow one may still be on its way to its place
        vanishing.left.set()
        await vanishing.ended.wait()
        assert places.count == 1
        running.service.down = False
        assert (await running.ended(job_id))["counts"]["embedded"] == 13
        slow.left.set()
        await slow.ended.wait()
        assert places.count == 0
        for one in (slow, vanishing):
            one.chunks[1].close()


async def test_a_listener_that_leaves_in_the_middle_of_a_heartbeat_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "_PING_INTERVAL", 0.001)
    close = MemoryObjectReceiveStream.aclose

    async def closed_for_a_while(stream: MemoryObjectReceiveStream[bytes]) -> None:
        await close(stream)
        await sleep(0.02)  # FastAPI's heartbeats go on until it is told that all is over

    monkeypatch.setattr(MemoryObjectReceiveStream, "aclose", closed_for_a_while)
    async with waiting_job(tmp_path) as (running, job_id), create_task_group() as tg:
        listener = Listener(running, f"/api/v1/jobs/{job_id}/events")
        tg.start_soon(listener.listen)
        await listener.next()
        listener.left.set()
        await listener.ended.wait()
        assert running.app.state.services.listeners.count == 0
        listener.chunks[1].close()


async def test_one_listener_too_many_gets_one_event_and_a_time_to_come_back(
    tmp_path: Path,
) -> None:
    async with waiting_job(tmp_path) as (running, job_id), create_task_group() as tg:
        path = f"/api/v1/jobs/{job_id}/events"
        listeners = [Listener(running, path) for _ in range(LISTENERS)]
        for one in listeners:
            tg.start_soon(one.listen)
            await one.next()
        answer = await running.http.get(path)
        data, retry, _ = answer.text.split("\n", 2)
        assert retry == "retry: 5000"
        assert reply_of(data).job_id == job_id
        for one in listeners:
            one.left.set()
            await one.ended.wait()
            one.chunks[1].close()


async def test_the_log_has_a_bounded_tail_and_outlives_a_restart(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        job = await running.ingested()
    async with orchestrator(tmp_path) as running:
        lines = (await running.get(f"/jobs/{job['job_id']}/log"))["lines"]
        assert [line["event"] for line in lines][0 :: len(lines) - 1] == [
            "job_started",
            "job_finished",
        ]
        last = (await running.get(f"/jobs/{job['job_id']}/log?limit=1"))["lines"]
        assert last == lines[-1:]


async def test_time_left_is_a_range_once_all_is_found(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        job = await running.ingested()
        assert job["eta_s"] is job["eta_low_s"] is job["eta_high_s"] is None
        assert job["rate_average_images_per_s"] > 0
        assert {"read", "decode", "embed", "store"} <= set(job["stages"])


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with a_ledger(request.param, tmp_path) as opened:
        yield opened


async def created(ledger: Ledger, job_id: str, request: JobRequest) -> JobRecord:
    found = await ledger.collections.find(request.collection)
    found = found or await ledger.collections.create(
        request.collection, identity=request.collection
    )
    return await ledger.jobs.create(job_id, found.id, request)


async def test_old_jobs_are_forgotten_but_never_the_newest_or_an_unfinished_one(
    ledger: Ledger,
) -> None:
    request = import_request("default", b"/photos")
    for job_id in ("old", "open", "retried", "retry", "newest"):
        retry_of = "retried" if job_id == "retry" else None
        await created(ledger, job_id, replace(request, retry_of=retry_of))
    await created(ledger, "alone", import_request("other", b"/photos"))
    for job_id in ("old", "retried", "newest", "alone"):
        await ledger.jobs.move(job_id, JobState.CANCELLED)
    assert await ledger.jobs.prune(before=NOW) == 0
    later = NOW + timedelta(days=1)
    assert await ledger.jobs.prune(before=later) == 1
    kept = [job.id for job in await ledger.jobs.list_newest(limit=9, offset=0)]
    assert kept == ["alone", "newest", "retry", "retried", "open"]
    await ledger.jobs.move("retry", JobState.CANCELLED)
    assert await ledger.jobs.prune(before=later) == 2
