"""Several inference services that differ in their models: which of them a job may use."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.inference.reference_capabilities import (
    capabilities_for,
)
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Upload
from ingestion_orchestration_fastapi_app.errors import ModelIsLoading, ModelMismatch
from ingestion_orchestration_fastapi_app.inference_pool import pool
from tests.component.bench import Bench, mixed_folder
from tests.component.service_fakes import Held, Restarted, images, short_waits
from tests.component.test_pipeline import MIXED
from tests.fake_inference import FakeInference
from tests.fakes import FINGERPRINT, capabilities, model_of
from utils.contract import CaptionCapabilities, ErrorCode, JobState

pytestmark = pytest.mark.anyio


def captioning(url: str, fingerprint: str = "blip-1") -> FakeInference:
    told = CaptionCapabilities(available=True, model="fake", fingerprint=fingerprint)
    return FakeInference(url=url, told=capabilities().model_copy(update={"captions": told}))


async def test_a_service_of_another_model_is_refused_and_the_others_go_on() -> None:
    other = FakeInference(url="http://other", told=capabilities(fingerprint="another"))
    bench = Bench(others=(other,))
    mixed_folder(bench.library)
    job = await bench.job()
    assert job.counts == MIXED
    assert other.batches == []
    (warning,) = job.progress.warnings
    assert warning.startswith("ERR_MODEL_MISMATCH: http://other runs fake (another)")


async def test_a_service_whose_answer_shows_another_model_is_refused_too() -> None:
    other = FakeInference(url="http://other")

    def changed(uploads: Mapping[str, Upload]) -> None:
        raise ModelMismatch("another model")

    other.behaviour = changed
    bench = Bench(inference=other, others=(FakeInference(url="http://b"),))
    mixed_folder(bench.library)
    job = await bench.job()
    assert job.counts == MIXED
    assert "ERR_MODEL_MISMATCH: http://other: another model" in job.progress.warnings


async def test_one_that_comes_back_with_another_model_is_refused() -> None:
    with short_waits():
        held = Held(url="http://held")
        reborn = capabilities(fingerprint="another")
        restarted = Restarted(url="http://restarted", other=held, reborn=reborn)
        bench = Bench(inference=restarted, others=(held,))
        images(bench.library, 200)
        job = await bench.job()
    assert (job.counts.embedded, job.counts.failed) == (200, 0)
    assert restarted.batches == []
    assert any("http://restarted runs fake (another)" in text for text in job.progress.warnings)


async def test_one_that_comes_back_alone_with_another_model_ends_the_job() -> None:
    with short_waits():
        reborn = capabilities(fingerprint="another")
        bench = Bench(inference=Restarted(url="http://restarted", reborn=reborn))
        mixed_folder(bench.library)
        job = await bench.job()
    assert (job.state, job.reason_code) == (JobState.FAILED, ErrorCode.MODEL_MISMATCH)
    assert await bench.rows() == {}


async def test_a_fresh_collection_gets_the_model_of_the_first_that_answers() -> None:
    first = FakeInference(url="http://first", told=capabilities(fingerprint="one"), away=True)
    second = FakeInference(url="http://second", told=capabilities(fingerprint="two"))
    bench = Bench(inference=first, others=(second,))
    images(bench.library, 10)
    await bench.job()
    assert (await bench.collection()).fingerprint == "two"
    first.away = False
    images(bench.library, 20)
    await bench.job()  # the collection's model wins, wherever in the list it is
    assert first.batches == []
    await bench.collections().create("fresh")
    images(bench.library, 30)
    scheduler = bench.scheduler()
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        await bench.ended((await bench.submitted(scheduler, name="fresh")).id)
        tg.cancel_scope.cancel()
    assert (await bench.collection("fresh")).fingerprint == "one"


async def test_where_all_run_other_models_the_job_fails_before_any_work() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    bench.library.opened.clear()
    bench.inference.told = capabilities(fingerprint="two")
    bench.others = (FakeInference(url="http://b", told=capabilities(fingerprint="three")),)
    job = await bench.job()
    assert (job.state, job.reason_code) == (JobState.FAILED, ErrorCode.MODEL_MISMATCH)
    assert bench.library.opened == []


async def test_a_job_waits_for_one_that_may_still_have_the_collections_model() -> None:
    with short_waits():
        bench = Bench()
        images(bench.library, 10)
        await bench.job()
        bench.inference.away = True
        other = FakeInference(url="http://b", told=capabilities(fingerprint="another"))
        bench.others = (other,)
        images(bench.library, 20)
        scheduler = bench.scheduler()
        async with create_task_group() as tg:
            await tg.start(scheduler.serve)
            job = await bench.submitted(scheduler)
            while (
                progress := scheduler.live_progress(job.id)
            ) is None or not progress.saved().warnings:
                await checkpoint()
            bench.inference.away = False
            ended = await bench.ended(job.id)
            tg.cancel_scope.cancel()
    assert ended.counts.embedded == 10
    assert other.batches == []


async def test_captions_are_asked_of_those_that_make_the_same() -> None:
    plain, makes = FakeInference(url="http://plain"), captioning("http://makes")
    otherwise = captioning("http://otherwise", "blip-2")
    bench = Bench(inference=plain, others=(makes, otherwise))
    images(bench.library, 40)
    job = await bench.job(captions=True)
    assert job.counts.embedded == 40
    assert job.progress.warnings == ()
    assert len(makes.inferred) == 40
    assert (plain.batches, otherwise.batches) == ([], [])
    assert all((await bench.captions()).values())
    assert (await bench.job(captions=True)).counts.unchanged == 40
    for each in range(40):
        bench.library.put(b"new %d.jpg" % each, b"image new %d" % each)
    assert (await bench.job()).counts.embedded == 40
    assert plain.batches, "without captions all are alike"


def holding(url: str, *fingerprints: str, safe_batch: int = 8) -> FakeInference:
    """The first is the default model; the others take so many images at once."""
    first, *others = fingerprints
    models = (
        model_of(first, default=True),
        *(model_of(one, safe_batch=safe_batch) for one in others),
    )
    told = capabilities(fingerprint=first).model_copy(update={"models": models})
    return FakeInference(url=url, told=told)


async def test_a_service_that_holds_the_model_among_others_serves_as_well() -> None:
    first = holding("http://first", FINGERPRINT)
    second = holding("http://second", "another", FINGERPRINT, safe_batch=2)
    bench = Bench(inference=first, others=(second,))
    images(bench.library, 40)
    await bench.job()
    assert (await bench.collection()).fingerprint == FINGERPRINT
    first.away = True
    for each in range(20):
        bench.library.put(b"new %d.jpg" % each, b"image new %d" % each)
    second.batches.clear()
    job = await bench.job()
    assert job.counts.embedded == 20
    assert job.progress.warnings == ()
    assert len(second.inferred) == 20
    assert max(map(len, second.batches)) == 2, "batches are cut by what that model takes"


async def test_collections_of_two_models_are_filled_by_one_service_at_once() -> None:
    service = holding("http://both", "one", "two")
    bench = Bench(inference=service)
    images(bench.library, 12)
    collections = bench.collections()
    two = await collections.create("two")
    told = capabilities_for(service.told, "two")
    assert told is not None
    await collections.bind(two.id, told)
    scheduler = bench.scheduler()
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        jobs = [await bench.submitted(scheduler, name=name) for name in ("one", "two")]
        ended = [await bench.ended(job.id) for job in jobs]
        tg.cancel_scope.cancel()
    assert [job.counts.embedded for job in ended] == [12, 12]
    for name in ("one", "two"):
        points = await bench.store.page(name, limit=100, offset=0)
        assert {point.fingerprint for point in points} == {name}
    assert two.fingerprint is None, "it was bound since"


async def test_a_model_that_is_being_loaded_keeps_no_other_model_of_its_service_waiting() -> None:
    service = holding("http://both", "one", "two")

    def loads_two(uploads: Mapping[str, Upload]) -> None:
        if service.asked_for == "two":
            raise ModelIsLoading("it loads", retry_after_s=60)

    service.behaviour = loads_two
    bench = Bench(inference=service)
    images(bench.library, 12)
    two = await bench.collections().create("two")
    told = capabilities_for(service.told, "two")
    assert told is not None
    await bench.collections().bind(two.id, told)
    scheduler = bench.scheduler()
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        waiting = await bench.submitted(scheduler, name="two")
        while (progress := scheduler.live_progress(waiting.id)) is None or (
            progress.state[0] is not JobState.WAITING_FOR_ML
        ):
            await checkpoint()
        assert progress.state[1] == "http://both: the model is being loaded"
        one = await bench.ended((await bench.submitted(scheduler, name="one")).id)
        tg.cancel_scope.cancel()
    assert one.counts.embedded == 12


async def test_a_job_waits_for_a_model_that_its_service_still_loads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the default one is listed by then."""
    monkeypatch.setattr(pool, "CHECK_LOADING_EVERY_S", 0.001)
    whole = holding("http://both", "one", FINGERPRINT)
    bench = Bench()
    images(bench.library, 10)
    await bench.job()
    told = whole.told.model_copy(update={"models": whole.told.models[:1], "models_to_come": 1})
    bench.inference = FakeInference(url="http://both", told=told, library=bench.library)
    images(bench.library, 20)
    scheduler = bench.scheduler()
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        job = await bench.submitted(scheduler)
        while (progress := scheduler.live_progress(job.id)) is None or (
            progress.state[0] is not JobState.WAITING_FOR_ML
        ):
            await checkpoint()
        assert progress.state[1] == "http://both: it still loads models"
        bench.inference.told = whole.told
        ended = await bench.ended(job.id)
        tg.cancel_scope.cancel()
    assert (ended.counts.embedded, ended.progress.warnings) == (10, ())
