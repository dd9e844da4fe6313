"""What a ledger knows of roots that are re-pointed or forgotten, for SQLite and its twin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import roots
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, Root
from ingestion_orchestration_fastapi_app.domain.files.identity import root_at
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    import_request,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import ImportPath
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    JobStateProblem,
    RootNotFound,
    RootOverlap,
)
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    ROOT,
    bound,
    complete,
    failed,
    file_start,
    intents,
    pid,
    running,
    stored,
)
from utils.contract import JobState

pytestmark = pytest.mark.anyio

INNER = root_at(ROOT.path + b"/inner")
MOVED = Root(ROOT.id, b"/elsewhere/photos")


async def filled(ledger: Ledger) -> CollectionRecord:
    """A collection of two roots, one in the other, with an ended job, watches and devices."""
    collection = await running(ledger)
    await ledger.roots.add(collection.id, INNER)
    inner = replace(file_start(b"5.jpg"), key=FileKey(INNER.id, b"5.jpg"))
    await ledger.files.register(
        "job-1", collection.id, [*map(file_start, (b"a.jpg", b"b.jpg")), inner]
    )
    await complete(ledger, collection, stored(b"a.jpg"), failed(b"b.jpg"))
    await ledger.jobs.move("job-1", JobState.COMPLETED)
    for folder in (ROOT.path + b"/deep", INNER.path):
        await ledger.collections.put_watch(collection.id, Watch(folder))
    found = {ROOT.path: 1, ROOT.path + b"/mount": 2, INNER.path + b"/mount": 3}
    await ledger.folders.note_devices(collection.id, found, replace=True)
    return await now(ledger)


async def now(ledger: Ledger) -> CollectionRecord:
    found = await ledger.collections.find("default")
    assert found is not None
    return found


async def end(ledger: Ledger, collection: CollectionRecord, root: Root) -> None:
    while not await ledger.roots.end_change(collection.id, root.id):
        pass


async def test_a_repointed_root_takes_its_watches_devices_and_jobs_along(ledger: Ledger) -> None:
    collection = await filled(ledger)
    await ledger.roots.begin_changes(collection.id, {ROOT.id: MOVED.path})
    assert (await now(ledger)).root_changes == {ROOT.id: MOVED.path}
    assert (await now(ledger)).roots == (ROOT, INNER)
    await end(ledger, collection, ROOT)
    found = await now(ledger)
    assert found.root_changes == {}
    assert set(found.roots) == {MOVED, INNER}
    assert found.watches == (Watch(MOVED.path + b"/deep"), Watch(INNER.path))
    assert await ledger.folders.devices(collection.id) == {
        MOVED.path: 1,
        MOVED.path + b"/mount": 2,
        INNER.path + b"/mount": 3,
    }
    job = await ledger.jobs.find("job-1")
    assert job is not None
    assert job.request.directory == MOVED.path
    known = await ledger.files.recall(collection.id, [stored(b"a.jpg").key])
    assert len(known) == 1
    assert await ledger.folders.totals(collection.id, MOVED.path, recursive=True) == (2, 1)
    await end(ledger, collection, ROOT)  # again is harmless


async def test_the_folders_of_a_job_go_along(ledger: Ledger) -> None:
    collection = await ledger.collections.create("default", [ROOT], identity="default")
    odd = ROOT.path + b"/\xff"
    request = import_request("default", ROOT.path, folders=(odd, b"/foreign"))
    await ledger.jobs.create("job", collection.id, request)
    await ledger.jobs.move("job", JobState.CANCELLED)
    await ledger.roots.begin_changes(collection.id, {ROOT.id: MOVED.path})
    await end(ledger, collection, ROOT)
    job = await ledger.jobs.find("job")
    assert job is not None
    assert job.request.folders == (MOVED.path + b"/\xff", b"/foreign")


async def test_the_paths_of_a_job_go_along_each_with_its_own_root(ledger: Ledger) -> None:
    other = root_at(b"/elsewhere")
    collection = await ledger.collections.create("default", [ROOT, other], identity="default")
    file = ImportPath(ROOT.path + b"/\xff.jpg", is_file=True)
    paths = (ImportPath(other.path, is_file=False), file)
    request = import_request("default", other.path, paths=paths)
    await ledger.jobs.create("job", collection.id, request)
    await ledger.jobs.move("job", JobState.CANCELLED)
    await ledger.roots.begin_changes(collection.id, {ROOT.id: MOVED.path})
    await end(ledger, collection, ROOT)
    job = await ledger.jobs.find("job")
    assert job is not None
    moved = ImportPath(MOVED.path + b"/\xff.jpg", is_file=True)
    assert job.request == replace(request, paths=(paths[0], moved))


async def test_a_forgotten_root_takes_all_that_is_its_own(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roots, "_FILES_A_STEP", 1)
    collection = await filled(ledger)
    await ledger.jobs.create("job-2", collection.id, import_request("default", ROOT.path))
    await ledger.artefacts.begin_write("job-2", collection.bound().id, intents(b"a.jpg", b"c.jpg"))
    start = DecodeStart(pid(b"a.jpg"), "1", 0)
    await ledger.artefacts.note_decoding(collection.id, [start], [])
    await ledger.jobs.move("job-2", JobState.CANCELLED)
    await ledger.roots.begin_changes(collection.id, {ROOT.id: None})
    points = [pid(b"a.jpg"), pid(b"c.jpg")]
    synced = SyncedVersion((await bound(ledger, collection)).id, 7)
    await ledger.roots.forget_points(collection.id, points, synced=synced)
    await end(ledger, collection, ROOT)
    found = await now(ledger)
    assert found.roots == (INNER,)
    assert found.watches == (Watch(INNER.path),)
    assert found.bound().synced_version == 7
    assert await ledger.folders.devices(collection.id) == {INNER.path + b"/mount": 3}
    assert await ledger.folders.totals(collection.id, ROOT.path, recursive=True) == (1, 0)
    assert await ledger.artefacts.maybe_written(collection.bound().id, points) == set()
    assert await ledger.artefacts.decode_starts(collection.id) == {}
    job = await ledger.jobs.find("job-1")
    assert job is not None
    assert job.counts.found == 3  # an ended job's numbers are history


async def test_no_job_runs_beside_a_change_and_no_change_beside_a_job(ledger: Ledger) -> None:
    collection = await running(ledger)
    with pytest.raises(JobStateProblem):
        await ledger.roots.begin_changes(collection.id, {ROOT.id: None})
    await ledger.jobs.move("job-1", JobState.COMPLETED)
    await ledger.roots.begin_changes(collection.id, {ROOT.id: MOVED.path})
    await ledger.roots.begin_changes(collection.id, {ROOT.id: MOVED.path})  # the same is meant
    with pytest.raises(JobStateProblem):
        await ledger.roots.begin_changes(collection.id, {ROOT.id: None})
    with pytest.raises(JobStateProblem):
        await ledger.jobs.create("job-2", collection.id, import_request("default", ROOT.path))
    with pytest.raises(JobStateProblem):
        await ledger.roots.add(collection.id, INNER)
    await end(ledger, collection, ROOT)
    await ledger.jobs.create("job-2", collection.id, import_request("default", ROOT.path))
    await ledger.jobs.move("job-2", JobState.CANCELLED)
    with pytest.raises(RootNotFound):
        await ledger.roots.begin_changes(collection.id, {INNER.id: None})
    await ledger.collections.delete(collection.id)
    with pytest.raises(CollectionNotFound):
        await ledger.roots.begin_changes(collection.id, {ROOT.id: None})


async def test_a_root_comes_to_lie_in_another_only_where_that_has_stored_nothing(
    ledger: Ledger,
) -> None:
    collection = await filled(ledger)
    other = root_at(b"/other")
    await ledger.roots.add(collection.id, other)

    async def refused(root: Root, to: bytes) -> bool:
        try:
            await ledger.roots.begin_changes(collection.id, {root.id: to})
        except RootOverlap:
            return True
        await end(ledger, collection, root)
        back = {root.id: root.path}
        await ledger.roots.begin_changes(collection.id, back)
        await end(ledger, collection, root)
        return False

    assert await refused(other, ROOT.path)
    assert not await refused(other, ROOT.path + b"/nothing is here")
    assert not await refused(other, b"/")  # above: it has no file that would be theirs
    assert not await refused(INNER, ROOT.path + b"/deeper/inner")
    await ledger.jobs.create("job-2", collection.id, import_request("default", other.path))
    theirs = replace(file_start(b"photos/x.jpg"), key=FileKey(other.id, b"photos/x.jpg"))
    await ledger.files.register("job-2", collection.id, [theirs])
    await ledger.jobs.move("job-2", JobState.CANCELLED)
    assert await refused(other, b"/")  # it has a file that would lie in the other now


async def test_what_the_store_knows_of_roots_is_adopted(ledger: Ledger) -> None:
    collection = await ledger.collections.create("default", [ROOT], identity="default")
    assert collection.roots == (ROOT,)
    await ledger.collections.put_watch(collection.id, Watch(ROOT.path))
    await ledger.roots.adopt(collection.id, [MOVED, INNER], identity="of the table")
    found = await now(ledger)
    assert set(found.roots) == {MOVED, INNER}
    assert found.identity == "of the table"
    assert found.watches == (Watch(MOVED.path),)
    await ledger.roots.begin_changes(collection.id, {ROOT.id: b"/third"})
    await ledger.roots.adopt(collection.id, [ROOT], identity=None)  # what was begun counts
    assert set((await now(ledger)).roots) == {MOVED, INNER}


async def test_changes_to_where_roots_are_can_be_repeated_beside_a_job(ledger: Ledger) -> None:
    collection = await running(ledger)
    await ledger.roots.repeat_changes(collection.id, [ROOT.id, INNER.id])  # one is not there
    found = await ledger.collections.find_by_id(collection.id)
    assert found is not None
    assert found.root_changes == {ROOT.id: ROOT.path}
    await end(ledger, collection, ROOT)
    await ledger.jobs.move("job-1", JobState.COMPLETED)
    await ledger.roots.begin_changes(collection.id, {ROOT.id: MOVED.path})
    await ledger.roots.repeat_changes(collection.id, [ROOT.id])
    found = await ledger.collections.find_by_id(collection.id)
    assert found is not None
    assert found.root_changes == {ROOT.id: MOVED.path}


async def test_a_change_that_was_begun_outlives_a_restart(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        collection = await ledger.collections.create("default", [ROOT, INNER], identity="default")
        changes = {ROOT.id: b"/\xff", INNER.id: None}
        await ledger.roots.begin_changes(collection.id, changes)
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        (found,) = await ledger.collections.list_all()
        assert found.root_changes == changes
        await ledger.collections.delete(found.id)
        await ledger.collections.end_drop("default")
        assert (await ledger.collections.create("default", identity="default")).root_changes == {}
