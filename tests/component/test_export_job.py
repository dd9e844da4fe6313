"""An export is of one version, bounded in memory, and whole or not at all, whatever cuts it off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from typing import Any

import pytest
from anyio import Event, sleep_forever, wait_all_tasks_blocked

from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, JobRequest
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL, Control
from ingestion_orchestration_fastapi_app.errors import DiskFull
from ingestion_orchestration_fastapi_app.jobs import run as job_run
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.transfer import export_job
from ingestion_orchestration_fastapi_app.transfer.export_job import EXPORT
from tests.component.bench import Bench, mixed_folder
from tests.component.job_steps import started
from tests.component.test_pipeline_captions import captioning
from tests.memory_store import MemoryStore
from utils.contract import ErrorCode, JobState

pytestmark = pytest.mark.anyio

IMAGES = 8


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_job, "FILE_BYTES", 1)  # a group a file
    monkeypatch.setattr(job_run, "RETRY_STORAGE_S", 0.001)


async def imported() -> Bench:
    bench = Bench(inference=captioning())
    mixed_folder(bench.library, images=IMAGES)
    await bench.job(captions=True)
    return bench


async def asked(scheduler: JobScheduler, bench: Bench, **options: object) -> JobRecord:
    kind = scheduler.kinds.named(EXPORT)
    given = {"name": "it", **options}
    return await scheduler.submit(await bench.collection(), kind.request("default", given))


async def exported(bench: Bench, **options: object) -> JobRecord:
    async with started(bench) as scheduler:
        return await bench.ended((await asked(scheduler, bench, **options)).id)


def rows_of(bench: Bench, name: str = "it") -> list[object]:
    manifest, files = bench.exports.finished[name]
    found = [row["id"] for one in manifest.files for row in files[one.name]]
    assert manifest.rows == len(found)
    return found


async def check_whole(bench: Bench) -> None:
    assert sorted(map(str, rows_of(bench))) == sorted(map(str, await bench.rows()))
    assert bench.exports.begun == {}


@asynccontextmanager
async def held_at(bench: Bench, step: str, call: int) -> AsyncIterator[tuple[Event, Event]]:
    """The n-th call of a step of the exports waits: when it is reached, and when it may go on."""
    really, numbers = getattr(bench.exports, step), count(1)
    reached, go_on = Event(), Event()

    async def wait(*args: object, **kwargs: object) -> object:
        if next(numbers) == call:
            reached.set()
            await go_on.wait()
        return await really(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.exports, step, wait)
        yield reached, go_on


async def test_captions_and_what_the_ledger_knows_are_in_it() -> None:
    bench = await imported()
    job = await exported(bench)
    assert (job.state, job.reason) == (JobState.COMPLETED, "it")
    await check_whole(bench)
    manifest, files = bench.exports.finished["it"]
    assert len(manifest.files) >= 3
    rows = [row for one in manifest.files for row in files[one.name]]
    captions = await bench.captions()
    assert {row["filename"]: row["caption"] for row in rows} == captions
    assert all(row["caption_model"] and row["mtime_trusted"] is not None for row in rows)


async def test_what_is_imported_meanwhile_is_not_in_it() -> None:
    bench = await imported()
    before = sorted(map(str, await bench.rows()))
    async with held_at(bench, "finish", 1) as (reached, go_on), started(bench) as scheduler:
        job = await asked(scheduler, bench)
        await reached.wait()
        bench.library.put(b"new.jpg", b"image that is new")
        await bench.ended((await bench.submitted(scheduler)).id)
        go_on.set()
        await bench.ended(job.id)
    assert len(await bench.rows()) == len(before) + 1
    assert sorted(map(str, rows_of(bench))) == before


STEPS = ("begin", "finish", "save_checkpoint", "move")


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_an_export_that_is_cut_off_at_any_step_ends_whole(step: str, is_after: bool) -> None:
    calls = 0
    while True:
        bench = await imported()
        job = await cut_off(bench, step, calls + 1, is_after=is_after)
        if job is None:
            break
        if "it" in bench.exports.finished:
            await check_whole(bench)  # never a half one under its name
        async with started(bench):
            ended = await bench.ended(job.id)
        assert (ended.state, ended.reason) == (JobState.COMPLETED, "it")
        await check_whole(bench)
        calls += 1
    assert calls


async def cut_off(bench: Bench, step: str, call: int, *, is_after: bool) -> JobRecord | None:
    """As a kill at the n-th call of the step, from 1. None where there are not so many."""
    owners = (bench.exports, bench.ledger.jobs)
    owner = next(one for one in owners if hasattr(one, step))
    really, numbers, reached = getattr(owner, step), count(1), Event()

    async def cut(*args: object, **kwargs: object) -> object:
        is_last = next(numbers) == call
        result = None
        if is_after or not is_last:
            result = await really(*args, **kwargs)
        if is_last:
            reached.set()
            await sleep_forever()
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, step, cut)
        async with started(bench) as scheduler:
            job = await asked(scheduler, bench)
            while not reached.is_set():
                now = await bench.ledger.jobs.find(job.id)
                assert now is not None
                if now.state in FINAL:
                    return None
                await wait_all_tasks_blocked()
    return job


async def test_a_paused_export_goes_on_behind_its_last_whole_file() -> None:
    bench = await imported()
    assert isinstance(bench.store, MemoryStore)
    whole = len(await bench.rows())
    for is_pruned, skipped in ((False, [whole]), (True, [whole, 0])):
        async with held_at(bench, "finish", 1) as (reached, _), started(bench) as scheduler:
            job = await asked(scheduler, bench, name=f"pruned-{is_pruned}")
            await reached.wait()
            paused = await scheduler.control(job.id, Control.PAUSE)
            assert paused.state is JobState.PAUSED
        if is_pruned:
            bench.store.prune("default")
        with noted_skips(bench.store) as noted:
            async with started(bench) as scheduler:
                await scheduler.control(job.id, Control.RESUME)
                ended = await bench.ended(job.id)
        assert ended.state is JobState.COMPLETED
        assert noted == skipped
        assert len(rows_of(bench, f"pruned-{is_pruned}")) == whole


@contextmanager
def noted_skips(store: MemoryStore) -> Iterator[list[int]]:
    """How many rows each reading of a version passes over."""
    really, noted = store.points, list[int]()

    def points(*args: Any, skip: int, **kwargs: Any) -> object:
        noted.append(skip)
        return really(*args, skip=skip, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "points", points)
        yield noted


async def test_a_cancelled_export_leaves_nothing_also_where_it_was_paused() -> None:
    bench = await imported()
    for is_paused in (False, True):
        async with held_at(bench, "finish", 1) as (reached, _), started(bench) as scheduler:
            job = await asked(scheduler, bench)
            await reached.wait()
            assert bench.exports.begun
            if is_paused:
                await scheduler.control(job.id, Control.PAUSE)
                assert bench.exports.begun, "it goes on with that"
            ended = await scheduler.control(job.id, Control.CANCEL)
            await wait_all_tasks_blocked()
        assert ended.state is JobState.CANCELLED
        assert not bench.exports.begun
        assert not bench.exports.finished


async def test_a_full_disk_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = await imported()
    really, numbers = bench.exports.finish, count()

    async def full(*args: object) -> None:
        if next(numbers) < 2:
            raise DiskFull("full")
        await really(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.exports, "finish", full)
    job = await exported(bench)
    assert job.state is JobState.COMPLETED
    await check_whole(bench)


async def test_a_disk_that_is_too_small_is_said_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = await imported()

    async def few() -> int:
        return 1000

    monkeypatch.setattr(bench.exports, "free_bytes", few)
    job = await exported(bench)
    assert (job.state, job.reason_code) == (JobState.FAILED, ErrorCode.DISK_FULL)
    assert not bench.exports.begun
    assert not bench.exports.finished


async def test_a_name_that_another_export_has_is_not_taken() -> None:
    bench = await imported()
    await exported(bench)
    again = await exported(bench)
    assert (again.state, again.reason_code) == (JobState.FAILED, ErrorCode.EXPORT_EXISTS)
    unnamed = await exported(bench, name=None)
    assert unnamed.reason is not None
    assert unnamed.reason.startswith("default-20")


async def test_options_that_are_kept_are_those_that_were_asked_for() -> None:
    bench = await imported()
    filters = {"none_of": [{"folder": "/photos", "formats": ["png"]}], "taken_after": None}
    job = await exported(bench, filters=filters, vectors=False)
    assert isinstance(job.request, JobRequest)
    assert job.state is JobState.COMPLETED
    manifest, files = bench.exports.finished["it"]
    assert manifest.filters == {"none_of": [{"folder": "/photos", "formats": ["png"]}]}
    assert all(row["vector"] is None for one in files.values() for row in one)
