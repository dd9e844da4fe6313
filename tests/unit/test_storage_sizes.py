"""Sizes of the data's parts: looked up beside all else, remembered, never waited for long."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from anyio import create_task_group, fail_after, to_thread, wait_all_tasks_blocked

from ingestion_orchestration_fastapi_app.system.storage import MAX_AGE_S, Part, Storage
from utils.contract.system.overview import StoragePart

pytestmark = pytest.mark.anyio

STORE, EXPORTS = StoragePart.STORE, StoragePart.EXPORTS


def part(name: StoragePart, folder: Path) -> Part:
    return Part(name, str(folder), str(folder))


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_a_look_is_remembered_for_a_while(tmp_path: Path) -> None:
    clock = Clock()
    storage = Storage(str(tmp_path), [part(STORE, tmp_path)], clock=clock)
    (tmp_path / "one").write_bytes(b"123")
    assert (await storage.measured()).sizes == {STORE: 3}
    (tmp_path / "two").write_bytes(b"45")
    clock.now_s = MAX_AGE_S - 1
    assert (await storage.measured()).sizes == {STORE: 3}
    clock.now_s = MAX_AGE_S
    assert (await storage.measured()).sizes == {STORE: 5}


async def test_a_folder_in_a_folder_counts_once_and_links_do_not(tmp_path: Path) -> None:
    inner, outside = tmp_path / "store" / "exports", tmp_path / "outside"
    inner.mkdir(parents=True)
    outside.mkdir()
    (tmp_path / "store" / "a").write_bytes(b"1234")
    (inner / "b").write_bytes(b"56")
    (outside / "c").write_bytes(b"x" * 100_000)
    os.symlink(outside, inner / "link")
    link_bytes = (inner / "link").lstat().st_size
    parts = [part(STORE, tmp_path / "store"), part(EXPORTS, inner)]
    assert (await Storage(str(tmp_path), parts).measured()).sizes == {
        STORE: 4,
        EXPORTS: 2 + link_bytes,
    }


async def test_what_cannot_be_read_or_takes_too_long_has_no_size(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"123")
    parts = [part(STORE, tmp_path / "file"), part(EXPORTS, tmp_path)]
    found = await Storage(str(tmp_path), parts).measured()
    assert found.sizes == {EXPORTS: 3}, "a file is no folder: its size is not known"
    assert (await Storage(str(tmp_path), parts, walk_s=-1).measured()).sizes == {}


async def test_who_asks_does_not_wait_for_a_disk_that_hangs_and_the_look_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one").write_bytes(b"123")
    looks, goes_on, ended = [], threading.Event(), threading.Event()
    real = os.scandir

    def hanging(path: str) -> object:
        if path == str(tmp_path):
            looks.append(path)
            goes_on.wait(30)
        return real(path)

    monkeypatch.setattr(os, "scandir", hanging)
    storage = Storage(str(tmp_path), [part(STORE, tmp_path)], asked_s=0.05)
    with fail_after(60):
        async with create_task_group() as tg:
            for _ in range(3):
                tg.start_soon(storage.measured)
        while not looks:  # its thread may begin after they have given up
            await storage.measured()
        assert (await storage.measured()).sizes == {}
        assert len(looks) == 1
        goes_on.set()
        while not (await storage.measured()).sizes:
            await to_thread.run_sync(ended.wait, 0.01)
        assert (await storage.measured()).sizes == {STORE: 3}
        await wait_all_tasks_blocked()


async def test_of_looks_that_begin_after_nobody_waits_any_more_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, done = [], []
    begin, go_on = threading.Event(), threading.Event()
    run, scan = to_thread.run_sync, os.scandir

    async def begun_late(look: Callable[[], None], **more: Any) -> None:
        def late() -> None:
            begin.wait(30)
            look()
            done.append(look)

        await run(late, **more)

    def hanging(path: str) -> object:
        looks.append(path)
        go_on.wait(30)
        return scan(path)

    monkeypatch.setattr(to_thread, "run_sync", begun_late)
    storage = Storage(str(tmp_path), [part(STORE, tmp_path)], asked_s=0.05)
    with fail_after(60):
        for _ in range(3):
            await storage.measured()
        monkeypatch.setattr(os, "scandir", hanging)
        begin.set()
        while len(looks) + len(done) < 3:
            await run(go_on.wait, 0.01)
        assert len(looks) == 1
        go_on.set()
        while len(done) < 3:
            await run(begin.wait, 0.01)
    assert (await storage.measured()).sizes == {STORE: 0}
