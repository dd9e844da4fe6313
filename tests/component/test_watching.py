"""What changes in a watched folder is picked up in small jobs, and nothing is lost or repeated."""

from __future__ import annotations

import pytest

from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.ports.folders.folder_events import MAX_FOLDERS, MAX_QUIETS
from tests.component.watch_bench import (
    DEBOUNCE_S,
    PHOTOS,
    RESCAN_S,
    Watched,
    only_new_job,
    quiet,
    rescans,
    tree,
    watched,
)
from tests.fakes import OLD_NS
from utils.contract import JobCounts, JobState

pytestmark = pytest.mark.anyio


async def test_watching_a_new_folder_imports_it_in_one_job() -> None:
    async with watched(tree()) as run:
        await run.watch()
        job = await only_new_job(run, before=0)
        assert job.counts == JobCounts(found=60, embedded=60)
        assert await run.ids_match()


async def test_a_new_file_is_picked_up_by_one_job_over_its_folder_alone() -> None:
    async with watched(tree()) as run:
        await run.watch()
        run.library.put(b"two/new.jpg", b"image new")
        run.events.touch(b"two")
        await quiet(run)
        job = await only_new_job(run)
        assert job.request.folders == (PHOTOS + b"/two",)
        assert job.counts == JobCounts(found=21, unchanged=20, embedded=1)
        assert await run.ids_match()
        assert any("by watching" in line.detail for line in job.progress.log)


async def test_a_changed_file_and_a_changed_sidecar_are_picked_up() -> None:
    async with watched(tree()) as run:
        await run.watch()
        calls = len(run.bench.inference.inferred)
        run.library.put(b"one/000.jpg", b"image other", mtime_ns=OLD_NS + 1)
        run.library.put(b"one/003.jpg", b"image 3", sidecar_mark=7)
        run.events.touch(b"one")
        await quiet(run)
        assert (await only_new_job(run)).counts == JobCounts(
            found=20, unchanged=18, embedded=1, cached=1
        )
        assert len(run.bench.inference.inferred) == calls + 1


async def test_points_of_removed_files_go() -> None:
    async with watched(tree()) as run:
        await run.watch()
        del run.library.files[b"one/000.jpg"]
        run.events.touch(b"one")
        await quiet(run)
        assert (await only_new_job(run)).progress.removed == 1
        assert await run.ids_match()


async def test_a_folder_that_moves_is_followed_without_inference() -> None:
    async with watched(tree()) as run:
        await run.watch()
        calls = len(run.bench.inference.inferred)
        for path in [path for path in run.library.files if path.startswith(b"two/deep/")]:
            run.library.files[b"three/" + path[9:]] = run.library.files.pop(path)
            if len([one for one in run.library.files if one.startswith(b"three/")]) == 6:
                break  # the rest stays: the folder is not emptied
        run.events.touch(b"two/deep", b"three", deep=True)
        await quiet(run)
        job = await only_new_job(run)
        assert job.counts.cached == 6
        assert job.progress.removed == 6
        assert len(run.bench.inference.inferred) == calls
        assert await run.ids_match()


async def test_a_folder_that_is_deleted_whole_is_no_alarm_while_others_stay() -> None:
    async with watched(tree()) as run:
        run.library.put(b"gone/sub/1.jpg", b"image g1")
        run.library.put(b"gone/2.jpg", b"image g2")
        await run.watch()
        del run.library.files[b"gone/sub/1.jpg"], run.library.files[b"gone/2.jpg"]
        run.events.touch(b"gone", deep=True)
        await quiet(run)
        job = await only_new_job(run)
        assert job.progress.removed == 2
        assert job.reason_code is None
        assert await run.ids_match()


async def test_a_burst_is_one_job() -> None:
    async with watched(tree()) as run:
        await run.watch()
        for number in range(500):
            run.library.put(b"one/burst%d.jpg" % number, b"image burst %d" % number)
            run.events.touch(b"one")
            run.clock.advance(DEBOUNCE_S / 1000)
        await quiet(run)
        assert (await only_new_job(run)).counts.embedded == 500


async def test_a_flood_of_folders_is_one_look_at_the_whole() -> None:
    async with watched(tree()) as run:
        await run.watch()
        folders = [b"f%d" % number for number in range(MAX_FOLDERS + 1)]
        for folder in folders:
            run.library.put(folder + b"/1.jpg", b"image " + folder)
        run.events.touch(*folders)
        run.library.scanned.clear()
        await quiet(run)
        assert set(run.library.scanned) == {(PHOTOS, True)}
        job = await only_new_job(run)
        assert job.request.folders == ()
        assert job.counts.embedded == len(folders)


async def test_a_file_that_is_being_written_is_waited_for_but_not_for_ever() -> None:
    async with watched(tree()) as run:
        await run.watch()
        run.library.put(b"one/new.jpg", b"image new")
        for _ in range(MAX_QUIETS):
            run.clock.advance(DEBOUNCE_S / 2)
            run.events.touch(b"one")
        await run.settled()
        assert len(await run.jobs()) == 1
        for _ in range(MAX_QUIETS + 2):
            run.clock.advance(DEBOUNCE_S / 2)
            run.events.touch(b"one")
        await run.settled()
        await only_new_job(run)


async def test_what_happens_during_a_job_is_for_the_next_one() -> None:
    async with watched(tree()) as run:
        await run.watch()
        run.bench.inference.away = True
        run.library.put(b"one/a.jpg", b"image a")
        run.events.touch(b"one")
        run.clock.advance(DEBOUNCE_S + 1)
        await run.bench.until(
            (await next_job(run, 2)).id, lambda job: job.state is JobState.RUNNING
        )
        for name in (b"two/b.jpg", b"one/c.jpg"):
            run.library.put(name, b"image " + name)
            run.events.touch(name[:3])
            run.clock.advance(DEBOUNCE_S + 1)
        run.bench.inference.away = False
        await run.settled()
        jobs = await run.jobs()
        assert len(jobs) == 3
        assert await run.ids_match()


async def next_job(run: Watched, count: int) -> JobRecord:
    while len(jobs := await run.jobs()) < count:
        pass  # the ledger's checkpoint lets others run
    return jobs[-1]


async def test_changes_made_while_the_service_was_down_are_found_at_its_start() -> None:
    bench = tree()
    async with watched(bench) as run:
        await run.watch()
    bench.library.put(b"one/new.jpg", b"image new")
    del bench.library.files[b"two/001.jpg"]
    async with watched(bench) as run:
        job = await only_new_job(run)
        assert job.counts.embedded == 1
        assert job.progress.removed == 1
        folder = await run.folder()
        assert folder is not None
        assert folder.has_events
        assert await run.ids_match()
    async with watched(bench) as run:
        assert len(await run.jobs()) == 2, "nothing had changed"


async def test_without_events_a_rescan_finds_changes_and_an_unchanged_one_leaves_no_job() -> None:
    async with watched(tree(), refused="the limit is reached") as run:
        await run.watch()
        folder = await run.folder()
        assert folder is not None
        assert not folder.has_events
        assert folder.detail == "the limit is reached"
        await rescans(run)
        assert len(await run.jobs()) == 1
        opened = len(run.library.opened)
        run.library.put(b"one/new.jpg", b"image new")
        del run.library.files[b"two/001.jpg"]
        await run.pass_by(RESCAN_S)
        job = await only_new_job(run)
        assert (job.counts.embedded, job.progress.removed) == (1, 1)
        assert len(run.library.opened) == opened + 1
        run.events.refused = None
        await run.pass_by(RESCAN_S)
        assert folder.has_events
        assert folder.detail is None


async def test_events_that_are_being_missed_are_started_anew_after_a_look_at_all() -> None:
    async with watched(tree()) as run:
        await run.watch()
        run.library.put(b"one/new.jpg", b"image new")
        run.events.feeds[0].broken = True
        run.events.feeds[0].touched.add_whole()
        run.events.feeds[0].wake()
        await quiet(run)
        assert (await only_new_job(run)).counts.embedded == 1
        assert [feed.closed for feed in run.events.feeds] == [True, False]


async def test_a_folder_that_may_no_longer_be_imported_is_not_looked_at() -> None:
    bench = tree()
    async with watched(bench) as run:
        await run.watch()
        await quiet(run)
        jobs = len(await run.jobs())
        run.library.allowed = False
        scans = len(run.library.scanned)
        run.library.put(b"one/new.jpg", b"image new")
        await rescans(run)
        assert len(run.library.scanned) == scans
        assert len(await run.jobs()) == jobs
