"""sync removes the points of files that are gone, and of no others, whatever happens."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import pytest
from anyio import create_task_group

from ingestion_orchestration_fastapi_app.domain.files.identity import new_identity, point_id
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.states import Control
from ingestion_orchestration_fastapi_app.domain.scanning.found import ScanFault
from tests.component import test_crashes
from tests.component.bench import Bench
from tests.component.test_crashes import Fuse, cut
from utils.contract import ErrorCode, JobCounts, JobState

pytestmark = pytest.mark.anyio

REMOVAL = frozenset(
    {
        "trash.put",
        "artefacts.begin_delete",
        "store.delete",
        "files.delete_files",
        "folders.note_devices",
    }
)


async def filled(images: int = 60, *, bench: Bench | None = None) -> Bench:
    """Everything is stored: files in two folders, one text."""
    bench = bench or Bench()
    for number in range(images):
        folder = b"one" if number % 2 else b"two"
        bench.library.put(folder + b"/%03d.jpg" % number, b"image %d" % number)
    bench.library.put(b"one/notes.txt", b"text")
    await bench.job()
    return bench


def lose(bench: Bench, files: int) -> None:
    images = [path for path in bench.library.files if path.endswith(b".jpg")]
    for path in sorted(images)[:files]:
        del bench.library.files[path]


async def ids_of_files(bench: Bench) -> set[UUID]:
    paths = [path for path in bench.library.files if path.endswith(b".jpg")]
    return {point_id(new_identity("default", ()), bench.library.root.id, path) for path in paths}


async def check_all_kept(bench: Bench, job: JobRecord, images: int = 60) -> None:
    assert job.state is JobState.COMPLETED
    assert job.progress.removed == 0
    assert len(await bench.rows()) == images


async def test_points_of_files_that_are_gone_are_removed_and_the_others_stay() -> None:
    bench = await filled()
    lose(bench, 5)
    assert (await bench.job()).progress.removed == 0  # nobody asked
    job = await bench.job(sync=True)
    assert job.state is JobState.COMPLETED
    assert job.progress.removed == 5
    assert job.counts == JobCounts(found=56, unchanged=55, skipped=1)
    assert any(line.event == "points_removed" for line in job.progress.log)
    assert set(await bench.rows()) == await ids_of_files(bench)
    assert (await bench.job(sync=True)).progress.removed == 0


async def test_files_that_never_had_a_point_do_not_count_as_removed() -> None:
    bench = await filled()
    del bench.library.files[b"one/notes.txt"]
    lose(bench, 2)
    job = await bench.job(sync=True)
    assert (job.progress.removed, job.counts.found) == (2, 58)
    assert not job.progress.warnings


async def test_a_removed_file_that_comes_back_costs_no_inference() -> None:
    bench = await filled()
    lose(bench, 5)
    await bench.job(sync=True)
    bench.library.put(b"one/001.jpg", b"image 1")
    calls = len(bench.inference.inferred)
    assert (await bench.job()).counts.cached == 1
    assert len(bench.inference.inferred) == calls
    assert set(await bench.rows()) == await ids_of_files(bench)


async def test_too_many_missing_files_stop_the_removal_until_it_is_confirmed() -> None:
    bench = await filled()
    lose(bench, 20)
    job = await bench.job(sync=True)
    await check_all_kept(bench, job)
    assert job.reason_code is ErrorCode.DELETE_GUARD
    assert "20 of 60" in (job.reason or "")
    assert "confirm_deletes" in (job.reason or "")
    confirmed = await bench.job(sync=True, confirm_deletes=True)
    assert confirmed.reason_code is None
    assert confirmed.progress.removed == 20
    assert set(await bench.rows()) == await ids_of_files(bench)


async def test_an_empty_folder_removes_nothing_even_of_a_few_files() -> None:
    bench = await filled(images=4)
    bench.library.files.clear()
    job = await bench.job(sync=True)
    await check_all_kept(bench, job, images=4)
    assert job.reason_code is ErrorCode.DELETE_GUARD


async def test_ten_files_may_always_go() -> None:
    bench = await filled(images=12)
    lose(bench, 10)
    assert (await bench.job(sync=True)).progress.removed == 10
    assert set(await bench.rows()) == await ids_of_files(bench)


async def test_a_folder_that_cannot_be_listed_protects_all_below_it() -> None:
    bench = await filled()
    bench.library.faults = [ScanFault(b"/photos/one", "permission denied")]
    del bench.library.files[b"one/001.jpg"]
    del bench.library.files[b"two/000.jpg"]
    job = await bench.job(sync=True)
    assert job.progress.removed == 1
    assert len(await bench.rows()) == 59
    removed = point_id(new_identity("default", ()), bench.library.root.id, b"two/000.jpg")
    assert removed not in await bench.rows()


async def test_what_a_scan_passes_over_is_never_removed() -> None:
    bench = await filled()
    bench.library.passed_over = {b"/photos/one/001.jpg"}
    del bench.library.files[b"one/001.jpg"]
    await check_all_kept(bench, await bench.job(sync=True))


async def test_nothing_is_removed_without_recursion() -> None:
    bench = await filled()
    lose(bench, 5)
    job = await bench.job(sync=True, recursive=False, confirm_deletes=True)
    await check_all_kept(bench, job)
    assert any("recursive" in warning for warning in job.progress.warnings)


async def test_a_mount_that_is_not_there_protects_what_was_below_it() -> None:
    bench = Bench()
    bench.library.devices[b"/photos/disk"] = 7
    for number in range(30):
        bench.library.put(b"%d.jpg" % number, b"image %d" % number)
    for number in range(3):
        bench.library.put(b"disk/%d.jpg" % number, b"image on disk %d" % number)
    await bench.job()
    on_disk = {name: bench.library.files.pop(name) for name in list(bench.library.files)[30:]}
    del bench.library.devices[b"/photos/disk"]
    for _ in range(2):  # it does not become normal by being gone for long
        job = await bench.job(sync=True)
        await check_all_kept(bench, job, images=33)
        assert any("/photos/disk" in warning for warning in job.progress.warnings)
    bench.library.files |= on_disk
    bench.library.devices[b"/photos/disk"] = 9  # mounted again, by another number
    del bench.library.files[b"disk/0.jpg"]
    assert (await bench.job(sync=True)).progress.removed == 1
    del bench.library.devices[b"/photos/disk"]
    for name in on_disk:
        bench.library.files.pop(name, None)
    confirmed = await bench.job(sync=True, confirm_deletes=True)
    assert confirmed.progress.removed == 2
    assert set(await bench.rows()) == await ids_of_files(bench)


async def test_a_mount_that_was_given_up_and_is_back_is_synced_again() -> None:
    bench = Bench()
    mount = b"/photos/disk"
    for number in range(30):
        bench.library.put(b"%d.jpg" % number, b"image %d" % number)
    on_disk = {b"disk/%d.jpg" % number: b"image on disk %d" % number for number in range(3)}
    for name, data in on_disk.items():
        bench.library.put(name, data)
    bench.library.devices[mount] = 7
    await bench.job()
    bench.library.devices[mount] = bench.library.devices[b"/photos"]  # nothing is mounted there
    for name in on_disk:
        del bench.library.files[name]
    given_up = await bench.job(sync=True, confirm_deletes=True)
    assert given_up.progress.removed == 3
    bench.library.devices[mount] = 7
    for name, data in on_disk.items():
        bench.library.put(name, data)
    await bench.job(sync=True)
    del bench.library.files[b"disk/0.jpg"]
    # It may be another disk: somebody must say so, and then it is as any other mount.
    assert (await bench.job(sync=True)).progress.removed == 0
    assert (await bench.job(sync=True, confirm_deletes=True)).progress.removed == 1
    del bench.library.files[b"disk/1.jpg"]
    assert (await bench.job(sync=True)).progress.removed == 1
    assert set(await bench.rows()) == await ids_of_files(bench)


async def test_a_removal_may_be_paused_and_goes_on() -> None:
    bench = await filled()
    lose(bench, 5)
    scheduler = bench.scheduler()
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        job = await bench.submitted(scheduler, sync=True)
        await scheduler.control(job.id, Control.PAUSE)
        await scheduler.control(job.id, Control.RESUME)
        ended = await bench.ended(job.id)
        tg.cancel_scope.cancel()
    assert ended.progress.removed == 5
    assert set(await bench.rows()) == await ids_of_files(bench)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_cut_at_any_step_of_a_removal_ends_like_an_uninterrupted_one(
    after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_crashes, "DURABLE", test_crashes.DURABLE | REMOVAL)
    burnt: set[str] = set()
    for step in range(1, 100):
        bench = await filled()
        lose(bench, 8)
        del bench.library.files[b"one/notes.txt"]  # it never had a point
        fuse = Fuse(step, after=after)
        await cut(bench, fuse, partial(bench.job, sync=True))
        if fuse.burnt_at is None:
            break
        burnt.add(fuse.burnt_at)
        where = f"{fuse.burnt_at}, step {step}"
        await bench.resumed()
        job = (await bench.ledger.jobs.list_newest(limit=1, offset=0))[0]
        assert job.request.options["sync"]
        assert job.state is JobState.COMPLETED, where
        assert job.progress.removed == 8, where
        assert job.counts == JobCounts(found=52, unchanged=52), where
        assert set(await bench.rows()) == await ids_of_files(bench), where
        assert len(bench.inference.inferred) == 60, where
    else:
        raise AssertionError("the run has more durable steps than were tried")
    assert burnt >= REMOVAL
