"""Threads by root: what hangs in one root hangs there alone, and nobody must wait for it."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from anyio import CancelScope, create_task_group, fail_after, wait_all_tasks_blocked

from ingestion_orchestration_fastapi_app.adapters.local_files import mounts
from ingestion_orchestration_fastapi_app.adapters.local_files.mounts import Mount, MountPoints
from ingestion_orchestration_fastapi_app.resources.root_threads import (
    NotAnsweringError,
    RootThreads,
    note_alive,
)

pytestmark = pytest.mark.anyio


def by_first_name(path: bytes) -> bytes:
    return b"/".join(path.split(b"/")[:2])


class DeadShare:
    """Whose calls return when it is back."""

    def __init__(self) -> None:
        self.back = threading.Event()
        self.called = 0

    def call(self) -> str:
        self.called += 1
        self.back.wait(30)
        return "at last"


async def test_calls_that_hang_hold_their_roots_threads_and_no_others() -> None:
    threads, share = RootThreads(by_first_name, each=2), DeadShare()
    answers: list[str] = []

    async def ask() -> None:
        answers.append(await threads.run(b"/dead/a", share.call))

    async with create_task_group() as tg:
        for _ in range(5):
            tg.start_soon(ask)
        await wait_all_tasks_blocked()
        with fail_after(60):
            assert await threads.run(b"/alive/a", partial(str, 7)) == "7"
        assert (share.called, answers) == (2, [])
        share.back.set()
    assert answers == ["at last"] * 5


async def test_who_is_cancelled_does_not_wait_and_the_place_stays_taken() -> None:
    threads, share = RootThreads(by_first_name, each=1), DeadShare()
    dropped: list[str | None] = []
    with fail_after(60):
        async with create_task_group() as tg:
            tg.start_soon(partial(threads.run, b"/dead/a", share.call, drop=dropped.append))
            await wait_all_tasks_blocked()
            tg.cancel_scope.cancel()
    assert (share.called, dropped) == (1, [])
    answers: list[str] = []

    async def ask() -> None:
        answers.append(await threads.run(b"/dead/a", partial(str, 8)))

    async with create_task_group() as tg:
        tg.start_soon(ask)
        await wait_all_tasks_blocked()
        assert answers == []
        share.back.set()
    assert (answers, dropped) == (["8"], ["at last"])


async def test_who_is_cancelled_before_the_call_began_is_told_that_nothing_came() -> None:
    threads, share = RootThreads(by_first_name, each=1), DeadShare()
    dropped: list[str | None] = []
    async with create_task_group() as tg:
        tg.start_soon(partial(threads.run, b"/dead/a", share.call))
        await wait_all_tasks_blocked()
        with CancelScope() as scope:
            scope.cancel()
            await threads.run(b"/dead/a", share.call, drop=dropped.append)
        assert (share.called, dropped) == (1, [None])
        share.back.set()


async def test_what_a_call_raises_is_raised_and_its_place_is_free_again() -> None:
    threads = RootThreads(by_first_name, each=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await threads.run(b"/a", lambda: 1 // 0)
    assert await threads.run(b"/a", lambda: 5) == 5


async def test_a_call_for_which_no_thread_starts_takes_no_place_and_never_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    threads, calls, dropped = RootThreads(by_first_name, each=1), list[str](), list[object]()
    with monkeypatch.context() as patched:
        patched.setattr(threading, "_start_new_thread", refuse)
        for _ in range(3):
            with pytest.raises(RuntimeError):
                await threads.run(b"/a", partial(calls.append, "no"), drop=dropped.append)
    with fail_after(60):
        await threads.run(b"/a", partial(calls.append, "yes"))
    assert (calls, dropped) == (["yes"], [None] * 3)


async def test_who_gives_a_limit_is_told_where_nothing_is_heard_and_may_ask_again() -> None:
    threads, share, dropped = RootThreads(by_first_name, each=1), DeadShare(), list[str | None]()
    with threads.call(b"/dead/a", share.call, drop=dropped.append) as call:
        for _ in range(2):
            with pytest.raises(NotAnsweringError):
                await call.answer(limit_s=0.01)
        share.back.set()
        assert await call.answer(limit_s=20) == "at last"
    assert dropped == []
    share.back.clear()
    with pytest.raises(NotAnsweringError):
        await threads.run(b"/dead/a", share.call, drop=dropped.append, limit_s=0.01)
    share.back.set()
    with fail_after(60):
        assert await threads.run(b"/dead/a", partial(str, 7), limit_s=20) == "7"
    assert dropped == ["at last"]


async def test_a_call_that_says_that_it_is_alive_may_take_longer_than_the_limit() -> None:
    threads = RootThreads(by_first_name, each=1)

    def slow() -> str:
        for _ in range(20):
            note_alive()
            threading.Event().wait(0.05)
        return "done"

    assert await threads.run(b"/slow", slow, limit_s=0.5) == "done"


async def test_a_root_whose_calls_all_hang_is_not_waited_for_anew() -> None:
    threads, share = RootThreads(by_first_name, each=4), DeadShare()
    for _ in range(2):
        with pytest.raises(NotAnsweringError):
            await threads.run(b"/dead/a", share.call, limit_s=0.01)
    with pytest.raises(NotAnsweringError):
        await threads.run(b"/dead/a", share.call, limit_s=0.01)
    assert share.called == 2
    assert await threads.run(b"/alive/a", partial(str, 7), limit_s=20) == "7"
    share.back.set()


async def test_roots_in_which_nothing_goes_on_are_forgotten_and_those_that_hang_are_not() -> None:
    threads, share = RootThreads(lambda path: path, each=1), DeadShare()
    async with create_task_group() as tg:
        tg.start_soon(partial(threads.run, b"/dead", share.call))
        await wait_all_tasks_blocked()
        for number in range(200):
            await threads.run(b"/%d" % number, lambda: None)
        assert len(threads._roots) < 100
        with CancelScope() as scope:
            scope.cancel()
            await threads.run(b"/dead", share.call)
        assert share.called == 1
        share.back.set()


async def test_no_thread_keeps_the_process_from_its_end() -> None:
    threads = RootThreads(by_first_name, each=1)
    assert await threads.run(b"/a", lambda: threading.current_thread().daemon)


def test_the_mount_above_a_path_is_looked_up_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    table = [b"/", b"/home/me/nas"]
    monkeypatch.setattr(
        mounts, "mount_table", lambda: (Mount(b"0:1", b"/", at, b"nfs", b"x") for at in table)
    )
    now_s = [0.0]
    points = MountPoints(clock=lambda: now_s[0])
    assert points.above(b"/home/me/nas/2019/a.jpg") == b"/home/me/nas"
    assert points.above(b"/home/me/nas") == b"/home/me/nas"
    assert points.above(b"/home/me/nashville/a.jpg") == b"/"
    table.append(b"/home/me/usb")
    assert points.above(b"/home/me/usb/a.jpg") == b"/"
    now_s[0] = 5
    assert points.above(b"/home/me/usb/a.jpg") == b"/home/me/usb"
