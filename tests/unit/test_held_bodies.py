"""Bodies that come slowly, or too many at once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyio import Event, create_task_group, fail_after, sleep_forever, wait_all_tasks_blocked
from anyio.lowlevel import checkpoint
from starlette.types import Message, Receive

from utils.problems import ServiceOverloaded, TooSlow
from utils.web.bodies import held_bodies
from utils.web.bodies.held_bodies import HeldBodies, Pace

pytestmark = pytest.mark.anyio


def test_patience_is_used_up_by_waiting_and_given_back_by_bytes() -> None:
    pace = Pace(min_bytes_per_s=1000, patience_s=5)
    for _ in range(100):
        pace.arrived(1000, waited_s=1)
    assert pace.left_s == 5
    pace.arrived(500, waited_s=1)
    assert pace.left_s == 4.5
    pace.arrived(10**9, waited_s=0)
    assert pace.left_s == 5, "what came fast is no credit"
    pace.arrived(0, waited_s=9)
    assert pace.left_s == 0


def giving(sizes: Sequence[int]) -> Receive:
    """These, then nothing, for ever."""
    left = list(sizes)

    async def receive() -> Message:
        await checkpoint()
        if not left:
            await sleep_forever()
        return {"type": "http.request", "body": b"x" * left.pop(0), "more_body": True}

    return receive


async def test_a_body_that_stops_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_bodies, "PATIENCE_S", 0.05)
    held = HeldBodies(1000)
    receive = giving([10])
    with held.body() as body, fail_after(60):
        await held.next(body, receive)
        with pytest.raises(TooSlow):
            await held.next(body, receive)


async def test_of_bodies_that_pass_through_only_the_pace_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(held_bodies, "PATIENCE_S", 0.05)
    passing = HeldBodies(None)
    receive = giving([10**6] * 20)
    with passing.body() as body, fail_after(60):
        for _ in range(20):
            await passing.next(body, receive)
        assert body.held_bytes == 0
        with pytest.raises(TooSlow):
            await passing.next(body, receive)


async def test_the_slowest_gives_way_and_its_bytes_are_free_again() -> None:
    held, began, refused = HeldBodies(1000), Event(), []

    async def slow() -> None:
        receive = giving([300])
        with held.body() as body:
            await held.next(body, receive)
            began.set()
            with pytest.raises(ServiceOverloaded):
                await held.next(body, receive)
            refused.append("slow")

    async with create_task_group() as tg:
        tg.start_soon(slow)
        await began.wait()
        await wait_all_tasks_blocked()
        with held.body() as fast:
            receive = giving([900])
            assert len((await held.next(fast, receive))["body"]) == 900
            await wait_all_tasks_blocked()
            assert refused == ["slow"]
    with held.body() as next_one:
        await held.next(next_one, giving([1000]))


async def test_only_so_many_are_waited_for_and_the_slowest_gives_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(held_bodies, "MAX_WAITED_FOR", 3)
    held, refused = HeldBodies(1000), []

    async def silent(number: int) -> None:
        with held.body() as body:
            with pytest.raises(ServiceOverloaded):
                await held.next(body, giving([]))
            refused.append(number)

    async with create_task_group() as tg:
        for number in range(3):
            tg.start_soon(silent, number)
        await wait_all_tasks_blocked()
        for _ in range(3):
            with held.body() as new:
                await held.next(new, giving([1]))
            await wait_all_tasks_blocked()
            tg.start_soon(silent, 3)
            await wait_all_tasks_blocked()
        assert len(refused) == 3
        tg.cancel_scope.cancel()


async def test_where_the_others_are_at_work_the_new_one_is_told_so() -> None:
    held = HeldBodies(1000)
    with held.body() as working, held.body() as new:
        await held.next(working, giving([900]))
        with pytest.raises(ServiceOverloaded):
            await held.next(new, giving([200]))
