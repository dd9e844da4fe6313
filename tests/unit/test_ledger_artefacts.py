"""The rules of a ledger on artefacts and intents, for SQLite and for its twin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind
from ingestion_orchestration_fastapi_app.domain.files.file import (
    Outcome,
)
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    MODEL,
    ROOT,
    STAT,
    bound,
    complete,
    counts,
    failed,
    file_start,
    in_groups,
    intents,
    key,
    known_of,
    pid,
    running,
    skipped,
    stored,
)
from utils.contract import ErrorCode, JobCounts
from utils.problems import Rejected

pytestmark = pytest.mark.anyio

OTHER = replace(MODEL, table="other", fingerprint="fp2")


@pytest.mark.parametrize("spoiled", [failed(b"a.jpg"), skipped(b"a.jpg")])
async def test_a_file_that_now_fails_keeps_its_old_point_marked_stale(
    ledger: Ledger, spoiled: FileOutcome
) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [file_start(b"a.jpg")])
    await complete(ledger, made, stored(b"a.jpg"))
    assert await ledger.files.stale(made.id, [pid(b"a.jpg")], model="fp") == set()
    await complete(ledger, made, spoiled)
    record = (await ledger.files.recall(made.id, [key(b"a.jpg")]))[key(b"a.jpg")]
    (refused,) = spoiled.artefacts
    assert known_of(record) == {("vector", "fp"): "stale", ("picture", ""): refused.state}
    told = [await ledger.files.stale(made.id, [pid(b"a.jpg")], model=one) for one in ("fp", "fp2")]
    assert told == [{pid(b"a.jpg")}, set()]
    assert record.sha256 == spoiled.sha256
    other = replace(stored(b"a.jpg"), artefacts=(artefacts.stored(Kind.VECTOR, "fp2"),))
    await complete(ledger, made, other)
    record = (await ledger.files.recall(made.id, [key(b"a.jpg")]))[key(b"a.jpg")]
    assert known_of(record) == {("vector", "fp"): "stale", ("vector", "fp2"): "stored"}
    await complete(ledger, made, stored(b"a.jpg"))
    record = (await ledger.files.recall(made.id, [key(b"a.jpg")]))[key(b"a.jpg")]
    assert known_of(record) == {("vector", "fp"): "stored", ("vector", "fp2"): "stored"}


async def test_captions_are_kept_beside_the_vector_and_failed_ones_with_their_attempts(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    (vector,) = stored(b"a.jpg").artefacts
    wordless = artefacts.caption_failed(Rejected(ErrorCode.BLIP_INFER, "no word"), model="blip")
    for attempts in (1, 2):
        await complete(ledger, made, replace(stored(b"a.jpg"), artefacts=(vector, wordless)))
        record = (await ledger.files.recall(made.id, [key(b"a.jpg")]))[key(b"a.jpg")]
        assert known_of(record) == {("vector", "fp"): "stored", ("caption", "blip"): "failed"}
        caption = artefacts.found(record.artefacts, Kind.CAPTION, "blip")
        assert caption is not None
        assert (caption.code, caption.attempts) == (ErrorCode.BLIP_INFER, attempts)
    said = artefacts.stored(Kind.CAPTION, "blip")
    await complete(ledger, made, replace(stored(b"a.jpg"), artefacts=(vector, said)))
    await complete(ledger, made, replace(stored(b"a.jpg"), artefacts=()))  # looked at, and the same
    record = (await ledger.files.recall(made.id, [key(b"a.jpg")]))[key(b"a.jpg")]
    assert known_of(record) == {("vector", "fp"): "stored", ("caption", "blip"): "stored"}
    assert await counts(ledger) == JobCounts(found=1, embedded=1)


async def test_a_caption_that_is_forgotten_is_wanted_again_and_a_failed_one_is_not(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    (vector,) = stored(b"a.jpg").artefacts
    wordless = artefacts.caption_failed(Rejected(ErrorCode.BLIP_INFER, "no word"), model="blip")
    said = artefacts.stored(Kind.CAPTION, "blip")
    ends = [
        replace(stored(name), artefacts=(vector, caption))
        for name, caption in ((b"a.jpg", said), (b"b.jpg", said), (b"c.jpg", wordless))
    ]
    await complete(ledger, made, *ends)
    ids = [pid(name) for name in (b"a.jpg", b"b.jpg", b"c.jpg")]
    assert await ledger.captions.captioners(made.id, ids) == dict.fromkeys(ids[:2], "blip")
    assert set(await ledger.captions.captioned(made.id, has=True, limit=9)) == set(ids[:2])
    assert await ledger.captions.captioned(made.id, has=False, limit=9) == ids[2:]
    assert len(await ledger.captions.captioned(made.id, has=True, limit=1)) == 1
    assert await ledger.captions.captioned(made.id + 1, has=False, limit=9) == []
    for _ in range(2):
        await ledger.captions.forget(made.id, [ids[0], ids[2]])
        assert await ledger.captions.captioners(made.id, ids) == {ids[1]: "blip"}
    records = await ledger.files.recall(made.id, [key(b"a.jpg"), key(b"c.jpg")])
    assert known_of(records[key(b"a.jpg")]) == {("vector", "fp"): "stored"}
    assert known_of(records[key(b"c.jpg")])[("caption", "blip")] == "failed"


async def test_a_point_may_exist_once_it_is_intended_until_the_store_is_asked(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    active = await bound(ledger, made)
    await ledger.files.register("job-1", made.id, [file_start(b"a.jpg"), file_start(b"b.jpg")])
    both = [pid(b"a.jpg"), pid(b"b.jpg")]
    await ledger.artefacts.begin_write("job-1", made.bound().id, intents(b"a.jpg", b"b.jpg"))
    await ledger.artefacts.begin_write("job-1", made.bound().id, intents(b"a.jpg", b"b.jpg"))
    assert await ledger.artefacts.maybe_written(made.bound().id, [*both, pid(b"c.jpg")]) == set(
        both
    )
    await ledger.files.complete(
        "job-1",
        made.id,
        [stored(b"a.jpg"), failed(b"b.jpg")],
        synced=SyncedVersion(active.id, 7),
        reader_version="readers-1",
        progress=SavedProgress(bytes_read=3),
    )
    # What a crashed write may have left of b is still there, whatever became of the file.
    assert await ledger.artefacts.maybe_written(made.bound().id, both) == set(both)
    # Only b's intent is left: the store knows neither point, and a is no longer believed.
    assert await ledger.artefacts.reconcile(made.bound().id, in_groups([])) == (0, 1)
    assert await ledger.artefacts.maybe_written(made.bound().id, both) == {pid(b"b.jpg")}
    found = await ledger.collections.find("default")
    job = await ledger.jobs.find("job-1")
    assert found is not None
    assert job is not None
    assert (found.bound().synced_version, job.progress.bytes_read) == (7, 3)
    await ledger.generations.set_synced_version(active.id, 8)
    now = replace(active, synced_version=8)
    assert await ledger.collections.find("default") == replace(found, generations=(now,))


async def test_reconciling_believes_the_store(ledger: Ledger) -> None:
    made = await running(ledger)
    names = [b"a.jpg", b"b.jpg", b"c.jpg", b"d.jpg"]
    await ledger.files.register("job-1", made.id, [file_start(name) for name in names])
    await complete(ledger, made, stored(b"a.jpg"), stored(b"b.jpg"), stored(b"c.jpg"))
    await complete(ledger, made, failed(b"c.jpg"))
    stranger = pid(b"stranger.jpg")
    ids = in_groups([pid(b"a.jpg"), pid(b"d.jpg")], [], [stranger, stranger])
    assert await ledger.artefacts.reconcile(made.bound().id, ids) == (2, 2)
    # d was registered, but nobody knew that its point had been written.
    every = [pid(name) for name in names] + [stranger]
    assert await ledger.artefacts.maybe_written(made.bound().id, every) == {
        pid(b"a.jpg"),
        pid(b"d.jpg"),
        stranger,
    }
    known = await ledger.files.recall(made.id, [key(name) for name in names])
    assert known_of(known[key(b"a.jpg")]) == {("vector", "fp"): "stored"}
    assert known_of(known[key(b"b.jpg")]) == {}
    assert known_of(known[key(b"c.jpg")]) == {("picture", ""): "failed"}
    assert known[key(b"c.jpg")].stat == STAT
    again = in_groups([pid(b"a.jpg"), pid(b"d.jpg"), stranger])
    assert await ledger.artefacts.reconcile(made.bound().id, again) == (0, 0)


async def test_what_a_job_meant_to_count_is_known_until_it_is_completed(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [file_start(b"a.jpg"), file_start(b"b.jpg")])
    meant = {pid(b"a.jpg"): Outcome.EMBEDDED, pid(b"b.jpg"): Outcome.CACHED}
    await ledger.artefacts.begin_write("job-1", made.bound().id, meant)
    assert await ledger.artefacts.pending_writes("job-1") == meant
    await complete(ledger, made, stored(b"a.jpg"))
    assert await ledger.artefacts.pending_writes("job-1") == {pid(b"b.jpg"): Outcome.CACHED}


async def test_generations_hold_points_and_writes_of_their_own(ledger: Ledger) -> None:
    made = await running(ledger)
    first = made.bound().id
    second = (await ledger.generations.create(made.id, OTHER)).id
    ids = [pid(b"a.jpg"), pid(b"b.jpg")]
    await complete(ledger, made, stored(b"a.jpg"))
    await ledger.artefacts.begin_write("job-1", second, intents(b"a.jpg", b"b.jpg"))
    assert await ledger.artefacts.maybe_written(first, ids) == {ids[0]}
    assert await ledger.artefacts.surely_stored(first, ids) == {ids[0]}
    assert await ledger.artefacts.maybe_written(second, ids) == set(ids)
    vector = (artefacts.stored(Kind.VECTOR, OTHER.fingerprint),)
    await complete(ledger, made, replace(stored(b"a.jpg"), artefacts=vector))
    assert set(await ledger.artefacts.pending_writes("job-1")) == {ids[1]}
    for generation_id in (first, second):
        assert await ledger.artefacts.surely_stored(generation_id, ids) == {ids[0]}
        assert await ledger.artefacts.count_stored(generation_id) == 1
    assert await ledger.folders.totals(made.id, ROOT.path, recursive=True) == (1, 1)
    assert await ledger.artefacts.reconcile(second, in_groups([])) == (0, 1)
    record = (await ledger.files.recall(made.id, [key(b"a.jpg")]))[key(b"a.jpg")]
    assert known_of(record) == {("vector", "fp"): "stored"}


async def test_points_of_a_generation_that_was_left_are_to_be_deleted_unless_their_files_are_back(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    first = made.bound().id
    second = (await ledger.generations.create(made.id, OTHER)).id
    await complete(ledger, made, stored(b"a.jpg"), stored(b"b.jpg"))
    ids = [pid(b"a.jpg"), pid(b"b.jpg")]
    for one in (first, second):
        await ledger.artefacts.begin_delete(one, ids)
    assert await ledger.artefacts.pending_deletes(second, limit=9) == [], "they are there yet"
    gone = await ledger.folders.not_seen_in_scan(made.id, ROOT.path, after=None, limit=9)
    await ledger.files.delete_files("job-1", made.id, gone, synced=[SyncedVersion(first, 5)])
    assert await ledger.artefacts.pending_deletes(first, limit=9) == []
    assert sorted(await ledger.artefacts.pending_deletes(second, limit=9)) == sorted(ids)
    assert len(await ledger.artefacts.pending_deletes(second, limit=1)) == 1
    await ledger.files.register("job-1", made.id, [file_start(b"a.jpg")])
    assert await ledger.artefacts.pending_deletes(second, limit=9) == [pid(b"b.jpg")]
    await ledger.artefacts.end_delete(SyncedVersion(second, 7), [pid(b"b.jpg")])
    assert await ledger.artefacts.pending_deletes(second, limit=9) == []
    assert await ledger.artefacts.maybe_written(second, ids) == {pid(b"a.jpg")}
    found = await ledger.collections.find("default")
    assert found is not None
    assert [one.synced_version for one in found.generations] == [5, 7]


async def test_a_removed_generation_takes_what_was_made_for_it_along(ledger: Ledger) -> None:
    made = await running(ledger)
    second = (await ledger.generations.create(made.id, OTHER)).id
    vectors = (*stored(b"a.jpg").artefacts, artefacts.stored(Kind.VECTOR, OTHER.fingerprint))
    await complete(ledger, made, replace(stored(b"a.jpg"), artefacts=vectors))
    await ledger.artefacts.begin_write("job-1", second, intents(b"b.jpg"))
    await ledger.generations.remove(second)
    record = (await ledger.files.recall(made.id, [key(b"a.jpg")]))[key(b"a.jpg")]
    assert known_of(record) == {("vector", "fp"): "stored"}
    assert await ledger.artefacts.pending_writes("job-1") == {}
    assert await ledger.artefacts.count_stored(second) == 0


async def test_a_file_that_gets_the_row_of_one_that_is_gone_has_nothing_of_it(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    await complete(ledger, made, stored(b"a.jpg"))
    gone = await ledger.folders.not_seen_in_scan(made.id, ROOT.path, after=None, limit=9)
    await ledger.files.delete_files("job-1", made.id, gone, synced=[])
    (row,) = await ledger.files.register("job-1", made.id, [file_start(b"new.jpg")])
    known = (await ledger.files.recall(made.id, [key(b"new.jpg")]))[key(b"new.jpg")]
    assert (known.row, known.artefacts) == (row, ())
