"""How much of what was removed is kept, for how long, and what takes it along."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.jobs.imports import import_request
from ingestion_orchestration_fastapi_app.domain.library.words import Caption
from ingestion_orchestration_fastapi_app.domain.trash.trashed import (
    TrashSize,
)
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, JobStateProblem
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    NOW,
    ROOT,
    key,
)
from tests.unit.trash_words import (
    NAMES,
    ROOMY,
    delete,
    filled,
    page,
    put,
    removal,
    remove,
)
from utils.contract import JobState

pytestmark = pytest.mark.anyio


async def test_what_was_removed_first_goes_where_there_is_no_room(ledger: Ledger) -> None:
    collection = await filled(ledger)
    await remove(ledger, collection, b"a")
    of_one = (await ledger.trash.size(collection.id)).size_bytes
    assert of_one > 4 * 4
    await remove(ledger, collection, b"b")
    size = await ledger.trash.size(collection.id)
    assert (size.points, size.oldest_at, size.newest_at) == (2, NOW, NOW)
    assert size.size_bytes == 2 * of_one
    await put(ledger, collection, removal(b"\xff.jpg"), limit_bytes=2 * of_one + 50)
    assert [one.key for one in await page(ledger, collection)] == [key(b"b")]
    await put(ledger, collection, removal(b"\xff.jpg"), limit_bytes=0)
    assert (await ledger.trash.size(collection.id)).points == 1, "what is being removed stays"
    await delete(ledger, collection, b"\xff.jpg")
    trim = ledger.trash.trim
    assert await trim(before=NOW, limit_bytes=ROOMY, at_most=9) == 0
    assert await trim(before=NOW, limit_bytes=0, at_most=9) == 1
    assert await ledger.trash.size(collection.id) == TrashSize()


async def test_what_is_too_old_goes_in_steps(ledger: Ledger) -> None:
    collection = await filled(ledger)
    await remove(ledger, collection, *NAMES)
    later = NOW + timedelta(seconds=1)
    trim = ledger.trash.trim
    assert await trim(before=NOW, limit_bytes=ROOMY, at_most=2) == 0
    assert await trim(before=later, limit_bytes=ROOMY, at_most=2) == 2
    assert await trim(before=later, limit_bytes=ROOMY, at_most=2) == 1
    assert await trim(before=later, limit_bytes=ROOMY, at_most=2) == 0


async def test_it_is_emptied_at_once_and_for_no_other_collection(ledger: Ledger) -> None:
    collection = await filled(ledger)
    await remove(ledger, collection, *NAMES)
    assert await ledger.trash.empty(collection.id + 1, at_most=9) == 0
    assert await ledger.trash.empty(collection.id, at_most=2) == 2
    assert await ledger.trash.empty(collection.id, at_most=2) == 1
    assert await ledger.trash.empty(collection.id, at_most=2) == 0
    assert await ledger.trash.size(collection.id) == TrashSize()


async def test_what_is_emptied_is_overwritten_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    async with open_ledger(path) as opened:
        collection = await filled(opened)
        secret = replace(removal(b"a"), caption=Caption("nobody else is to read this", "blip"))
        await put(opened, collection, secret)
        await delete(opened, collection, b"a")
    assert b"nobody else is to read this" in path.read_bytes()
    async with open_ledger(path) as opened:
        assert await opened.trash.empty(collection.id, at_most=9) == 1
    assert b"nobody else is to read this" not in path.read_bytes()


async def test_it_goes_with_its_collection_and_with_its_root(ledger: Ledger) -> None:
    collection = await filled(ledger)
    await remove(ledger, collection, b"a")
    await ledger.jobs.move("job-1", JobState.COMPLETED)
    await ledger.roots.begin_changes(collection.id, {ROOT.id: None})
    while not await ledger.roots.end_change(collection.id, ROOT.id):
        pass
    assert await ledger.trash.size(collection.id) == TrashSize()
    await ledger.roots.add(collection.id, ROOT)
    await ledger.jobs.create("job-2", collection.id, import_request("default", ROOT.path))
    await ledger.jobs.move("job-2", JobState.RUNNING)
    await put(ledger, collection, removal(b"b"), job_id="job-2")
    with pytest.raises(JobStateProblem):  # of a job that has ended
        await put(ledger, collection, removal(b"a"))
    await ledger.jobs.move("job-2", JobState.COMPLETED)
    await ledger.collections.delete(collection.id)
    while await ledger.trash.trim(before=NOW, limit_bytes=ROOMY, at_most=1):
        pass
    assert await ledger.trash.size(collection.id) == TrashSize()
    with pytest.raises(CollectionNotFound):
        await put(ledger, collection, removal(b"a"), job_id=None)
    with pytest.raises(CollectionNotFound):
        await ledger.trash.begin_restore(collection.id, [], {})


async def test_a_job_is_remembered_as_long_as_it_can_be_undone(ledger: Ledger) -> None:
    collection = await filled(ledger)
    await remove(ledger, collection, b"a")
    await ledger.jobs.move("job-1", JobState.COMPLETED)
    await ledger.jobs.create("job-2", collection.id, import_request("default", ROOT.path))
    later = NOW + timedelta(days=1)
    assert await ledger.jobs.prune(before=later) == 0
    await ledger.trash.empty(collection.id, at_most=9)
    assert await ledger.jobs.prune(before=later) == 1
