"""Queries and developed thumbnails are part of the pool's opinion of what a service can take."""

from __future__ import annotations

from contextlib import suppress

import pytest
from anyio import create_task_group, current_time, move_on_after, wait_all_tasks_blocked

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Upload
from ingestion_orchestration_fastapi_app.domain.inference.window import Window
from ingestion_orchestration_fastapi_app.errors import (
    ConnectionLost,
    InferenceFault,
    ModelMismatch,
    Overloaded,
)
from ingestion_orchestration_fastapi_app.inference_pool.endpoint import Endpoint, EndpointStatus
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.queries import query_vector
from ingestion_orchestration_fastapi_app.inference_pool.single import sent_alone
from ingestion_orchestration_fastapi_app.inference_pool.slots import Share, Ticket
from ingestion_orchestration_fastapi_app.ports.inference import Inference
from tests.component.service_fakes import Held
from tests.component.test_several_services import Asked
from tests.fakes import FINGERPRINT, capabilities

pytestmark = pytest.mark.anyio


async def pool_of(*services: Inference) -> InferencePool:
    pool = InferencePool(services)
    await pool.refresh()
    return pool


def with_room_for(batches: int) -> Endpoint:
    return Endpoint(Asked(), capabilities=capabilities(), window=Window.of_limit(batches))


def filled(pool: InferencePool) -> int:
    """How many batches of a job are let in."""
    share = Share(lambda _: True)
    pool.slots.join(share)
    while True:
        ticket = Ticket(share)
        pool.slots.enter(ticket)
        granted = pool.slots.granted(ticket, pool.endpoints)
        pool.slots.withdraw(ticket, pool.endpoints)
        if granted is None:
            return share.held


@pytest.mark.parametrize(
    ("window", "queries", "batches"), [(1, 0, 1), (1, 9, 1), (4, 1, 3), (4, 9, 1)]
)
async def test_batches_leave_room_for_queries_and_queries_leave_one_for_batches(
    window: int, queries: int, batches: int
) -> None:
    pool = await pool_of(Asked(told=capabilities(limit=window)))
    pool.endpoints[0].window = Window.of_limit(window)
    pool.endpoints[0].queries = queries
    assert filled(pool) == min(batches, with_room_for(window).free_slots)


async def test_a_query_waits_for_no_batch_and_its_room_is_free_again() -> None:
    service = Asked(told=capabilities(limit=2))
    pool = await pool_of(service)
    held = filled(pool)
    assert held == pool.endpoints[0].in_flight > 0
    answer = await query_vector(
        pool, FINGERPRINT, lambda one, model: one.embed_text("x", fingerprint=model), timeout_s=5
    )
    assert answer.fingerprint == FINGERPRINT
    assert pool.endpoints[0].queries == 0


async def test_a_service_that_has_no_place_for_queries_is_asked_by_none_before_its_time() -> None:
    service = Asked(faults=[Overloaded("busy", retry_after_s=0.2)])
    pool = await pool_of(service)
    asked_at_s: list[float] = []

    async def ask(text: str) -> None:
        async def embed(one: Inference, model: str) -> object:
            asked_at_s.append(current_time())
            return await one.embed_text(text, fingerprint=model)

        await query_vector(pool, FINGERPRINT, embed, timeout_s=5)  # type: ignore[arg-type]

    async with create_task_group() as tg:
        tg.start_soon(ask, "first")
        while not asked_at_s:
            await wait_all_tasks_blocked()
        tg.start_soon(ask, "second")
    assert len(asked_at_s) == 3
    assert min(asked_at_s[1:]) - asked_at_s[0] >= 0.19
    service.faults.append(Overloaded("busy", retry_after_s=9))
    with pytest.raises(Overloaded) as caught:
        await ask_in_time(pool)
    assert caught.value.retry_after_s is not None
    with pytest.raises(Overloaded):
        await ask_in_time(pool)
    assert len(service.queries) == 4, "the last one was not sent"


async def ask_in_time(pool: InferencePool) -> None:
    await query_vector(
        pool, FINGERPRINT, lambda one, model: one.embed_text("x", fingerprint=model), timeout_s=1
    )


async def develop(pool: InferencePool) -> None:
    upload = {"one": Upload(b"raw", "image/x-raw")}
    await sent_alone(
        pool,
        FINGERPRINT,
        lambda one: one.embed(upload, captions=False, fingerprint=FINGERPRINT),
    )


async def test_a_developed_thumbnail_waits_for_a_slot_and_takes_it_from_jobs() -> None:
    service = Held(told=capabilities(limit=1))
    pool = await pool_of(service)
    pool.endpoints[0].window = Window.of_limit(1)
    share = Share(lambda _: True)
    pool.slots.join(share)
    ticket = Ticket(share)
    pool.slots.enter(ticket)
    endpoint = pool.slots.granted(ticket, pool.endpoints)
    assert endpoint is not None
    pool.slots.withdraw(ticket, pool.endpoints)
    async with create_task_group() as tg:
        tg.start_soon(develop, pool)
        await wait_all_tasks_blocked()
        assert endpoint.in_flight == 1, "the job's batch"
        pool.slots.give_back(share, endpoint)
        pool.notify()
        await wait_all_tasks_blocked()
        assert (endpoint.in_flight, share.held) == (1, 0)
        service.let_go.set()
    assert endpoint.in_flight == 0
    assert service.batches == [[b"raw"]]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Overloaded("busy", retry_after_s=9), EndpointStatus.COOLING_DOWN),
        (ConnectionLost("gone"), EndpointStatus.AWAY),
    ],
)
async def test_what_a_developed_thumbnail_meets_is_known_to_jobs(
    fault: InferenceFault, status: EndpointStatus
) -> None:
    service = Asked()
    pool = await pool_of(service)

    def fail(_: object) -> None:
        raise fault

    service.behaviour = fail
    with pytest.raises(type(fault)):
        await develop(pool)
    assert pool.endpoints[0].status is status
    sent = service.most_running
    with suppress(ModelMismatch), move_on_after(0.05):
        await develop(pool)
    assert service.most_running == sent == 1
    assert pool.endpoints[0].in_flight == 0
