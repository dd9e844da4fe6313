"""One job, several inference services: each may be slow, busy, gone, or back again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import pytest
from anyio import create_task_group, wait_all_tasks_blocked
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Embedded, Sendable, Upload
from ingestion_orchestration_fastapi_app.errors import (
    ConnectionLost,
    Overloaded,
    Unreachable,
)
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from tests.component.bench import CONCURRENCY, Bench, mixed_folder
from tests.component.service_fakes import Held, Restarted, Slow, images, short_waits
from tests.component.test_pipeline import MIXED
from tests.fake_inference import FakeInference
from tests.fakes import capabilities
from utils.contract import ErrorCode, JobState
from utils.problems import Rejected

pytestmark = pytest.mark.anyio


async def test_the_work_goes_to_whoever_has_room() -> None:
    quick, slow = Slow(url="http://quick", turns=60), Slow(url="http://slow", turns=600)
    bench = Bench(inference=slow, others=(quick,))
    images(bench.library, 300)
    assert (await bench.job()).counts.embedded == 300
    assert len(slow.inferred) > 0
    assert len(quick.inferred) > 2 * len(slow.inferred)
    assert max(quick.most_running, slow.most_running) <= 2, "each has a window of its own"
    await bench.check_vectors()


async def test_one_that_dies_in_the_middle_of_a_body_only_slows_the_job() -> None:
    dying = FakeInference(url="http://dying")

    def breaks_off(uploads: Mapping[str, Upload]) -> None:
        if len(dying.batches) == 2:
            dying.away = True
            raise Overloaded("the inference service broke off the upload")

    dying.behaviour = breaks_off
    bench = Bench(inference=dying, others=(FakeInference(url="http://b"),))
    mixed_folder(bench.library)
    job = await bench.job()
    assert job.counts == MIXED
    assert len(dying.batches) == 2
    assert any("http://dying" in line.detail for line in job.progress.log)
    assert set((await bench.rows()).values()) == {1}
    await bench.check_vectors()


async def test_one_that_is_busy_for_ever_leaves_the_work_to_the_other() -> None:
    busy, told = FakeInference(url="http://busy"), []

    def always(uploads: Mapping[str, Upload]) -> None:
        told.append(len(uploads))
        raise Overloaded("busy", retry_after_s=60)

    busy.behaviour = always
    bench = Bench(inference=busy, others=(FakeInference(url="http://b"),))
    mixed_folder(bench.library)
    assert (await bench.job()).counts == MIXED
    assert len(told) <= 2, "it is left alone for as long as it asks"


async def test_one_that_comes_back_is_used_again() -> None:
    with short_waits():
        held = Held(url="http://held")
        restarted = Restarted(url="http://restarted", other=held)
        bench = Bench(inference=restarted, others=(held,))
        images(bench.library, 200)
        job = await bench.job()
    assert (job.counts.embedded, job.counts.failed) == (200, 0)
    assert restarted.batches
    assert any(line.event == "ml_service_back" for line in job.progress.log)


async def test_a_file_that_takes_services_down_is_found_whoever_lost_it() -> None:
    def dies(uploads: Mapping[str, Upload]) -> None:
        if any(b"poison" in upload.data for upload in uploads.values()):
            raise ConnectionLost("lost")

    with short_waits():
        one, two = (FakeInference(dies, url=f"http://{name}") for name in "ab")
        bench = Bench(inference=one, others=(two,))
        mixed_folder(bench.library)
        bench.library.put(b"poison.jpg", b"image poison")
        job = await bench.job()
    assert job.errors_by_code[ErrorCode.FILE_QUARANTINED] == 1
    assert (job.counts.embedded, job.counts.failed) == (21, 5)


async def test_a_service_that_fails_whatever_it_is_sent_condemns_no_file() -> None:
    def fails(uploads: Mapping[str, Upload]) -> None:
        raise ConnectionLost("the service answered 500")

    with short_waits():
        broken = FakeInference(fails, url="http://broken")
        full = Slow(url="http://full", told=capabilities(limit=1), turns=300)
        bench = Bench(inference=broken, others=(full,))
        mixed_folder(bench.library, images=40)
        job = await bench.job()
    assert ErrorCode.FILE_QUARANTINED not in job.errors_by_code
    assert job.counts.failed == MIXED.failed
    assert broken.batches == []


async def test_a_service_that_takes_less_is_sent_parts() -> None:
    large = Slow(url="http://large", turns=100)
    small = Slow(url="http://small", told=capabilities(safe_batch=2), turns=100)
    bench = Bench(inference=small, others=(large,))
    mixed_folder(bench.library, images=80)
    assert (await bench.job()).counts.failed == MIXED.failed
    assert max(map(len, large.batches)) == CONCURRENCY.batch_images
    assert max(map(len, small.batches)) == 2
    await bench.check_vectors()


async def test_a_service_that_admits_one_batch_always_has_one_and_never_two() -> None:
    service = Slow(told=capabilities(limit=1), turns=100)
    bench = Bench(inference=service)
    images(bench.library, 80)
    idle: list[bool] = []
    async with create_task_group() as tg:

        async def watch() -> None:
            while True:
                await checkpoint()
                if 0 < len(service.batches) < 80 / CONCURRENCY.batch_images:
                    idle.append(service.under_way == 0)

        tg.start_soon(watch)
        assert (await bench.job()).counts.embedded == 80
        tg.cancel_scope.cancel()
    assert service.most_running == 1
    assert sum(idle) < len(idle) / 10
    assert len(service.batches) == ceil(80 / CONCURRENCY.batch_images), (
        "batches grow while they wait"
    )


async def test_a_service_that_takes_less_than_it_says_is_not_offered_more_every_time() -> None:
    @dataclass
    class AdmitsOne(Slow):
        refused: int = 0

        async def embed(
            self, uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
        ) -> dict[str, Embedded | Rejected]:
            if self.under_way:
                self.refused += 1
                raise Overloaded("busy", retry_after_s=0.001)
            return await super().embed(uploads, captions=captions, fingerprint=fingerprint)

    service = AdmitsOne(told=capabilities(limit=2), turns=50)
    bench = Bench(inference=service)
    images(bench.library, 400)
    assert (await bench.job()).counts.embedded == 400
    assert len(service.batches) == 400 / CONCURRENCY.batch_images
    assert service.refused <= 10


async def test_with_none_up_the_job_waits_and_goes_on_with_the_first_that_is_back() -> None:
    with short_waits():
        one, two = (FakeInference(url=f"http://{name}") for name in "ab")
        bench = Bench(inference=one, others=(two,))
        images(bench.library, 40)

        def both_die(uploads: Mapping[str, Upload]) -> None:
            one.away = two.away = True
            raise Unreachable("the inference service cannot be reached")

        one.behaviour = two.behaviour = both_die
        scheduler = bench.scheduler()
        async with create_task_group() as tg:
            await tg.start(scheduler.serve)
            job = await bench.submitted(scheduler)
            while (progress := scheduler.live_progress(job.id)) is None or (
                progress.state[0] is not JobState.WAITING_FOR_ML or not one.away
            ):
                await checkpoint()
            assert progress.state[1] == "http://a: the inference service cannot be reached"
            two.behaviour = lambda uploads: None
            two.away = False
            ended = await bench.ended(job.id)
            tg.cancel_scope.cancel()
    assert (ended.counts.embedded, ended.counts.failed) == (40, 0)
    assert one.batches == []


async def test_while_one_works_the_job_does_not_say_that_it_waits() -> None:
    held = Held(url="http://held")
    bench = Bench(inference=FakeInference(url="http://gone", away=True), others=(held,))
    images(bench.library, 40)
    scheduler = bench.scheduler()
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        job = await bench.submitted(scheduler)
        for _ in range(20):
            await wait_all_tasks_blocked()
        progress = scheduler.live_progress(job.id)
        assert progress is not None
        assert progress.state[0] is JobState.RUNNING
        held.let_go.set()
        assert (await bench.ended(job.id)).counts.embedded == 40
        tg.cancel_scope.cancel()


FAULTS = st.sampled_from(
    [
        None,
        None,
        Overloaded("busy", retry_after_s=0.001),
        Overloaded("broke off"),
        Unreachable("gone"),
    ]
)


@settings(max_examples=30, deadline=None)
@given(st.lists(FAULTS, max_size=60), st.lists(FAULTS, max_size=60), st.integers(8_000, 40_000))
async def test_whatever_services_answer_no_file_fails_and_none_is_stored_twice(
    ones: list[Exception | None], twos: list[Exception | None], budget_bytes: int
) -> None:
    """With memory for eight files or more: one that waits must not starve one that could go."""

    def scripted(faults: list[Exception | None]) -> FakeInference:
        script = iter(faults)

        def next_fault(uploads: Mapping[str, Upload]) -> None:
            if (fault := next(script, None)) is not None:
                raise fault

        return FakeInference(next_fault)

    with short_waits():
        bench = Bench(
            inference=scripted(ones), others=(scripted(twos),), budget=MemoryBudget(budget_bytes)
        )
        mixed_folder(bench.library)
        job = await bench.job()
    assert job.counts == MIXED
    assert set((await bench.rows()).values()) == {1}
    assert bench.budget.free_bytes == budget_bytes
