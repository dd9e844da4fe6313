"""A check of a collection finds what is wrong, mends what it may, and is exact over stops."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from uuid import uuid4

import numpy as np
import pytest
from anyio import Event, sleep_forever
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.adapters.content_cache import codec
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, JobRequest
from ingestion_orchestration_fastapi_app.domain.jobs.reports import report_of
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL, Control
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import JobStateProblem
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.verify import job as verify_job
from ingestion_orchestration_fastapi_app.verify.files import Wrong
from ingestion_orchestration_fastapi_app.verify.job import VERIFY
from tests.component.bench import Bench, mixed_folder
from tests.component.job_steps import started, stuck_after
from tests.memory_store import MemoryStore
from utils.contract import JobState

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_job, "PAGE", 4)


async def imported(*, images: int = 12) -> Bench:
    bench = Bench()
    mixed_folder(bench.library, images=images)
    await bench.job()
    return bench


async def points(bench: Bench) -> list[Point]:
    return await bench.store.get("default", sorted(await bench.rows()), vectors=True)


async def spoilt() -> Bench:
    """Two points are lost, and one of everything else is wrong."""
    bench = await imported()
    stored = await points(bench)
    named = {point.path.removeprefix(b"/photos/"): point for point in stored}
    await bench.store.delete("default", [named[b"003.jpg"].id, named[b"004.jpg"].id])
    odd = replace(named[b"005.jpg"], vector=named[b"005.jpg"].vector * np.float32(3))
    assert isinstance(bench.store, MemoryStore)
    bench.store.damage("default", odd)
    await bench.store.write("default", [named[b"006.jpg"]], may_exist=[])
    stranger = replace(named[b"007.jpg"], id=uuid4())
    await bench.store.write("default", [stranger], may_exist=[])
    forget_picture(bench, named[b"008.jpg"])
    del bench.library.files[b"009.jpg"]
    return bench


def forget_picture(bench: Bench, point: Point) -> None:
    del bench.cache.kept[codec.picture_key(bench.preparation.picture_version, point.sha256)]


EXPECTED = {
    Wrong.POINT_MISSING: (2, 2),
    Wrong.VECTOR_NOT_UNIT: (1, 1),
    Wrong.ROW_DUPLICATED: (1, 1),
    Wrong.ROW_UNKNOWN: (1, 1),
    Wrong.THUMBNAIL_MISSING: (1, 1),
    Wrong.FILE_MISSING: (1, 0),
}


def found(job: JobRecord) -> dict[str, tuple[int, int]]:
    """How many, and how many of them are mended, by what is wrong."""
    report = report_of(job.checkpoint.report)
    return {name: (one.count, one.mended) for name, one in report.findings.items()}


async def checked(
    bench: Bench, collections: Collections | None = None, *, mend: bool = True
) -> JobRecord:
    async with started(bench, collections) as scheduler:
        job = await asked(scheduler, bench, mend=mend)
        return await bench.ended(job.id)


async def asked(scheduler: JobScheduler, bench: Bench, *, mend: bool = True) -> JobRecord:
    request = JobRequest("default", VERIFY, None, {"mend": mend})
    return await scheduler.submit(await bench.collection(), request)


async def test_of_a_collection_in_order_nothing_is_said() -> None:
    bench = await imported()
    job = await checked(bench)
    assert job.state is JobState.COMPLETED
    assert found(job) == {}
    files = len(bench.library.files)
    assert (job.progress.done, job.progress.total) == (files, files)
    numbers = report_of(job.checkpoint.report).numbers
    assert numbers["files"] == files
    assert numbers["rows"] == numbers["ids"] == numbers["points"] == len(await bench.rows())


async def test_everything_that_is_wrong_is_found_named_and_mended_where_it_may_be() -> None:
    bench = await spoilt()
    job = await checked(bench)
    assert found(job) == EXPECTED
    report = report_of(job.checkpoint.report)
    lost = report.findings[Wrong.POINT_MISSING].examples
    assert sorted(one.path for one in lost) == ["/photos/003.jpg", "/photos/004.jpg"]
    (missing,) = report.findings[Wrong.FILE_MISSING].examples
    assert missing.path == "/photos/009.jpg"
    again = await checked(bench)
    assert found(again) == {name: counts for name, counts in EXPECTED.items() if counts[1] == 0}, (
        "what was mended is in order"
    )


async def test_the_next_import_brings_back_what_was_lost_and_appends_nothing_twice() -> None:
    bench = await spoilt()
    inferred = len(bench.inference.inferred)
    await checked(bench)
    job = await bench.job()
    assert job.counts.cached == 3, "the two that were lost, and the one whose vector was odd"
    again = bench.inference.inferred[inferred:]
    assert not {b"image 3", b"image 4", b"image 5"} & set(again), "their vectors were remembered"
    await bench.resumed()  # the stranger's words are made at a start
    assert set((await bench.rows()).values()) == {1}
    assert set(found(await checked(bench))) == {Wrong.FILE_MISSING}


async def test_who_asks_only_for_a_look_finds_all_and_changes_nothing() -> None:
    bench = await spoilt()
    look = await checked(bench, mend=False)
    assert found(look) == {name: (count, 0) for name, (count, _) in EXPECTED.items()}
    assert found(await checked(bench)) == EXPECTED


async def test_files_of_a_disk_that_is_away_are_not_blamed() -> None:
    bench = await imported()
    kept = dict(bench.library.files)
    bench.library.files.clear()
    job = await checked(bench)
    assert found(job) == {}
    assert report_of(job.checkpoint.report).numbers["away"] == len(await bench.rows())
    assert any("away" in warning for warning in job.progress.warnings)
    bench.library.files.update(kept)
    bench.library.devices[b"/photos"] = 99
    del bench.library.files[b"000.jpg"]
    assert found(await checked(bench)) == {}, "another disk is mounted there"


async def test_a_thumbnail_that_cannot_be_made_is_named() -> None:
    bench = await imported()
    (point,) = [one for one in await points(bench) if one.path == b"/photos/001.jpg"]
    forget_picture(bench, point)
    bench.library.put(point.path.removeprefix(b"/photos/"), b"image that is another one now")
    assert found(await checked(bench)) == {Wrong.THUMBNAIL_MISSING: (1, 0)}


async def test_a_check_runs_beside_an_import_and_blames_nothing_that_it_does() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    stuck_after(bench, 2)
    async with started(bench) as scheduler:
        job = await bench.submitted(scheduler)
        await bench.until(job.id, lambda record: record.counts.embedded > 0)
        check = await bench.ended((await asked(scheduler, bench)).id)
        assert check.state is JobState.COMPLETED
        assert found(check) == {}
        now = await bench.ledger.jobs.find(job.id)
        assert now is not None
        assert now.state is JobState.RUNNING


async def test_a_check_that_is_stopped_anywhere_reports_as_if_it_had_not_been() -> None:
    """Paused and resumed, or cut off as by a kill, after each so many turns of the loop."""
    for turns in (0, 11, 29, 53, 83, 113, 157):
        for is_kill in (False, True):
            bench = await spoilt()
            files = await bench.ledger.folders.totals(1, b"/", recursive=True)
            job = await stopped(bench, turns, is_kill=is_kill)
            assert job.state is JobState.COMPLETED
            assert found(job) == EXPECTED, (turns, is_kill)
            assert job.progress.done == job.progress.total == files[0]


async def stopped(bench: Bench, turns: int, *, is_kill: bool) -> JobRecord:
    async with started(bench) as scheduler:
        job = await asked(scheduler, bench)
        for _ in range(turns):
            await checkpoint()
        if not is_kill:
            try:
                paused = await scheduler.control(job.id, Control.PAUSE)
            except JobStateProblem:  # it had ended by then
                return await bench.ended(job.id)
            assert paused.state is JobState.PAUSED
            await scheduler.control(job.id, Control.RESUME)
            return await bench.ended(job.id)
    async with started(bench):
        return await bench.ended(job.id)


STEPS = ("save_checkpoint", "correct", "put_pictures", "drop_odd_rows")


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_check_that_is_cut_off_at_any_durable_step_reports_as_if_it_had_not_been(
    step: str, is_after: bool
) -> None:
    calls = 0
    while True:
        bench = await spoilt()
        job = await cut_off(bench, step, calls + 1, is_after=is_after)
        if job is None:
            break
        async with started(bench):
            ended = await bench.ended(job.id)
        assert found(ended) == EXPECTED, calls + 1
        calls += 1
    assert calls


async def cut_off(bench: Bench, step: str, call: int, *, is_after: bool) -> JobRecord | None:
    """As a kill at the n-th call of the step, from 1. None where there are not so many."""
    owners = (bench.ledger.jobs, bench.ledger.artefacts, bench.cache, bench.store)
    owner = next(one for one in owners if hasattr(one, step))
    really, numbers, reached = getattr(owner, step), count(1), Event()

    async def cut(*args: object, **kwargs: object) -> None:
        is_last = next(numbers) == call
        if is_after or not is_last:
            await really(*args, **kwargs)
        if is_last:
            reached.set()
            await sleep_forever()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, step, cut)
        async with started(bench) as scheduler:
            job = await asked(scheduler, bench)
            while not reached.is_set():
                now = await bench.ledger.jobs.find(job.id)
                assert now is not None
                if now.state in FINAL:
                    return None
    return job


async def test_a_check_that_is_cancelled_keeps_what_it_had_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It stands still at a thumbnail, whose page is kept with what is to be mended of it."""
    bench, reached = await spoilt(), Event()

    async def stuck(*_: object, **__: object) -> None:
        reached.set()
        await sleep_forever()

    monkeypatch.setattr(bench.preparation, "prepare", stuck)
    async with started(bench) as scheduler:
        job = await asked(scheduler, bench)
        await reached.wait()
        ended = await scheduler.control(job.id, Control.CANCEL)
    assert ended.state is JobState.CANCELLED
    kept = found(ended)
    assert kept[Wrong.THUMBNAIL_MISSING] == (1, 0)
    assert kept[Wrong.POINT_MISSING][0] == 2
    assert set(kept) <= set(EXPECTED)
