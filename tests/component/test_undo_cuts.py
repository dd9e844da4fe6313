"""A cut of power at any step of a removal or of its undoing loses nothing and doubles nothing."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.library.trash import restoring
from tests.component import test_crashes
from tests.component.bench import Bench
from tests.component.test_crashes import Fuse, cut
from tests.component.test_sync import filled
from tests.component.undo_steps import (
    GONE,
    check_agreement,
    in_trash,
    left_by,
    put_back,
    removed,
    said_by,
    take_away,
    undone,
)
from utils.contract import JobCounts, JobState

pytestmark = pytest.mark.anyio

UNDOING = frozenset({"trash.begin_restore", "store.write", "trash.restore", "jobs.move"})


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restoring, "GROUP", 2)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_cut_at_any_step_of_an_undoing_ends_like_an_uninterrupted_one(
    after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_crashes, "DURABLE", UNDOING)
    burnt: set[str] = set()
    for step in range(1, 100):
        bench = await filled()
        expected = await bench.rows()
        job, away = await removed(bench)
        put_back(bench, away)
        fuse = Fuse(step, after=after)
        await cut(bench, fuse, partial(undone, bench, job))
        if fuse.burnt_at is None:
            break
        burnt.add(fuse.burnt_at)
        where = f"{fuse.burnt_at}, step {step}"
        await bench.resumed()
        (undo,) = await bench.ledger.jobs.list_newest(limit=1, offset=0, kind="undo")
        assert undo.state is JobState.COMPLETED, where
        assert said_by(undo).numbers == {"restored": 5, "not_kept": 0, "without_vector": 0}, where
        assert left_by(undo) == {}, where
        assert (undo.progress.done, undo.progress.total) == (5, 5), where
        await check_agreement(bench, expected, where)
        assert (await in_trash(bench)).points == 0, where
    else:
        raise AssertionError("it has more durable steps than were tried")
    assert burnt == UNDOING


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_what_a_cut_removal_removed_comes_back_whole(
    after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it was cut off: between what is kept, what goes, and what the ledger says."""
    steps = frozenset({"trash.put", "artefacts.begin_delete", "store.delete", "files.delete_files"})
    monkeypatch.setattr(test_crashes, "DURABLE", steps)
    burnt: set[str] = set()
    for step in range(1, 30):
        bench = await filled()
        expected = await bench.rows()
        away = take_away(bench.library, *GONE)
        fuse = Fuse(step, after=after)
        await cut(bench, fuse, partial(bench.job, sync=True))
        if fuse.burnt_at is None:
            break
        burnt.add(fuse.burnt_at)
        await bench.resumed()
        (job,) = await bench.ledger.jobs.list_newest(limit=1, offset=0)
        assert job.progress.removed == len(GONE)
        put_back(bench, away)
        undo = await undone(bench, job)
        assert said_by(undo).numbers["restored"] == len(GONE), fuse.burnt_at
        await check_agreement(bench, expected, fuse.burnt_at)
        assert (await bench.job()).counts == JobCounts(found=61, unchanged=60, skipped=1)
    else:
        raise AssertionError("it has more durable steps than were tried")
    assert burnt == steps


@pytest.mark.parametrize("name", sorted(UNDOING - {"jobs.move"}))
async def test_a_cut_is_survived_by_the_real_ledger_and_store(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LanceStore(str(tmp_path / "store"))
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        bench = await filled(bench=Bench(ledger=ledger, store=store))
        expected: Counter[UUID] = await bench.rows()
        job, away = await removed(bench)
        put_back(bench, away)
        monkeypatch.setattr(test_crashes, "DURABLE", frozenset({name}))
        fuse = Fuse(2, after=True)
        await cut(bench, fuse, partial(undone, bench, job))
        assert fuse.burnt_at == name
        await bench.resumed()
        await check_agreement(bench, expected)
        assert (await bench.job()).counts == JobCounts(found=61, unchanged=60, skipped=1)
    await store.aclose()
