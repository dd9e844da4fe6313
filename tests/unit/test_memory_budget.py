"""The memory that files in flight may take."""

from __future__ import annotations

import pytest
from anyio import CancelScope, create_task_group, wait_all_tasks_blocked
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget, Share

pytestmark = pytest.mark.anyio


async def test_a_wish_waits_until_there_is_room_and_keeps_its_turn() -> None:
    budget = MemoryBudget(100)
    order: list[str] = []

    async def wish(share: Share, name: str, wanted_bytes: int) -> None:
        await share.reserve(wanted_bytes)
        order.append(name)

    with budget.share() as share:
        first = await share.reserve(80)
        async with create_task_group() as tg:
            tg.start_soon(wish, share, "large", 90)
            await wait_all_tasks_blocked()
            tg.start_soon(wish, share, "small", 10)  # would fit, but came later
            await wait_all_tasks_blocked()
            assert order == []
            first.release()
        assert order == ["large", "small"]
    assert budget.free_bytes == 100


async def test_a_huge_file_runs_alone() -> None:
    budget = MemoryBudget(100)
    with budget.share() as share:
        lease = await share.reserve(10**12)
        assert budget.free_bytes == 0
        lease.release()
        lease.release()
        assert budget.free_bytes == 100


async def test_a_cancelled_wish_leaves_room_for_the_next() -> None:
    budget = MemoryBudget(100)
    with budget.share() as share:
        await share.reserve(60)
        scope = CancelScope()
        granted: list[int] = []

        async def large() -> None:
            with scope:
                await share.reserve(90)

        async def small() -> None:
            await share.reserve(30)
            granted.append(30)

        async with create_task_group() as tg:
            tg.start_soon(large)
            await wait_all_tasks_blocked()
            tg.start_soon(small)
            await wait_all_tasks_blocked()
            assert granted == []
            scope.cancel()
        assert granted == [30]
    assert budget.free_bytes == 100


async def test_a_job_that_ends_gives_everything_back_at_once() -> None:
    budget = MemoryBudget(100)
    with budget.share() as share:
        lease = await share.reserve(70)
    lease.release()
    assert budget.free_bytes == 100


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=30))
async def test_what_is_free_is_what_nobody_holds(steps: list[tuple[int, int]]) -> None:
    budget = MemoryBudget(1000)
    with budget.share() as share:
        held = 0
        for wanted, kept in steps:
            if wanted > budget.free_bytes:
                break
            lease = await share.reserve(wanted)
            lease.shrink(kept)
            held += min(wanted, kept)
            assert budget.free_bytes == 1000 - held
    assert budget.free_bytes == 1000
