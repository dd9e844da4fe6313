"""A root that is repointed or forgotten: cut off at any step, or told by an older table."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from anyio import create_task_group

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    import_request,
)
from tests.component import test_crashes
from tests.component.bench import Bench, mixed_folder
from tests.component.test_crashes import Fuse, cut

pytestmark = pytest.mark.anyio


CHANGE = frozenset(
    {
        "roots.begin_changes",
        "store.write",
        "store.delete",
        "generations.set_synced_version",
        "roots.forget_points",
        "store.put_label",
        "roots.end_change",
    }
)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("to", [b"/moved", None], ids=["repoint", "forget"])
async def test_a_cut_at_any_step_of_a_change_is_seen_through_at_the_next_start(
    to: bytes | None, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_crashes, "DURABLE", CHANGE)
    burnt: set[str] = set()
    for step in range(1, 50):
        bench = Bench()
        mixed_folder(bench.library)
        await bench.job()
        rows = await bench.rows()
        fuse = Fuse(step, after=after)
        await cut(bench, fuse, partial(changed, bench, to))
        if fuse.burnt_at is None:
            break
        burnt.add(fuse.burnt_at)
        where = f"{fuse.burnt_at}, step {step}"
        await bench.resumed()
        if (fuse.burnt_at, after) == ("roots.begin_changes", False):
            continue  # nothing was begun
        collection = await bench.ledger.collections.find("default")
        assert collection is not None
        assert collection.root_changes == {}, where
        await check_changed(bench, to, rows if to else {})
    else:
        raise AssertionError("the change has more durable steps than were tried")
    assert burnt >= CHANGE - (
        {"store.delete", "roots.forget_points"}
        if to
        else {"store.write", "generations.set_synced_version"}
    )


@pytest.mark.parametrize(
    "name", ["roots.begin_changes", "store.write", "store.put_label", "roots.end_change"]
)
async def test_a_cut_of_a_repointing_is_mended_by_the_real_ledger_and_store(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_crashes, "DURABLE", frozenset({name}))
    store = LanceStore(str(tmp_path / "store"))
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        bench = Bench(ledger=ledger, store=store)
        mixed_folder(bench.library)
        await bench.job()
        rows = await bench.rows()
        fuse = Fuse(1, after=True)
        await cut(bench, fuse, partial(changed, bench, b"/moved"))
        assert fuse.burnt_at == name
        await bench.resumed()
        await check_changed(bench, b"/moved", rows)
    await store.aclose()


async def changed(bench: Bench, to: bytes | None) -> None:
    async with create_task_group():  # a cut comes out as a group, as from a job
        roots = bench.collections().roots
        collection = await bench.collections().get("default")
        if to is None:
            await roots.forget(collection, b"/photos")
        else:
            await roots.repoint(collection, b"/photos", to)


async def check_changed(bench: Bench, to: bytes | None, rows: dict[Any, int]) -> None:
    """The store, and what the next import makes of it."""
    assert await bench.rows() == rows
    points = await bench.store.get("default", list(rows))
    assert {point.path.rpartition(b"/")[0] for point in points} == ({to} if rows else set())
    collection = await bench.collections().get("default")
    kept = (Root(bench.library.root.id, to),) if to is not None else ()
    assert collection.roots == kept
    label = await bench.store.label("default")
    assert label is not None
    assert label.roots == set(kept)
    files, images = await bench.ledger.folders.totals(collection.id, b"/", recursive=True)
    assert images == len(rows)
    assert (files > 0) == (to is not None)
    request = import_request("default", b"/photos")
    await bench.ledger.jobs.create("next", collection.id, request)  # none is refused any more


async def test_an_older_ledger_learns_from_the_table_where_a_root_is() -> None:
    """As from a backup that was made before the root was re-pointed."""
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    version = (await bench.collections().get("default")).bound().synced_version
    await changed(bench, b"/moved")
    collection = await bench.collections().get("default")
    (root,) = collection.roots
    await bench.ledger.roots.begin_changes(collection.id, {root.id: b"/photos"})
    await bench.ledger.roots.end_change(collection.id, root.id)
    assert version is not None
    await bench.ledger.generations.set_synced_version(collection.bound().id, version)
    await bench.collections().check_all()
    assert (await bench.collections().get("default")).roots == (root,)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_an_older_table_is_brought_up_however_often_that_is_cut_off(
    after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = {"generations.set_synced_version", "store.write", "store.put_label", "roots.end_change"}
    monkeypatch.setattr(test_crashes, "DURABLE", frozenset(steps))
    burnt: set[str] = set()
    for step in range(1, 50):
        bench = Bench()
        mixed_folder(bench.library)
        await bench.job()
        rows = await bench.rows()
        collection = await bench.collections().get("default")
        (root,) = collection.roots
        await bench.ledger.roots.begin_changes(collection.id, {root.id: b"/moved"})
        await bench.ledger.roots.end_change(collection.id, root.id)
        await bench.ledger.generations.set_synced_version(collection.bound().id, 1_000)
        fuse = Fuse(step, after=after)
        await cut(bench, fuse, partial(started, bench))
        await started(bench)
        await check_changed(bench, b"/moved", rows)
        if fuse.burnt_at is None:
            break
        burnt.add(fuse.burnt_at)
    assert burnt == steps


async def started(bench: Bench) -> None:
    async with create_task_group():  # a cut comes out as a group, as from a job
        await bench.collections().check_all()


async def test_an_older_table_is_brought_to_where_the_ledger_has_the_root() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    rows = await bench.rows()
    collection = await bench.collections().get("default")
    (root,) = collection.roots
    await bench.ledger.roots.begin_changes(collection.id, {root.id: b"/moved"})
    await bench.ledger.roots.end_change(collection.id, root.id)
    torn = 1_000
    await bench.ledger.generations.set_synced_version(collection.bound().id, torn)
    await bench.collections().check_all()
    points = await bench.store.get("default", list(rows))
    assert {point.path.rpartition(b"/")[0] for point in points} == {b"/moved"}
