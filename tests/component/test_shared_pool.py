"""One pool for several jobs: they share its slots, and each learns from the others."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from anyio import create_task_group, sleep_forever
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Upload
from ingestion_orchestration_fastapi_app.domain.inference.window import Window
from ingestion_orchestration_fastapi_app.domain.jobs.states import Control
from ingestion_orchestration_fastapi_app.errors import Overloaded, Unreachable
from ingestion_orchestration_fastapi_app.inference_pool import pool as pool_module
from ingestion_orchestration_fastapi_app.inference_pool.endpoint import Endpoint, EndpointStatus
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.queries import query_vector
from ingestion_orchestration_fastapi_app.inference_pool.slots import Share, Slots, Ticket
from tests.component.bench import Bench
from tests.component.service_fakes import Held, Slow, images, short_waits
from tests.fake_inference import FakeInference
from tests.fakes import FINGERPRINT, capabilities
from utils.contract import Capabilities

pytestmark = pytest.mark.anyio


async def reached(endpoint: Endpoint, status: EndpointStatus) -> None:
    while endpoint.status is not status:
        await checkpoint()


async def test_two_jobs_together_send_no_more_than_the_service_admits() -> None:
    service = Slow(turns=100, told=capabilities(limit=2))
    bench = Bench(inference=service)
    images(bench.library, 80)
    scheduler = bench.scheduler()
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        jobs = [await bench.submitted(scheduler, name=name) for name in ("one", "two")]
        for job in jobs:
            await bench.ended(job.id)
        tg.cancel_scope.cancel()
    assert service.most_running <= 2


async def test_a_small_job_is_not_kept_waiting_by_a_large_one() -> None:
    service = Slow(turns=50, told=capabilities(limit=2))
    bench = Bench(inference=service)
    images(bench.library, 400)
    scheduler = bench.scheduler()
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        large = await bench.submitted(scheduler, name="large")
        while len(service.batches) < 5:
            await checkpoint()
        for path in list(bench.library.files)[12:]:
            del bench.library.files[path]
        small = await bench.submitted(scheduler, name="small")
        sent_before = len(service.batches)
        await bench.ended(small.id)
        sent = len(service.batches) - sent_before
        tg.cancel_scope.cancel()
    assert large.id != small.id
    assert sent <= 30, "its three batches take turns with the other's"


async def test_what_a_service_admits_is_remembered_by_the_next_job() -> None:
    service = FakeInference(told=capabilities(limit=4))

    def busy(uploads: Mapping[str, Upload]) -> None:
        if service.running > 1:
            raise Overloaded("busy", retry_after_s=0.001)

    service.behaviour = busy
    bench = Bench(inference=service)
    with short_waits():
        scheduler = bench.scheduler()
        (endpoint,) = scheduler.pool.endpoints
        async with create_task_group() as tg:
            await tg.start(scheduler.serve)
            images(bench.library, 60)
            await bench.ended((await bench.submitted(scheduler)).id)
            assert endpoint.window is not None
            window = endpoint.window
            await scheduler.pool.refresh()
            tg.cancel_scope.cancel()
    assert endpoint.window is window
    assert window.cap == 4


async def test_a_query_that_finds_a_service_gone_tells_the_jobs() -> None:
    one, two = FakeInference(url="http://a"), FakeInference(url="http://b")
    pool = InferencePool((one, two))
    with short_waits():
        async with create_task_group() as tg:
            tg.start_soon(pool.health_check_loop)
            await pool.refresh()
            first, second = pool.endpoints
            one.away = True
            await query_vector(
                pool,
                FINGERPRINT,
                lambda service, model: service.embed_text("x", fingerprint=model),
                timeout_s=5,
            )
            await reached(first, EndpointStatus.AWAY)
            assert first.fault == str(Unreachable("the inference service cannot be reached"))
            assert pool.in_query_order(FINGERPRINT) == [second, first]
            one.away = False
            await reached(first, EndpointStatus.READY)
            tg.cancel_scope.cancel()


@given(
    sizes=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    steps=st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.booleans()), max_size=60),
)
async def test_slots_are_never_more_than_windows_and_nobody_waits_for_nothing(
    sizes: list[int], steps: list[tuple[int, bool, bool]]
) -> None:
    """Three jobs ask for slots, some alone, and give them back in any order."""
    endpoints = [
        Endpoint(FakeInference(), capabilities=capabilities(), window=Window.of_limit(size))
        for size in sizes
    ]
    slots = Slots()
    shares = [Share(lambda _: True) for _ in range(3)]
    for share in shares:
        slots.join(share)
    waiting: list[Ticket] = []
    held: list[tuple[Ticket, Endpoint]] = []

    def settle() -> None:
        """As often as a waiter is woken until nobody gets anything more."""
        is_moving = True
        while is_moving:
            is_moving = False
            for ticket in list(waiting):
                endpoint = slots.granted(ticket, endpoints)
                if endpoint is not None:
                    slots.withdraw(ticket, endpoints)
                    waiting.remove(ticket)
                    held.append((ticket, endpoint))
                    is_moving = True
        for one, size in zip(endpoints, sizes, strict=True):
            mine = [ticket for ticket, endpoint in held if endpoint is one]
            assert one.in_flight == len(mine) <= size
            assert not any(ticket.alone for ticket in mine) or len(mine) == 1
        if any(not ticket.alone for ticket in waiting):
            assert all(one.free_slots == 0 or one.reserved_by for one in endpoints)

    for job, is_alone, gives_back in steps:
        if gives_back and held:
            ticket, endpoint = held.pop(0)
            slots.give_back(ticket.share, endpoint)
        else:
            waiting.append(Ticket(shares[job], alone=is_alone))
            slots.enter(waiting[-1])
        settle()
    while held:
        ticket, endpoint = held.pop(0)
        slots.give_back(ticket.share, endpoint)
        settle()
    assert not waiting
    assert all(one.in_flight == 0 and one.reserved_by is None for one in endpoints)
    assert all(share.held == 0 for share in shares)


async def test_the_free_slot_goes_to_the_job_that_holds_least() -> None:
    endpoint = Endpoint(FakeInference(), capabilities=capabilities(), window=Window.of_limit(3))
    slots = Slots()
    large, small = Share(lambda _: True), Share(lambda _: True)
    waiting = [Ticket(share) for share in (large, large, large, large, small, small)]
    for ticket in waiting:
        slots.enter(ticket)
    order = []
    while endpoint.free_slots:
        ticket = next(one for one in waiting if slots.granted(one, [endpoint]))
        slots.withdraw(ticket, [endpoint])
        waiting.remove(ticket)
        order.append(ticket.share)
    assert order == [large, small, large]
    slots.give_back(small, endpoint)
    assert slots.granted(waiting[0], [endpoint]) is None, "the small job holds less"
    assert slots.granted(waiting[-1], [endpoint]) is endpoint


async def test_who_asks_for_the_health_of_services_does_not_wait_for_a_hung_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Hung(FakeInference):
        async def capabilities(self) -> Capabilities:
            await sleep_forever()
            raise AssertionError

    monkeypatch.setattr(pool_module, "REFRESH_LIMIT_S", 0.01)
    pool = InferencePool((Hung(url="http://hung"), FakeInference(url="http://well")))
    await pool.refresh()
    hung, well = pool.endpoints
    assert (hung.status, well.status) == (EndpointStatus.UNKNOWN, EndpointStatus.READY)


@pytest.mark.parametrize("control", [Control.PAUSE, Control.CANCEL])
async def test_a_job_that_is_stopped_gives_its_slots_back(control: Control) -> None:
    """Also of requests that were under way, and of one that had the service alone."""
    held = Held(url="http://held")
    bench = Bench(inference=held)
    images(bench.library, 40)
    scheduler = bench.scheduler()
    (endpoint,) = scheduler.pool.endpoints
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        job = await bench.submitted(scheduler)
        while endpoint.in_flight < 2:
            await checkpoint()
        await scheduler.control(job.id, control)
        assert (endpoint.in_flight, endpoint.reserved_by) == (0, None)
        held.let_go.set()
        other = await bench.submitted(scheduler, name="other")
        assert (await bench.ended(other.id)).counts.embedded == 40
        tg.cancel_scope.cancel()
