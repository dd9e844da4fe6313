"""The rules of a ledger on what was removed, for SQLite and for its twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.domain.files.forgotten import ForgottenImage
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint, SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.domain.library.words import Caption
from ingestion_orchestration_fastapi_app.domain.trash.trashed import (
    OfContents,
    OfJob,
    OfPoints,
    RestoredGroup,
    TrashSize,
)
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    NOW,
    SHA,
    STAT,
    complete,
    file_start,
    key,
    known_of,
    pid,
    stored,
)
from tests.unit.trash_words import (
    back,
    delete,
    filled,
    page,
    point,
    put,
    recalled,
    removal,
    remove,
)

pytestmark = pytest.mark.anyio


async def test_what_is_removed_is_there_as_it_was_once_its_removal_has_ended(
    ledger: Ledger,
) -> None:
    collection = await filled(ledger)
    await put(ledger, collection, removal(b"\xff.jpg"))
    assert await page(ledger, collection) == [], "it is being removed"
    await delete(ledger, collection, b"\xff.jpg")
    (one,) = await page(ledger, collection)
    assert (one.key, one.point_id, one.is_forgotten) == (key(b"\xff.jpg"), pid(b"\xff.jpg"), False)
    assert (one.file.stat, one.file.mtime_trusted, one.file.sha256) == (STAT, True, SHA)
    assert one.file.added_at == NOW
    assert [(made.kind, made.model, made.state) for made in one.file.artefacts] == [
        ("vector", "fp", "stored")
    ]
    assert one.caption == Caption("a lake", "blip")
    (row,) = one.points.values()
    expected = point(b"\xff.jpg")
    np.testing.assert_array_equal(row.vector, expected.vector)
    assert row.vector.dtype == np.float32
    assert replace(row, vector=expected.vector) == expected


async def test_it_is_found_by_its_job_its_id_or_its_content(ledger: Ledger) -> None:
    collection = await filled(ledger)
    await remove(ledger, collection, b"a", b"b")
    await put(ledger, collection, removal(b"\xff.jpg"), job_id=None)
    await ledger.forgotten.begin(collection.id, [ForgottenImage(SHA, "x")])
    await ledger.forgotten.forget_points(
        collection.id, [pid(b"\xff.jpg")], synced=[], reader_version="r"
    )
    keys = [one.key for one in await page(ledger, collection)]
    assert keys == [key(b"a"), key(b"b")]
    (forgotten,) = await page(ledger, collection, OfContents([SHA]))
    assert (forgotten.key, forgotten.is_forgotten) == (key(b"\xff.jpg"), True)
    ids = OfPoints([pid(b"\xff.jpg"), pid(b"b"), pid(b"nowhere")])
    assert {one.key for one in await page(ledger, collection, ids)} == {key(b"b"), key(b"\xff.jpg")}
    assert await ledger.trash.page(collection.id + 1, ids, after=0, limit=9) == []
    first, second = await page(ledger, collection)
    after = await ledger.trash.page(collection.id, OfJob("job-1"), after=first.number, limit=9)
    assert [one.number for one in after] == [second.number]
    assert len(await ledger.trash.page(collection.id, OfJob("job-1"), after=0, limit=1)) == 1
    assert await ledger.trash.count_of_job("job-1") == 2
    assert await ledger.trash.count_of_job("job-1", after=first.number) == 1
    assert await ledger.trash.count_of_job("nobody") == 0


async def test_what_a_removal_read_before_it_was_cut_off_stays(ledger: Ledger) -> None:
    """One table has it no more by then, and the ledger has found that out."""
    collection = await filled(ledger)
    await put(ledger, collection, removal(b"a"))
    await ledger.artefacts.correct(collection.bound().id, lost=[pid(b"a")], unknown=[])
    again = replace(removal(b"a", number=0.5, models=["other"]), caption=None)
    await put(ledger, collection, again)
    await delete(ledger, collection, b"a")
    (one,) = await page(ledger, collection)
    assert {model: float(row.vector[0]) for model, row in one.points.items()} == {
        "fp": 1.0,
        "other": 0.5,
    }
    assert one.caption is not None
    assert [made.model for made in one.file.artefacts] == ["fp"]


async def test_who_sees_a_removal_through_has_removed_it(ledger: Ledger) -> None:
    collection = await filled(ledger)
    await put(ledger, collection, removal(b"a"), job_id=None)
    await delete(ledger, collection, b"a")
    (one,) = await page(ledger, collection)
    assert not one.is_forgotten


async def test_of_two_removals_of_a_point_the_last_one_counts(ledger: Ledger) -> None:
    collection = await filled(ledger)
    await remove(ledger, collection, b"a")
    (first,) = await page(ledger, collection)
    await ledger.files.register("job-1", collection.id, [file_start(b"a")])
    await complete(ledger, collection, stored(b"a"))
    await put(ledger, collection, removal(b"a", number=0.5))
    assert await page(ledger, collection) == []
    await delete(ledger, collection, b"a")
    (second,) = await page(ledger, collection)
    assert second.number > first.number
    assert float(second.points["fp"].vector[0]) == 0.5


async def test_what_comes_back_is_known_as_it_was_and_in_the_trash_no_more(
    ledger: Ledger,
) -> None:
    collection = await filled(ledger)
    generation = collection.bound().id
    before = await recalled(ledger, collection, b"a")
    assert before is not None
    await remove(ledger, collection, b"a", b"b")
    await ledger.artefacts.begin_delete(generation, [pid(b"a")])  # as where a table was away
    one, other = await page(ledger, collection)
    files = [(one.key, one.point_id)]
    await ledger.trash.begin_restore(collection.id, files, {generation: [one.point_id]})
    assert await ledger.artefacts.maybe_written(generation, [pid(b"a")]) == {pid(b"a")}
    assert await ledger.artefacts.pending_deletes(generation, limit=9) == []
    begun = await recalled(ledger, collection, b"a")
    assert begun is not None
    assert (begun.stat, begun.artefacts) == (None, ())
    account = Checkpoint({"after": one.number}, {"numbers": {"restored": 1}})
    group = RestoredGroup(
        [back(one)],
        [other.number],
        [],
        [SyncedVersion(generation, 8)],
        ("job-1", account, SavedProgress(done=1)),
    )
    await ledger.trash.restore(collection.id, group)
    after = await recalled(ledger, collection, b"a")
    assert after is not None
    assert replace(after, row=before.row) == before
    assert await ledger.artefacts.surely_stored(generation, [pid(b"a")]) == {pid(b"a")}
    assert await ledger.catalogue.point_ids(collection.id, after=None, limit=9) == sorted(
        [pid(b"a"), pid(b"\xff.jpg")]
    )
    assert await page(ledger, collection) == []
    assert await ledger.trash.size(collection.id) == TrashSize()
    job = await ledger.jobs.find("job-1")
    assert job is not None
    assert (job.checkpoint, job.progress.done) == (account, 1)
    now = await ledger.collections.find("default")
    assert now is not None
    assert now.bound().synced_version == 8


async def test_what_was_forgotten_comes_back_with_its_copies_not_forgotten(
    ledger: Ledger,
) -> None:
    collection = await filled(ledger)
    await ledger.forgotten.begin(collection.id, [ForgottenImage(SHA, "x")])
    await put(ledger, collection, removal(b"a"), job_id=None)
    ids = [pid(b"a"), pid(b"b")]
    await ledger.forgotten.forget_points(collection.id, ids, synced=[], reader_version="r")
    await ledger.forgotten.end(collection.id)
    (one,) = await page(ledger, collection, OfContents([SHA]))
    await ledger.trash.begin_restore(collection.id, [(one.key, one.point_id)], {})
    await ledger.trash.restore(collection.id, RestoredGroup([back(one)], [], [SHA], []))
    assert await ledger.forgotten.among(collection.id, [SHA]) == set()
    for name, known in ((b"a", {("vector", "fp"): "stored"}), (b"b", {})):
        record = await recalled(ledger, collection, name)
        assert record is not None
        assert known_of(record) == known
