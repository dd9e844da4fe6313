"""What a job removed comes back by another: rows, vectors, words, and all that is known of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from anyio import create_task_group, fail_after, wait_all_tasks_blocked
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.jobs.states import Control
from ingestion_orchestration_fastapi_app.domain.jobs.undoing import UNDO
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.trash.trashed import TrashLimits
from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreRead
from ingestion_orchestration_fastapi_app.library.trash import restoring
from tests.component.bench import Bench
from tests.component.job_steps import started
from tests.component.test_pipeline_captions import captioning
from tests.component.test_sync import filled
from tests.component.undo_steps import (
    GONE,
    check_agreement,
    in_trash,
    kept_of,
    left_by,
    put_back,
    removed,
    said_by,
    take_away,
    undone,
)
from tests.memory_ports import MemoryContentCache
from utils.contract import JobCounts, JobState
from utils.contract.warnings import WarningCode, WarningDetail

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restoring, "GROUP", 2)


async def test_what_came_back_to_its_folder_is_found_unchanged_and_nothing_is_inferred() -> None:
    bench = await filled()
    expected, inferred = await bench.rows(), len(bench.inference.inferred)
    job, away = await removed(bench)
    assert any(line.event == "undo_possible" for line in job.progress.log)
    assert (await in_trash(bench)).points == len(GONE)
    put_back(bench, away)
    undo = await undone(bench, job)
    assert (undo.state, undo.reason) == (JobState.COMPLETED, None)
    assert said_by(undo).numbers == {"restored": 5, "not_kept": 0, "without_vector": 0}
    assert (undo.progress.done, undo.progress.total) == (5, 5)
    assert undo.progress.warning_details == (WarningDetail.of(WarningCode.STILL_GONE),)
    await check_agreement(bench, expected)
    bench.cache = MemoryContentCache()
    again = await bench.job(sync=True)
    assert again.counts == JobCounts(found=61, unchanged=60, skipped=1)
    assert again.progress.removed == 0
    assert len(bench.inference.inferred) == inferred
    assert (await in_trash(bench)).points == 0


async def test_what_is_still_gone_is_removed_again_and_may_be_undone_again() -> None:
    bench = await filled()
    expected = await bench.rows()
    job, away = await removed(bench)
    await undone(bench, job)
    assert await bench.rows() == expected
    again = await bench.job(sync=True)
    assert again.progress.removed == len(GONE)
    put_back(bench, away)
    assert said_by(await undone(bench, job)).numbers["restored"] == 0, "another job's by now"
    assert said_by(await undone(bench, again)).numbers["restored"] == len(GONE)
    await check_agreement(bench, expected)


async def test_it_may_be_paused_and_goes_on_where_it_was() -> None:
    bench = await filled()
    expected = await bench.rows()
    job, away = await removed(bench)
    put_back(bench, away)
    collections, collection = bench.collections(), await bench.collection()
    await collections.check_all()
    async with started(bench, collections) as scheduler, create_task_group() as tg:
        async with collections.writers.of(collection.id):
            request = scheduler.kinds.named(UNDO).request("default", {"job_id": job.id})
            undo = await scheduler.submit(collection, request)
            with fail_after(60):
                while not collections.writers.of(collection.id).statistics().tasks_waiting:
                    await checkpoint()
            tg.start_soon(scheduler.control, undo.id, Control.PAUSE)
            await wait_all_tasks_blocked()
        paused = await bench.until(undo.id, lambda record: record.state is JobState.PAUSED)
        assert paused.progress.done == 2
        assert said_by(paused).numbers["restored"] == 2
        await scheduler.control(undo.id, Control.RESUME)
        ended = await bench.ended(undo.id)
    assert (ended.progress.done, ended.progress.total) == (5, 5)
    assert said_by(ended).numbers == {"restored": 5, "not_kept": 0, "without_vector": 0}
    await check_agreement(bench, expected)


async def test_captions_come_back_with_what_they_say_of() -> None:
    bench = Bench(inference=captioning())
    for number in range(12):
        bench.library.put(b"%03d.jpg" % number, b"image %d" % number)
    await bench.job(captions=True)
    before = await bench.captions()
    assert all(before.values())
    away = take_away(bench.library, b"003.jpg")
    job = await bench.job(sync=True)
    assert "003.jpg" not in await bench.captions()
    put_back(bench, away)
    await undone(bench, job)
    assert await bench.captions() == before
    asked = len(bench.inference.inferred)
    again = await bench.job(captions=True)
    assert again.counts == JobCounts(found=12, unchanged=12)
    assert len(bench.inference.inferred) == asked


async def test_what_is_in_the_collection_again_is_left_as_it_is() -> None:
    bench = await filled()
    job, away = await removed(bench)
    put_back(bench, {path: file for path, file in away.items() if path.startswith(b"one/")})
    bench.library.put(b"one/001.jpg", b"image of something else")
    bench.library.put(b"two/000.jpg", b"no image any more")
    await bench.job()
    put_back(bench, {path: away[path] for path in (b"two/002.jpg", b"two/004.jpg")})
    expected = await bench.rows()
    undo = await undone(bench, job)
    assert said_by(undo).numbers["restored"] == 2
    assert left_by(undo) == {"id_taken": 2, "file_refused": 1}
    example = said_by(undo).findings["id_taken"].examples[0]
    assert example.path == "/photos/one/001.jpg"
    assert any("2 were left" in warning for warning in undo.progress.warnings)
    now = await bench.rows()
    assert now > expected
    await check_agreement(bench, now)
    assert (await in_trash(bench)).points == 1, "what was refused may be mended"
    put_back(bench, away)
    assert left_by(await undone(bench, job)) == {"file_refused": 1}, "an import looks at it first"


async def test_only_what_there_is_room_for_can_be_brought_back() -> None:
    bench = await filled(bench=Bench(trash=TrashLimits(size_bytes=1500)))
    job, away = await removed(bench)
    kept = await kept_of(bench, job)
    assert 0 < kept < len(GONE)
    assert any(f"5 removed images {kept} can" in warning for warning in job.progress.warnings)
    put_back(bench, away)
    undo = await undone(bench, job)
    assert said_by(undo).numbers == {
        "restored": kept,
        "not_kept": len(GONE) - kept,
        "without_vector": 0,
    }
    await check_agreement(bench, await bench.rows())
    assert (await bench.job()).counts.cached == len(GONE) - kept


async def test_nothing_is_kept_where_nothing_is_to_be() -> None:
    bench = await filled(bench=Bench(trash=TrashLimits(size_bytes=0)))
    job, _ = await removed(bench)
    assert (await in_trash(bench)).points == 0
    assert any("0 can be brought back" in warning for warning in job.progress.warnings)


async def test_what_is_too_old_is_thrown_away() -> None:
    bench = await filled()
    await removed(bench)
    trash = bench.collections().trash
    assert await trash.trim() == 0
    trash.limits = replace(trash.limits, days=-1)
    assert await trash.trim() == len(GONE)
    assert (await in_trash(bench)).points == 0
    trash.limits = TrashLimits(size_bytes=0)
    assert timedelta(days=TrashLimits().days) == timedelta(30)


async def test_a_removal_waits_as_long_as_what_it_removes_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = await filled()
    put, faults = bench.ledger.trash.put, [DiskFull("The disk is full.")]

    async def full_once(*args: object, **kwargs: object) -> None:
        assert len(await bench.rows()) == 60, "nothing went before it was kept"
        if faults:
            raise faults.pop()
        await put(*args, **kwargs)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(bench.ledger.trash, "put", full_once)
    monkeypatch.setattr("ingestion_orchestration_fastapi_app.jobs.context.RETRY_STORAGE_S", 0.01)
    job, _ = await removed(bench)
    assert await kept_of(bench, job) == len(GONE)
    assert not faults


async def test_what_cannot_be_read_is_not_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = await filled()
    take_away(bench.library, *GONE)

    async def unreadable(*_: object, **__: object) -> None:
        raise StoreRead("It cannot be read.", damaged_table="default")

    with monkeypatch.context() as patched:
        patched.setattr(bench.store, "get", unreadable)
        job = await bench.job(sync=True)
        assert job.state is JobState.FAILED
    assert len(await bench.rows()) == 60
    assert (await bench.job(sync=True)).progress.removed == len(GONE)


async def test_what_somebody_forgot_meanwhile_does_not_come_back_with_a_job() -> None:
    bench = await filled()
    bench.library.put(b"copy.jpg", b"image 1")
    await bench.job()
    job, away = await removed(bench)
    (copy,) = [
        point
        for point in await bench.store.page("default", limit=99, offset=0)
        if point.filename == "copy.jpg"
    ]
    collections = bench.collections()
    await collections.check_all()
    await bench.forgetting(collections).forget("default", [StoredImage.of(copy)])
    put_back(bench, away)
    undo = await undone(bench, job)
    assert left_by(undo) == {"image_forgotten": 1}
    assert said_by(undo).numbers["restored"] == 4
    await check_agreement(bench, await bench.rows())
    assert (await bench.job()).counts.skipped == 3, "two copies of what is forgotten, and a text"


async def test_a_root_that_moved_takes_along_what_was_removed_from_it() -> None:
    bench = await filled()
    expected = await bench.rows()
    job, _ = await removed(bench)
    collections, collection = bench.collections(), await bench.collection()
    await collections.check_all()
    await collections.roots.repoint(collection, b"/photos", b"/elsewhere")
    undo = await undone(bench, job, collections)
    assert said_by(undo).numbers["restored"] == len(GONE)
    assert set(await bench.rows()) == set(expected)
    points = await bench.store.page("default", limit=99, offset=0)
    assert {point.path.split(b"/")[1] for point in points} == {b"elsewhere"}


async def test_nothing_comes_back_to_a_root_that_was_forgotten() -> None:
    bench = await filled()
    job, _ = await removed(bench)
    collections, collection = bench.collections(), await bench.collection()
    await collections.check_all()
    await collections.roots.add(collection, b"/other")
    await collections.roots.forget(await bench.collection(), b"/photos")
    assert (await in_trash(bench)).points == 0
    undo = await undone(bench, job, collections)
    assert said_by(undo).numbers == {"restored": 0, "not_kept": 5, "without_vector": 0}


async def test_it_goes_with_its_collection_and_stays_over_a_new_name() -> None:
    bench = await filled()
    await removed(bench)
    collections, collection = bench.collections(), await bench.collection()
    await collections.check_all()
    await collections.rename("default", "renamed")
    assert (await bench.ledger.trash.size(collection.id)).points == len(GONE)
    await collections.delete("renamed")
    assert (await bench.ledger.trash.size(collection.id)).points == 0
