"""Watching loses nothing: guards, folders that vanish, mounts, cuts, a ledger out of reach."""

from __future__ import annotations

from functools import partial

import pytest
from anyio import fail_after
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, FileRecord
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, Origin
from ingestion_orchestration_fastapi_app.errors import StoreWrite
from ingestion_orchestration_fastapi_app.watch.watched_folder import PROBE_S, RETRY_S
from tests.component import test_crashes
from tests.component.bench import PATIENCE_S, Bench
from tests.component.test_crashes import Fuse, cut
from tests.component.test_sync import REMOVAL
from tests.component.watch_bench import (
    PHOTOS,
    RESCAN_S,
    Watched,
    ids_match,
    only_new_job,
    quiet,
    rescans,
    tree,
    watched,
)
from tests.fakes import OLD_NS
from utils.contract import ErrorCode, JobCounts
from utils.contract.warnings import WarningCode, WarningDetail

pytestmark = pytest.mark.anyio


async def test_the_guard_stops_a_removal_once_and_says_so_again_only_when_more_is_missing() -> None:
    async with watched(tree()) as run:
        await run.watch()
        lost = sorted(run.library.files)[:21]
        kept = {path: run.library.files.pop(path) for path in lost}
        run.events.touch(b"one", b"two")
        await quiet(run)
        job = await only_new_job(run)
        assert job.reason_code is ErrorCode.DELETE_GUARD
        assert "21 of 60" in (job.reason or "")
        assert len(await run.bench.rows()) == 60
        await rescans(run)
        run.events.touch(b"one")  # as a catalogue beside the photos that is written all the time
        await quiet(run)
        assert len(await run.jobs()) == 2, "it was said once"
        del run.library.files[b"two/deep/002.jpg"]
        run.events.touch(b"two/deep")
        await quiet(run)
        jobs = await run.jobs()
        assert len(jobs) == 3
        assert jobs[-1].reason_code is None, "one file alone is no alarm"
        assert len(await run.bench.rows()) == 59
        run.library.files |= kept
        await run.pass_by(RESCAN_S)
        assert await run.ids_match()
        assert len(await run.jobs()) == 3, "they were never forgotten"


async def test_a_folder_that_vanishes_loses_nothing_and_is_watched_again_when_it_is_back() -> None:
    async with watched(tree()) as run:
        await run.watch()
        files, devices = dict(run.library.files), dict(run.library.devices)
        run.library.files.clear()
        run.library.devices.clear()
        run.events.touch(b"", b"one", deep=True)
        await rescans(run)
        folder = await run.folder()
        assert folder is not None
        assert not folder.has_events
        assert folder.detail == "the folder is not there"
        assert folder.warning == WarningDetail.of(WarningCode.WATCH_FOLDER_AWAY)
        assert len(await run.jobs()) == 1
        run.library.files.update(files)
        run.library.devices.update(devices)
        run.library.put(b"one/new.jpg", b"image new")
        await run.pass_by(PROBE_S + 1)
        assert folder.has_events
        assert (await only_new_job(run)).counts.embedded == 1
        run.library.put(b"one/newer.jpg", b"image newer")
        run.events.touch(b"one")
        await quiet(run)
        assert await run.ids_match()


async def test_an_empty_mount_point_in_the_place_of_the_folder_loses_nothing() -> None:
    async with watched(tree()) as run:
        await run.watch()
        files = dict(run.library.files)
        run.library.files.clear()
        run.library.devices[PHOTOS] = 2
        await run.pass_by(PROBE_S + 1)
        jobs = await run.jobs()
        assert len(jobs) == 2
        assert any("another file system" in warning for warning in jobs[-1].progress.warnings)
        await rescans(run)
        assert len(await run.jobs()) == 2, "it was said once"
        assert len(await run.bench.rows()) == 60
        run.library.files.update(files)
        run.library.devices[PHOTOS] = 1
        await run.pass_by(PROBE_S + 1)
        assert len(await run.jobs()) == 2
        assert await run.ids_match()


@pytest.mark.parametrize("folder_stays", [True, False])
async def test_a_mount_inside_that_is_not_there_protects_what_was_below_it(
    folder_stays: bool,
) -> None:
    bench = tree()
    bench.library.devices[PHOTOS + b"/disk"] = 7
    for number in range(3):
        bench.library.put(b"disk/a/%d.jpg" % number, b"image disk %d" % number)
    async with watched(bench) as run:
        await run.watch()
        gone = [path for path in run.library.files if path.startswith(b"disk/")]
        files = {path: run.library.files.pop(path) for path in gone}
        run.library.devices[PHOTOS + b"/disk"] = 1
        if not folder_stays:
            del run.library.devices[PHOTOS + b"/disk"]
        run.events.touch(b"disk/a", deep=True)
        await quiet(run)
        await rescans(run)
        assert len(await run.bench.rows()) == 63
        jobs = len(await run.jobs())
        await rescans(run)
        assert len(await run.jobs()) == jobs, "no noise while it is away"
        run.library.files.update(files)
        run.library.devices[PHOTOS + b"/disk"] = 9
        await run.pass_by(RESCAN_S)
        del run.library.files[b"disk/a/0.jpg"]
        run.events.touch(b"disk/a")
        await quiet(run)
        assert await run.ids_match()


async def test_without_recursion_new_files_are_picked_up_and_none_is_removed() -> None:
    bench = tree()
    bench.library.put(b"top.jpg", b"image top")
    bench.library.put(b"other.jpg", b"image other")
    async with watched(bench) as run:
        await run.watch(recursive=False)
        assert (await only_new_job(run, before=0)).counts == JobCounts(found=2, embedded=2)
        del run.library.files[b"top.jpg"]
        run.library.put(b"new.jpg", b"image new")
        run.events.touch(b"")
        await quiet(run)
        assert (await only_new_job(run)).counts == JobCounts(found=2, unchanged=1, embedded=1)
        await rescans(run)
        assert len(await run.jobs()) == 2
        assert len(await run.bench.rows()) == 3


async def test_what_cannot_be_read_and_what_is_no_image_cause_no_further_jobs() -> None:
    bench = tree()
    bench.library.put(b"one/bad.jpg", b"image corrupt")
    bench.library.put(b"one/catalogue.db", b"text")
    async with watched(bench) as run:
        await run.watch()
        for number in range(3):
            run.library.put(b"one/catalogue.db", b"text %d" % number, mtime_ns=OLD_NS + number)
            run.events.touch(b"one")
            await quiet(run)
        await rescans(run)
        assert len(await run.jobs()) == 1
        run.library.put(b"one/bad.jpg", b"image mended", mtime_ns=OLD_NS + 1)
        run.events.touch(b"one")
        await quiet(run)
        assert (await only_new_job(run)).counts.embedded == 1


async def test_a_watch_that_is_ended_is_ended_for_good() -> None:
    bench = tree()
    async with watched(bench) as run:
        await run.watch()
        collection = await bench.collection()
        await run.watching.end(collection.id, PHOTOS)
        await run.watching.end(collection.id, PHOTOS)
        await check_ended(run)
    async with watched(bench) as run:
        await check_ended(run)


async def check_ended(run: Watched) -> None:
    run.library.put(b"one/new.jpg", b"image new")
    run.events.touch(b"one")
    await rescans(run)
    assert len(await run.jobs()) == 1
    assert await run.folder() is None


async def test_deleting_the_collection_ends_its_watch() -> None:
    bench: Bench = tree()
    async with watched(bench) as run:
        await run.watch()
        old = await bench.collection()
        await bench.collections().delete("default")
        run.watching.forget(old.id)
        await run.settled()
        with fail_after(PATIENCE_S):
            while not all(feed.closed for feed in run.events.feeds):
                await checkpoint()
        again = await bench.collection()
        assert again.watches == ()
        await rescans(run)
        assert await run.jobs() == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_cut_at_any_step_of_a_job_over_folders_ends_like_an_uninterrupted_one(
    after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_crashes, "DURABLE", test_crashes.DURABLE | REMOVAL)
    burnt: set[str] = set()
    for step in range(1, 100):
        bench = tree(images=12)
        bench.library.put(b"gone/1.jpg", b"image gone")
        await bench.job()
        del bench.library.files[b"gone/1.jpg"], bench.library.files[b"one/000.jpg"]
        bench.library.put(b"one/new.jpg", b"image new")
        fuse = Fuse(step, after=after)
        await cut(bench, fuse, partial(watch_job, bench))
        if fuse.burnt_at is None:
            break
        burnt.add(fuse.burnt_at)
        await bench.resumed()
        job = (await bench.ledger.jobs.list_newest(limit=1, offset=0))[0]
        where = f"{fuse.burnt_at}, step {step}"
        assert job.counts == JobCounts(found=4, unchanged=3, embedded=1), where
        assert job.progress.removed == 2, where
        assert await ids_match(bench), where
    assert burnt >= REMOVAL


async def watch_job(bench: Bench) -> JobRecord:
    folders = (PHOTOS + b"/gone", PHOTOS + b"/one")
    return await bench.job(sync=True, folders=folders, origin=Origin.WATCH)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (StoreWrite("the ledger is locked"), "the ledger is locked"),
        (RuntimeError("can't start new thread"), "can't start new thread"),
    ],
)
async def test_a_ledger_that_cannot_be_read_for_a_while_delays_a_look_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, words: str
) -> None:
    async with watched(tree()) as run:
        await run.watch()
        real = run.bench.ledger.files.recall

        async def locked(*_: object) -> dict[FileKey, FileRecord]:
            await checkpoint()
            raise fault

        monkeypatch.setattr(run.bench.ledger.files, "recall", locked)
        run.library.put(b"one/new.jpg", b"image new")
        run.events.touch(b"one")
        await quiet(run)
        folder = await run.folder()
        assert folder is not None
        assert words in (folder.detail or "")
        monkeypatch.setattr(run.bench.ledger.files, "recall", real)
        await run.pass_by(RETRY_S + PROBE_S)
        assert (await only_new_job(run)).counts.embedded == 1
        assert folder.detail is None
