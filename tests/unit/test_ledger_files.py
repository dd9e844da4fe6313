"""The rules of a ledger on files, failures and intents, for SQLite and for its twin."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileStat,
    Outcome,
    Verdict,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import root_at
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    NOW,
    ROOT,
    SHA,
    STAT,
    a_ledger,
    bound,
    counts,
    enrolment,
    failed,
    in_groups,
    intents,
    key,
    pid,
    running,
    settle,
    skipped,
    stored,
)
from utils.contract import ErrorCode, JobCounts

pytestmark = pytest.mark.anyio


async def test_what_is_known_of_a_file_comes_back(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [enrolment(b"a.jpg"), enrolment(b"b.jpg")])
    of_job = await ledger.files.recall(made.id, [key(b"a.jpg")], job_id="job-1")
    fresh = of_job[key(b"a.jpg")]
    assert (fresh.outcome, fresh.stat, fresh.verdict, fresh.sha256) == (
        Outcome.PENDING,
        None,
        None,
        None,
    )
    await settle(ledger, made, stored(b"a.jpg"), replace(failed(b"b.jpg"), mtime_trusted=False))
    other_root = FileKey(root_at(b"/other").id, b"a.jpg")
    known = await ledger.files.recall(
        made.id, [key(b"a.jpg"), key(b"b.jpg"), key(b"c.jpg"), other_root], job_id="job-1"
    )
    assert set(known) == {key(b"a.jpg"), key(b"b.jpg")}
    a, b = known[key(b"a.jpg")], known[key(b"b.jpg")]
    assert (a.outcome, a.stat, a.mtime_trusted) == (Outcome.EMBEDDED, STAT, True)
    assert a.row != b.row
    assert (a.verdict, a.sha256, a.stored_fingerprint, a.stale) == (
        Verdict.STORED,
        SHA,
        "fp",
        False,
    )
    assert (b.verdict, b.code, b.detail) == (Verdict.FAILED, ErrorCode.DECODING_IMAGE, "broken")
    assert (b.mtime_trusted, b.stored_fingerprint, b.stale) == (False, None, False)


@pytest.mark.parametrize(
    "outcome", [Outcome.PENDING, Outcome.UNCHANGED, Outcome.FAILED, Outcome.SKIPPED]
)
async def test_enrolment_keeps_what_is_known_of_the_content(
    ledger: Ledger, outcome: Outcome
) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [enrolment(b"a.jpg")])
    await settle(ledger, made, stored(b"a.jpg"))
    before = (await ledger.files.recall(made.id, [key(b"a.jpg")]))[key(b"a.jpg")]
    await running(ledger, "job-2")
    await ledger.files.register("job-2", made.id, [enrolment(b"a.jpg", outcome)])
    after = await ledger.files.recall(made.id, [key(b"a.jpg")], job_id="job-2")
    assert after[key(b"a.jpg")] == replace(before, outcome=outcome)
    of_first = await ledger.files.recall(made.id, [key(b"a.jpg")], job_id="job-1")
    assert of_first[key(b"a.jpg")].outcome is Outcome.EMBEDDED


@pytest.mark.parametrize("spoiled", [failed(b"a.jpg"), skipped(b"a.jpg")])
async def test_a_file_that_now_fails_keeps_its_old_point_marked_stale(
    ledger: Ledger, spoiled: FileOutcome
) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [enrolment(b"a.jpg")])
    await settle(ledger, made, stored(b"a.jpg"))
    await settle(ledger, made, spoiled)
    record = (await ledger.files.recall(made.id, [key(b"a.jpg")]))[key(b"a.jpg")]
    assert (record.stored_fingerprint, record.stale) == ("fp", True)
    assert (record.verdict, record.sha256) == (spoiled.verdict, spoiled.sha256)
    await settle(ledger, made, replace(stored(b"a.jpg"), stored_fingerprint="fp2"))
    record = (await ledger.files.recall(made.id, [key(b"a.jpg")]))[key(b"a.jpg")]
    assert (record.stored_fingerprint, record.stale, record.code) == ("fp2", False, None)


async def test_failures_are_paged_by_path_and_leave_when_their_file_is_cured(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    names = [b"d.jpg", b"a.jpg", b"c.jpg", b"b\xff.jpg"]
    await ledger.files.register("job-1", made.id, [enrolment(name) for name in names])
    await settle(ledger, made, *(failed(name) for name in names))
    page, total = await ledger.jobs.failures("job-1", limit=2, offset=1)
    assert [one.display_path for one in page] == ["/photos/b\\xff.jpg", "/photos/c.jpg"]
    assert (total, page[0].code, page[0].detail, page[0].at) == (
        4,
        ErrorCode.DECODING_IMAGE,
        "broken",
        NOW,
    )
    await settle(ledger, made, stored(b"a.jpg"), failed(b"c.jpg", ErrorCode.CLIP_INFER))
    job = await ledger.jobs.find("job-1")
    assert job is not None
    assert job.errors_by_code == {"ERR_DECODING_IMAGE": 2, "ERR_CLIP_INFER": 1}
    assert job.counts == JobCounts(found=4, embedded=1, failed=3)


async def test_files_that_were_never_met_again_fail_with_their_display_path(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    await ledger.files.register(
        "job-1", made.id, [enrolment(b"a.jpg"), enrolment(b"b.jpg"), enrolment(b"c\xff.jpg")]
    )
    await settle(ledger, made, stored(b"a.jpg"))
    assert await ledger.files.fail_pending("job-1", ErrorCode.FILE_NOT_FOUND, "It is gone.") == 2
    assert await ledger.files.fail_pending("job-1", ErrorCode.FILE_NOT_FOUND, "It is gone.") == 0
    page, total = await ledger.jobs.failures("job-1", limit=9, offset=0)
    assert [one.display_path for one in page] == ["/photos/b.jpg", "/photos/c\\xff.jpg"]
    assert (total, page[0].detail) == (2, "It is gone.")
    assert await counts(ledger) == JobCounts(found=3, embedded=1, failed=2)


async def test_a_point_may_exist_once_it_is_intended_until_the_store_is_asked(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    active = await bound(ledger, made)
    await ledger.files.register("job-1", made.id, [enrolment(b"a.jpg"), enrolment(b"b.jpg")])
    both = [pid(b"a.jpg"), pid(b"b.jpg")]
    await ledger.artefacts.begin_write("job-1", made.id, intents(b"a.jpg", b"b.jpg"))
    await ledger.artefacts.begin_write("job-1", made.id, intents(b"a.jpg", b"b.jpg"))
    assert await ledger.artefacts.maybe_written(made.id, [*both, pid(b"c.jpg")]) == set(both)
    await ledger.files.complete(
        "job-1",
        made.id,
        [stored(b"a.jpg"), failed(b"b.jpg")],
        synced=SyncedVersion(active.id, 7),
        reader_version="readers-1",
        progress=SavedProgress(bytes_read=3),
    )
    # What a crashed write may have left of b is still there, whatever became of the file.
    assert await ledger.artefacts.maybe_written(made.id, both) == set(both)
    # Only b's intent is left: the store knows neither point, and a is no longer believed.
    assert await ledger.artefacts.reconcile(made.id, in_groups([])) == (0, 1)
    assert await ledger.artefacts.maybe_written(made.id, both) == {pid(b"b.jpg")}
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
    await ledger.files.register("job-1", made.id, [enrolment(name) for name in names])
    await settle(ledger, made, stored(b"a.jpg"), stored(b"b.jpg"), stored(b"c.jpg"))
    await settle(ledger, made, failed(b"c.jpg"))
    stranger = pid(b"stranger.jpg")
    ids = in_groups([pid(b"a.jpg"), pid(b"d.jpg")], [], [stranger, stranger])
    assert await ledger.artefacts.reconcile(made.id, ids) == (2, 2)
    # d was enrolled, but nobody knew that its point had been written.
    every = [pid(name) for name in names] + [stranger]
    assert await ledger.artefacts.maybe_written(made.id, every) == {
        pid(b"a.jpg"),
        pid(b"d.jpg"),
        stranger,
    }
    known = await ledger.files.recall(made.id, [key(name) for name in names])
    assert known[key(b"a.jpg")].stored_fingerprint == "fp"
    lost = known[key(b"b.jpg")]
    assert (lost.stored_fingerprint, lost.verdict, lost.stat, lost.mtime_trusted) == (
        None,
        None,
        None,
        False,
    )
    still_failed = known[key(b"c.jpg")]
    assert (still_failed.stored_fingerprint, still_failed.stale) == (None, False)
    assert (still_failed.verdict, still_failed.stat) == (Verdict.FAILED, STAT)
    again = in_groups([pid(b"a.jpg"), pid(b"d.jpg"), stranger])
    assert await ledger.artefacts.reconcile(made.id, again) == (0, 0)


async def test_collections_do_not_see_each_others_files(ledger: Ledger) -> None:
    made = await running(ledger)
    other = await ledger.collections.create("other", identity="other")
    await ledger.files.register("job-1", made.id, [enrolment(b"a.jpg")])
    await ledger.artefacts.begin_write("job-1", made.id, intents(b"a.jpg"))
    assert await ledger.files.recall(other.id, [key(b"a.jpg")]) == {}
    assert await ledger.artefacts.maybe_written(other.id, [pid(b"a.jpg")]) == set()
    assert await ledger.artefacts.reconcile(other.id, in_groups([])) == (0, 0)


async def test_empty_groups_are_harmless(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [])
    await settle(ledger, made)
    await ledger.artefacts.begin_write("job-1", made.id, {})
    assert await ledger.artefacts.maybe_written(made.id, []) == set()
    assert await ledger.files.recall(made.id, []) == {}
    assert await counts(ledger) == JobCounts()


async def test_what_a_job_meant_to_count_is_known_until_it_is_settled(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [enrolment(b"a.jpg"), enrolment(b"b.jpg")])
    meant = {pid(b"a.jpg"): Outcome.EMBEDDED, pid(b"b.jpg"): Outcome.CACHED}
    await ledger.artefacts.begin_write("job-1", made.id, meant)
    assert await ledger.artefacts.pending_writes("job-1") == meant
    await settle(ledger, made, stored(b"a.jpg"))
    assert await ledger.artefacts.pending_writes("job-1") == {pid(b"b.jpg"): Outcome.CACHED}


@given(
    numbers=st.tuples(*[st.integers(-(2**70), 2**70)] * 4),
    said=st.text(st.characters(codec=None), max_size=20),
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_nothing_that_is_said_of_one_file_keeps_its_group_from_being_settled(
    tmp_path_factory: pytest.TempPathFactory, numbers: tuple[int, int, int, int], said: str
) -> None:
    async with a_ledger("sqlite", tmp_path_factory.mktemp("ledger")) as ledger:
        made = await running(ledger)
        odd = replace(failed(b"a.jpg"), stat=FileStat(*numbers), detail=said, display_path=said)
        await settle(ledger, made, odd, stored(b"b.jpg"))
        known = await ledger.files.recall(made.id, [key(b"a.jpg"), key(b"b.jpg")])
        assert len(known) == 2
        failures, _ = await ledger.jobs.failures("job-1", limit=5, offset=0)
        failures[0].display_path.encode()


async def test_what_is_known_at_a_path_is_a_file_with_a_point_or_a_folder_with_one(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    names = [b"a/1.jpg", b"a/b/2.jpg", b"c/3.jpg", b"d.jpg"]
    await ledger.files.register("job-1", made.id, [enrolment(name) for name in names])
    ends = [stored(name) for name in (b"a/1.jpg", b"a/b/2.jpg", b"d.jpg")]
    await settle(ledger, made, *ends, failed(b"c/3.jpg"))
    await ledger.roots.add(made.id, ROOT)
    root = ROOT.path
    asked = [b"/a", b"/a/b", b"/a/1.jpg", b"/d.jpg", b"/c", b"/c/3.jpg", b"/a/b/2", b"/d", b"/e"]
    paths = [root + one for one in asked]
    assert await ledger.folders.known_at(made.id, [*paths, b"/elsewhere/a"]) == paths[:4]
    assert await ledger.folders.known_at(made.id, [b"/"]) == [b"/"]
