"""Imports, removals, restarts and controls beside a re-embedding, and while it switches."""

from __future__ import annotations

import pytest
from anyio import Event, wait_all_tasks_blocked

from ingestion_orchestration_fastapi_app.domain.jobs.states import Control
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.generation import GenerationState
from ingestion_orchestration_fastapi_app.library.forgetting import Forgetting
from ingestion_orchestration_fastapi_app.reembed import passes
from tests.component.bench import Bench
from tests.component.job_steps import started
from tests.component.reembed_steps import (
    OTHER,
    asked,
    bench_of_two,
    check_whole,
    generation_by,
    points_by,
    reembedded,
    stuck,
)
from tests.component.service_fakes import images
from tests.fakes import FINGERPRINT
from utils.contract import ErrorCode, JobState

pytestmark = pytest.mark.anyio

LATER_NS = 2_000_000_000_000_000_000


async def imported(images_there: int = 30) -> Bench:
    bench = bench_of_two()
    images(bench.library, images_there)
    await bench.job()
    return bench


async def in_flight(bench: Bench, name: str = "others") -> None:
    """A batch is under way, and nothing else can be done."""
    service = bench.inference if name == "inference" else bench.others[0]
    while not service.running:
        await wait_all_tasks_blocked()
    await wait_all_tasks_blocked()


async def test_what_an_import_changes_meanwhile_is_caught_up_with() -> None:
    bench = await imported()
    collections = bench.collections()
    go = stuck(bench.others[0])
    async with started(bench, collections) as scheduler:
        job = await asked(bench, scheduler, collections)
        await wait_all_tasks_blocked()
        bench.library.put(b"new.jpg", b"image new")
        bench.library.put(b"003.jpg", b"image changed", mtime_ns=LATER_NS)
        del bench.library.files[b"004.jpg"]
        beside = await bench.submitted(scheduler, sync=True)
        ended = await bench.ended(beside.id)
        assert (ended.counts.embedded, ended.progress.removed) == (2, 1)
        assert (await bench.collection()).fingerprint == FINGERPRINT
        go.set()
        ended = await bench.ended(job.id)
    await bench.fill_words(collections)
    assert ended.state is JobState.COMPLETED
    await check_whole(bench)


async def test_an_import_that_runs_through_the_switch_goes_on_with_the_new_model() -> None:
    bench = await imported()
    collections = bench.collections()
    go = stuck(bench.inference)
    async with started(bench, collections) as scheduler:
        for number in range(25):
            bench.library.put(b"new%02d.jpg" % number, b"image new %d" % number)
        beside = await bench.submitted(scheduler)
        await wait_all_tasks_blocked()
        job = await asked(bench, scheduler, collections)
        assert (await bench.ended(job.id)).state is JobState.COMPLETED
        assert (await bench.collection()).fingerprint == OTHER
        assert len(await points_by(bench, OTHER)) == 30
        go.set()
        ended = await bench.ended(beside.id)
    await bench.fill_words(collections)
    assert (ended.state, ended.counts.embedded) == (JobState.COMPLETED, 25)
    assert "model_changed" in [line.event for line in ended.progress.log]
    await check_whole(bench)
    assert len(await points_by(bench, FINGERPRINT)) == 30, "what was on its way goes nowhere else"


async def test_what_is_removed_while_it_is_embedded_is_not_found_again() -> None:
    bench = await imported()
    collections = bench.collections()
    go = stuck(bench.others[0])
    async with started(bench, collections) as scheduler:
        job = await asked(bench, scheduler, collections)
        await wait_all_tasks_blocked()
        for number in range(4):
            del bench.library.files[b"%03d.jpg" % number]
        beside = await bench.submitted(scheduler, sync=True, confirm_deletes=True)
        assert (await bench.ended(beside.id)).progress.removed == 4
        go.set()
        ended = await bench.ended(job.id)
    await bench.fill_words(collections)
    assert ended.state is JobState.COMPLETED
    await check_whole(bench)
    collection = await bench.collection()
    known = await bench.ledger.folders.totals(collection.id, b"/photos", recursive=True)
    assert known == (26, 26), "nor does the ledger know it"


async def test_what_is_forgotten_while_it_is_embedded_is_not_found_again() -> None:
    bench = await imported()
    collections = bench.collections()
    version = bench.preparation.reader_version
    forgetting = Forgetting(collections, bench.ledger, bench.store, reader_version=version)
    go = stuck(bench.others[0])
    async with started(bench, collections) as scheduler:
        job = await asked(bench, scheduler, collections)
        await in_flight(bench)
        points = await points_by(bench, FINGERPRINT)
        some = [StoredImage.of(points.pop(path)) for path in sorted(points)[:2]]
        assert await forgetting.forget("default", some) == 2
        go.set()
        ended = await bench.ended(job.id)
    assert ended.state is JobState.COMPLETED
    assert (await bench.collection()).fingerprint == OTHER
    assert set(await points_by(bench, OTHER)) == set(points)


async def test_a_paused_one_goes_on_and_a_cancelled_one_leaves_what_it_has() -> None:
    bench = await imported()
    collections = bench.collections()
    go = stuck(bench.others[0])
    async with started(bench, collections) as scheduler:
        job = await asked(bench, scheduler, collections)
        await in_flight(bench)
        paused = await scheduler.control(job.id, Control.PAUSE)
        assert paused.state is JobState.PAUSED
        assert bench.budget.free_bytes == 100_000
        cancelled = await scheduler.control(job.id, Control.CANCEL)
        assert cancelled.counts.pending > 0
        again = await asked(bench, scheduler, collections)
        assert (await generation_by(bench, OTHER)).state is GenerationState.FILLING
        await in_flight(bench)
        await scheduler.control(again.id, Control.PAUSE)
        go.set()
        await scheduler.control(again.id, Control.RESUME)
        ended = await bench.ended(again.id)
    await bench.fill_words(collections)
    assert (ended.counts.found, ended.counts.embedded) == (30, 30)
    await check_whole(bench)


async def test_one_that_was_cut_off_goes_on_after_the_next_start() -> None:
    bench = await imported()
    collections = bench.collections()
    async with started(bench, collections) as scheduler:
        job = await asked(bench, scheduler, collections)
        while not bench.others[0].batches:
            await wait_all_tasks_blocked()
    await bench.resumed()
    ended = await bench.ended(job.id)
    assert (ended.state, ended.counts.found, ended.counts.pending) == (JobState.COMPLETED, 30, 0)
    await check_whole(bench)
    assert len(bench.others[0].inferred) < 30 + 16, "what was stored is not made again"


async def test_imports_wait_no_longer_for_the_last_pass_than_they_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The service hangs in it: the writer is free again, and the pass is tried later."""
    monkeypatch.setattr(passes, "LAST_PASS_S", 0.05)
    bench = await imported()
    collections = bench.collections()
    writer = collections.writers.of((await bench.collection()).id)
    met = Event()
    hanging, first = stuck(bench.others[0], only=b"slow", met=met), stuck(bench.others[0])
    async with started(bench, collections) as scheduler:
        job = await asked(bench, scheduler, collections)
        await in_flight(bench)
        bench.library.put(b"000a.jpg", b"image slow")  # before what the first pass is at
        await bench.ended((await bench.submitted(scheduler)).id)
        first.set()
        await met.wait()  # in the second pass, which is the last one
        bench.library.put(b"000b.jpg", b"image beside")
        beside = await bench.ended((await bench.submitted(scheduler)).id)
        assert (beside.state, beside.counts.embedded) == (JobState.COMPLETED, 1)
        assert (await bench.collection()).fingerprint == FINGERPRINT
        hanging.set()
        ended = await bench.ended(job.id)
        assert not writer.locked()
    await bench.fill_words(collections)
    assert ended.state is JobState.COMPLETED
    await check_whole(bench)


async def test_a_generation_that_is_removed_meanwhile_ends_the_job() -> None:
    bench = await imported()
    collections = bench.collections()
    go = stuck(bench.others[0])
    async with started(bench, collections) as scheduler:
        job = await asked(bench, scheduler, collections)
        await in_flight(bench)
        generation = await generation_by(bench, OTHER)
        await collections.generations.remove(job.collection_id, generation)
        go.set()
        ended = await bench.ended(job.id)
    assert (ended.state, ended.reason_code) == (JobState.FAILED, ErrorCode.GENERATION_NOT_FOUND)
    assert (await bench.collection()).fingerprint == FINGERPRINT
    assert set((await bench.rows()).values()) == {1}


async def test_a_model_that_nobody_serves_is_said() -> None:
    bench = await imported()
    bench.others[0].told = bench.inference.told
    collections = bench.collections()
    async with started(bench, collections) as scheduler:
        job = await asked(bench, scheduler, collections)
        ended = await bench.ended(job.id)
    assert (ended.state, ended.reason_code) == (JobState.FAILED, ErrorCode.MODEL_MISMATCH)


async def test_to_go_back_and_forth_loses_nothing() -> None:
    bench = await imported()
    await reembedded(bench)
    bench.library.put(b"new.jpg", b"image new")
    await bench.job()
    collection, collections = await bench.collection(), bench.collections()
    first = await generation_by(bench, FINGERPRINT)
    assert await collections.generations.missing(collection, first) == 1
    await collections.generations.activate(collection.id, first.id)
    assert (await bench.job(collections)).counts.embedded == 1
    await reembedded(bench)
    await check_whole(bench)
