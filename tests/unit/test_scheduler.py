"""Admission, and the model thread's order of work."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from functools import partial

import anyio
import anyio.to_thread
import pytest
from anyio import wait_all_tasks_blocked
from hypothesis import given
from hypothesis import strategies as st

from ml_inference_fastapi_app.scheduling.admission import Admission, Speed
from ml_inference_fastapi_app.scheduling.model_thread import (
    ModelThread,
    ModelThreadDiedError,
    Priority,
    Steps,
    one_turn,
)
from utils.problems import GpuBusy

pytestmark = pytest.mark.anyio


@pytest.fixture
async def thread() -> AsyncIterator[ModelThread]:
    thread = ModelThread()
    thread.start()
    yield thread
    thread.stop()
    assert await anyio.to_thread.run_sync(thread.join, 10)


class Gate:
    """A turn that stands until it is let go: order by state, not by time."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def turn(self) -> None:
        self.entered.set()
        assert self.open.wait(10)

    async def until_entered(self) -> None:
        assert await anyio.to_thread.run_sync(self.entered.wait, 10)


SPEED = Speed(50.0)


def admission(waiting: int = 1, queries: int = 0) -> Admission:
    return Admission(max_waiting_batches=waiting, max_waiting_queries=queries)


@given(st.integers(0, 5), st.integers(0, 12))
def test_exactly_the_running_and_the_waiting_batches_are_admitted(waiting: int, asked: int) -> None:
    door, refused = admission(waiting), 0
    with ExitStack() as stack:
        for _ in range(asked):
            try:
                stack.enter_context(door.batch(10, SPEED))
            except GpuBusy:
                refused += 1
        assert door.running + door.waiting == min(asked, 1 + waiting) == asked - refused
    assert door.running + door.waiting == 0, "every place is given back"


def test_a_refusal_says_when_the_oldest_batch_will_have_left() -> None:
    door = admission(waiting=1)
    with door.batch(200, SPEED) as oldest, door.batch(100, SPEED):
        oldest.images_left = 100
        with pytest.raises(GpuBusy) as refused, door.batch(1, SPEED):
            pass
    assert refused.value.retry_after_s == 2.0


def test_a_strict_lock_admits_one_batch() -> None:
    door = admission(waiting=0)
    with door.batch(1, SPEED), pytest.raises(GpuBusy), door.batch(1, SPEED):
        pass


def test_queries_are_admitted_while_batches_are_refused() -> None:
    door = admission(waiting=0, queries=1)
    with door.batch(1, SPEED), door.query(), door.query(), pytest.raises(GpuBusy), door.query():
        pass


async def test_the_result_of_the_last_step_is_returned(thread: ModelThread) -> None:
    def steps() -> Steps[int]:
        yield
        yield
        return 7

    assert await thread.run(steps(), priority=Priority.IMPORT) == 7


async def test_all_work_runs_on_one_thread(thread: ModelThread) -> None:
    names = set()
    for priority in Priority:
        names.add(await thread.run(one_turn(threading.get_ident), priority=priority))
    assert len(names) == 1
    assert threading.get_ident() not in names


async def test_a_load_and_an_import_take_turns_so_that_neither_waits_for_the_others_end(
    thread: ModelThread,
) -> None:
    gate, order = Gate(), list[str]()

    def steps(name: str) -> Steps[None]:
        for _ in range(3):
            order.append(name)
            yield

    async with anyio.create_task_group() as tg:
        tg.start_soon(partial(thread.run, one_turn(gate.turn), priority=Priority.QUERY))
        await gate.until_entered()
        tg.start_soon(partial(thread.run, steps("load"), priority=Priority.LOAD))
        tg.start_soon(partial(thread.run, steps("import"), priority=Priority.IMPORT))
        await wait_all_tasks_blocked()
        gate.open.set()
    assert order == ["import", "load"] * 3


async def test_a_query_goes_between_two_turns_of_an_import(thread: ModelThread) -> None:
    gate, order = Gate(), []

    def steps() -> Steps[None]:
        gate.turn()
        order.append("first turn")
        yield
        order.append("second turn")

    def query() -> None:
        order.append("query")

    async with anyio.create_task_group() as tg:
        tg.start_soon(_run, thread, steps(), Priority.IMPORT)
        await gate.until_entered()
        tg.start_soon(_run, thread, one_turn(query), Priority.QUERY)
        await anyio.wait_all_tasks_blocked()
        gate.open.set()
    assert order == ["first turn", "query", "second turn"]


async def test_an_import_ends_before_the_next_import_starts(thread: ModelThread) -> None:
    gate, order = Gate(), []

    def steps(name: str) -> Steps[None]:
        gate.turn()
        order.append(name)
        yield
        order.append(name)

    async with anyio.create_task_group() as tg:
        tg.start_soon(_run, thread, steps("a"), Priority.IMPORT)
        await gate.until_entered()
        tg.start_soon(_run, thread, steps("b"), Priority.IMPORT)
        await anyio.wait_all_tasks_blocked()
        gate.open.set()
    assert order == ["a", "a", "b", "b"]


async def test_work_cancelled_before_its_turn_never_starts(thread: ModelThread) -> None:
    gate, started = Gate(), []
    async with anyio.create_task_group() as tg:
        tg.start_soon(_run, thread, one_turn(gate.turn), Priority.IMPORT)
        await gate.until_entered()
        async with anyio.create_task_group() as hurried:
            hurried.start_soon(_run, thread, one_turn(lambda: started.append(1)), Priority.IMPORT)
            await anyio.wait_all_tasks_blocked()
            hurried.cancel_scope.cancel()
        gate.open.set()
    await thread.run(one_turn(lambda: None), priority=Priority.IMPORT)
    assert started == []


async def test_work_cancelled_between_turns_goes_no_further(thread: ModelThread) -> None:
    gate, later, closed = Gate(), [], []

    def steps() -> Steps[None]:
        try:
            gate.turn()
            yield
            later.append(1)
        finally:
            closed.append(1)

    async with anyio.create_task_group() as tg:
        tg.start_soon(_run, thread, steps(), Priority.IMPORT)
        await gate.until_entered()
        tg.cancel_scope.cancel()
    gate.open.set()
    await thread.run(one_turn(lambda: None), priority=Priority.IMPORT)
    assert (later, closed) == ([], [1])


async def test_a_failing_step_fails_its_own_work_only(thread: ModelThread) -> None:
    with pytest.raises(ZeroDivisionError):
        await thread.run(one_turn(lambda: 1 // 0), priority=Priority.QUERY)
    assert await thread.run(one_turn(lambda: 1), priority=Priority.QUERY) == 1
    assert thread.alive


async def test_the_threads_death_is_told_to_all_that_wait_and_to_its_owner() -> None:
    died = threading.Event()
    thread = ModelThread(on_death=died.set)
    thread.start()
    gate, failures = Gate(), []

    def fatal() -> None:
        gate.turn()
        raise SystemExit

    async def expect_death(step: Callable[[], None]) -> None:
        try:
            await thread.run(one_turn(step), priority=Priority.IMPORT)
        except ModelThreadDiedError:
            failures.append(1)

    async with anyio.create_task_group() as tg:
        tg.start_soon(expect_death, fatal)
        await gate.until_entered()
        tg.start_soon(expect_death, lambda: None)
        await anyio.wait_all_tasks_blocked()
        gate.open.set()
    assert failures == [1, 1]
    assert await anyio.to_thread.run_sync(died.wait, 10)
    assert not thread.alive
    with pytest.raises(ModelThreadDiedError):
        await thread.run(one_turn(lambda: None), priority=Priority.QUERY)


async def test_a_stopped_thread_is_not_a_death() -> None:
    died = threading.Event()
    thread = ModelThread(on_death=died.set)
    thread.start()
    thread.stop()
    assert await anyio.to_thread.run_sync(thread.join, 10)
    assert not died.is_set()


async def _run(thread: ModelThread, steps: Steps[None], priority: Priority) -> None:
    await thread.run(steps, priority=priority)
