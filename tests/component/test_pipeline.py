"""The pipeline's promises, with the real stages and supervisor over fake edges."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from anyio import create_task_group, wait_all_tasks_blocked

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Upload
from ingestion_orchestration_fastapi_app.errors import (
    BatchRefused,
    ConnectionLost,
    ModelMismatch,
    Overloaded,
)
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from tests.component.bench import Bench, mixed_folder
from tests.fake_inference import FakeInference
from tests.fakes import OLD_NS, capabilities
from utils.contract import ClipUpload, ErrorCode, JobCounts, JobState

pytestmark = pytest.mark.anyio

MIXED = JobCounts(found=28, embedded=21, cached=2, failed=4, skipped=1)


async def test_every_readable_file_becomes_a_point_and_every_other_has_a_code() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    job = await bench.job()
    assert job.state is JobState.COMPLETED
    assert job.counts == MIXED
    assert job.errors_by_code == {
        ErrorCode.DECODING_IMAGE: 2,
        ErrorCode.FILE_EMPTY: 1,
        ErrorCode.CLIP_INFER: 1,
    }
    rows = await bench.rows()
    assert len(rows) == 23
    assert set(rows.values()) == {1}
    await bench.check_vectors()


async def test_copies_are_inferred_once() -> None:
    bench = Bench()
    for number in range(30):
        bench.library.put(b"%d.jpg" % number, b"image the same")
    job = await bench.job()
    assert job.counts == JobCounts(found=30, embedded=1, cached=29)
    assert bench.inference.inferred == [b"image the same"]


async def test_a_second_run_opens_nothing_and_writes_nothing() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    bench.library.opened.clear()
    version = (await bench.store.open("default", synced_version=None)).version
    calls = len(bench.inference.batches)
    job = await bench.job()
    # What failed at the device may do better today; all else is known.
    assert bench.library.opened == [b"odd.jpg"]
    assert job.counts == JobCounts(found=28, unchanged=23, failed=4, skipped=1)
    assert len(bench.inference.batches) == calls + 1
    assert (await bench.store.open("default", synced_version=None)).version == version
    _failures, total = await bench.ledger.jobs.failures(job.id, limit=10, offset=0)
    assert total == 4


async def test_a_touched_file_is_stored_anew_without_inference() -> None:
    bench = Bench()
    bench.library.put(b"a.jpg", b"image a")
    await bench.job()
    bench.library.put(b"a.jpg", b"image a", mtime_ns=OLD_NS + 1)
    job = await bench.job()
    assert job.counts == JobCounts(found=1, cached=1)
    assert len(bench.inference.inferred) == 1
    assert list((await bench.rows()).values()) == [1]


async def test_a_file_that_had_just_changed_is_looked_at_again_and_left_alone() -> None:
    bench = Bench()
    bench.library.put(b"a.jpg", b"image a", settled=False)
    await bench.job()
    job = await bench.job()
    assert bench.library.opened == [b"a.jpg", b"a.jpg"]
    assert job.counts == JobCounts(found=1, unchanged=1)


@pytest.mark.parametrize("settled", [True, False])
async def test_a_changed_sidecar_costs_no_inference_and_is_not_unchanged(settled: bool) -> None:
    bench = Bench()
    bench.library.put(b"a.jpg", b"image a", settled=settled)
    await bench.job()
    bench.library.put(b"a.jpg", b"image a", settled=settled, sidecar_mark=7)
    job = await bench.job()
    assert job.counts == JobCounts(found=1, cached=1)
    assert len(bench.inference.inferred) == 1
    assert list((await bench.rows()).values()) == [1]


async def test_a_changed_file_replaces_its_point() -> None:
    bench = Bench()
    bench.library.put(b"a.jpg", b"image a")
    await bench.job()
    bench.library.put(b"a.jpg", b"image b", mtime_ns=OLD_NS + 1)
    job = await bench.job()
    assert job.counts == JobCounts(found=1, embedded=1)
    assert list((await bench.rows()).values()) == [1]
    await bench.check_vectors()


async def test_a_changed_file_that_now_fails_keeps_its_point() -> None:
    bench = Bench()
    bench.library.put(b"a.jpg", b"image a")
    await bench.job()
    bench.library.put(b"a.jpg", b"image corrupt", mtime_ns=OLD_NS + 1)
    job = await bench.job()
    assert job.counts == JobCounts(found=1, failed=1)
    assert list((await bench.rows()).values()) == [1]


async def test_force_infers_everything_again() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    before = len(bench.inference.inferred)
    job = await bench.job(force=True)
    assert job.counts == MIXED
    assert len(bench.inference.inferred) == before * 2
    assert set((await bench.rows()).values()) == {1}


async def test_a_folder_without_images_is_completed_and_says_so() -> None:
    bench = Bench()
    bench.library.put(b"notes.txt", b"text")
    job = await bench.job()
    assert job.state is JobState.COMPLETED
    assert job.reason == "the folder holds no image"


async def test_being_told_to_wait_fails_nothing() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    told = iter(range(10_000))

    def busy(uploads: Mapping[str, Upload]) -> None:
        match next(told) % 3:
            case 0:
                raise Overloaded("busy", retry_after_s=0.001)
            case 1:
                raise Overloaded("still busy", retry_after_s=0)

    bench.inference.behaviour = busy
    job = await bench.job()
    assert job.counts == MIXED


async def test_the_window_is_never_wider_than_the_service_admits() -> None:
    bench = Bench(inference=FakeInference(told=capabilities(limit=2)))
    mixed_folder(bench.library, images=60)
    await bench.job()
    assert bench.inference.most_running <= 2


async def test_a_file_that_takes_the_service_down_is_found_and_costs_no_neighbour() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    bench.library.put(b"poison.jpg", b"image poison")

    def dies(uploads: Mapping[str, Upload]) -> None:
        if any(b"poison" in upload.data for upload in uploads.values()):
            raise ConnectionLost("lost")

    bench.inference.behaviour = dies
    job = await bench.job()
    assert job.counts == JobCounts(found=29, embedded=21, cached=2, failed=5, skipped=1)
    assert job.errors_by_code[ErrorCode.FILE_QUARANTINED] == 1


async def test_a_connection_lost_once_condemns_nobody() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    losses = iter([True, True, True])

    def flaky(uploads: Mapping[str, Upload]) -> None:
        if next(losses, False):
            raise ConnectionLost("lost")

    bench.inference.behaviour = flaky
    assert (await bench.job()).counts == MIXED


async def test_a_batch_that_is_refused_as_too_large_is_cut() -> None:
    bench = Bench()
    mixed_folder(bench.library)

    def small(uploads: Mapping[str, Upload]) -> None:
        if len(uploads) > 1:
            raise BatchRefused("at most 1")

    bench.inference.behaviour = small
    assert (await bench.job()).counts == MIXED


async def test_another_model_is_refused_before_any_work() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    bench.library.opened.clear()
    bench.inference.told = capabilities(fingerprint="another-model")
    job = await bench.job()
    assert job.state is JobState.FAILED
    assert job.reason_code is ErrorCode.MODEL_MISMATCH
    assert bench.library.opened == []


async def test_a_model_that_changes_in_the_middle_ends_the_job_with_its_code() -> None:
    bench = Bench()
    mixed_folder(bench.library)

    def changed(uploads: Mapping[str, Upload]) -> None:
        raise ModelMismatch("another model")

    bench.inference.behaviour = changed
    job = await bench.job()
    assert job.state is JobState.FAILED
    assert job.reason_code is ErrorCode.MODEL_MISMATCH
    assert await bench.rows() == {}
    assert bench.budget.free_bytes == 100_000


@pytest.mark.parametrize("side_px", [8, 96])
async def test_memory_is_reserved_for_the_side_that_the_model_wants(side_px: int) -> None:
    bench = Bench()
    told = bench.inference.told
    upload = told.upload.model_copy(update={"clip": ClipUpload(side_px=side_px, crop="center")})
    bench.inference.told = told.model_copy(update={"upload": upload})
    mixed_folder(bench.library)
    await bench.job()
    assert bench.library.reserved_for_px == {2 * side_px}


async def test_a_stuck_service_stops_the_reading_of_files() -> None:
    bench = Bench(budget=MemoryBudget(400_000))
    bench.library.need_bytes = 40_000
    for number in range(500):
        bench.library.put(b"%d.jpg" % number, b"image %d" % number)

    def stuck(uploads: Mapping[str, Upload]) -> None:
        raise Overloaded("busy", retry_after_s=30)

    bench.inference.behaviour = stuck
    scheduler = bench.scheduler()
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        job = await bench.submitted(scheduler)
        for _ in range(50):
            await wait_all_tasks_blocked()
        progress = scheduler.live_progress(job.id)
        assert progress is not None
        assert progress.state[0] is JobState.WAITING_FOR_ML
        assert len(bench.library.opened) <= 30  # of 500: the window, the buffers, the budget
        tg.cancel_scope.cancel()
    assert bench.budget.free_bytes == 400_000
