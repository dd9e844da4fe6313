"""The rules of a ledger on files and failures, for SQLite and for its twin."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, Kind, State
from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileStat,
    Outcome,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import root_at
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    MODEL,
    NOW,
    ROOT,
    SHA,
    STAT,
    a_ledger,
    complete,
    counts,
    failed,
    file_start,
    in_groups,
    intents,
    key,
    pid,
    running,
    stored,
)
from utils.contract import ErrorCode, JobCounts

pytestmark = pytest.mark.anyio


async def test_what_is_known_of_a_file_comes_back(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [file_start(b"a.jpg"), file_start(b"b.jpg")])
    of_job = await ledger.files.recall(made.id, [key(b"a.jpg")], job_id="job-1")
    fresh = of_job[key(b"a.jpg")]
    assert (fresh.outcome, fresh.stat, fresh.sha256) == (Outcome.PENDING, None, None)
    assert fresh.artefacts == ()
    await complete(ledger, made, stored(b"a.jpg"), replace(failed(b"b.jpg"), mtime_trusted=False))
    other_root = FileKey(root_at(b"/other").id, b"a.jpg")
    known = await ledger.files.recall(
        made.id, [key(b"a.jpg"), key(b"b.jpg"), key(b"c.jpg"), other_root], job_id="job-1"
    )
    assert set(known) == {key(b"a.jpg"), key(b"b.jpg")}
    a, b = known[key(b"a.jpg")], known[key(b"b.jpg")]
    assert (a.outcome, a.stat, a.mtime_trusted) == (Outcome.EMBEDDED, STAT, True)
    assert a.row != b.row
    (vector,), (refused,) = a.artefacts, b.artefacts
    assert (a.sha256, vector.updated_at) == (SHA, NOW)
    assert (vector.kind, vector.model, vector.state) == (Kind.VECTOR, "fp", State.STORED)
    assert refused == Artefact(
        Kind.PICTURE, "", State.FAILED, ErrorCode.DECODING_IMAGE, "broken", "readers-1", 1, NOW
    )
    assert not b.mtime_trusted


@pytest.mark.parametrize(
    "outcome", [Outcome.PENDING, Outcome.UNCHANGED, Outcome.FAILED, Outcome.SKIPPED]
)
async def test_registering_keeps_what_is_known_of_the_content(
    ledger: Ledger, outcome: Outcome
) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [file_start(b"a.jpg")])
    await complete(ledger, made, stored(b"a.jpg"))
    before = (await ledger.files.recall(made.id, [key(b"a.jpg")]))[key(b"a.jpg")]
    await running(ledger, "job-2")
    await ledger.files.register("job-2", made.id, [file_start(b"a.jpg", outcome)])
    after = await ledger.files.recall(made.id, [key(b"a.jpg")], job_id="job-2")
    assert after[key(b"a.jpg")] == replace(before, outcome=outcome)
    of_first = await ledger.files.recall(made.id, [key(b"a.jpg")], job_id="job-1")
    assert of_first[key(b"a.jpg")].outcome is Outcome.EMBEDDED


async def test_failures_are_paged_by_path_and_leave_when_their_file_is_cured(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    names = [b"d.jpg", b"a.jpg", b"c.jpg", b"b\xff.jpg"]
    await ledger.files.register("job-1", made.id, [file_start(name) for name in names])
    await complete(ledger, made, *(failed(name) for name in names))
    page, total = await ledger.jobs.failures("job-1", limit=2, offset=1)
    assert [one.display_path for one in page] == ["/photos/b\\xff.jpg", "/photos/c.jpg"]
    assert (total, page[0].code, page[0].detail, page[0].at) == (
        4,
        ErrorCode.DECODING_IMAGE,
        "broken",
        NOW,
    )
    await complete(ledger, made, stored(b"a.jpg"), failed(b"c.jpg", ErrorCode.CLIP_INFER))
    job = await ledger.jobs.find("job-1")
    assert job is not None
    assert job.errors_by_code == {"ERR_DECODING_IMAGE": 2, "ERR_CLIP_INFER": 1}
    assert job.counts == JobCounts(found=4, embedded=1, failed=3)


async def test_files_that_were_never_met_again_fail_with_their_display_path(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    await ledger.files.register(
        "job-1", made.id, [file_start(b"a.jpg"), file_start(b"b.jpg"), file_start(b"c\xff.jpg")]
    )
    await complete(ledger, made, stored(b"a.jpg"))
    assert await ledger.files.fail_pending("job-1", ErrorCode.FILE_NOT_FOUND, "It is gone.") == 2
    assert await ledger.files.fail_pending("job-1", ErrorCode.FILE_NOT_FOUND, "It is gone.") == 0
    page, total = await ledger.jobs.failures("job-1", limit=9, offset=0)
    assert [one.display_path for one in page] == ["/photos/b.jpg", "/photos/c\\xff.jpg"]
    assert (total, page[0].detail) == (2, "It is gone.")
    assert await counts(ledger) == JobCounts(found=3, embedded=1, failed=2)


async def test_collections_do_not_see_each_others_files(ledger: Ledger) -> None:
    made = await running(ledger)
    other = await ledger.collections.create("other", identity="other")
    generation = await ledger.generations.create(other.id, replace(MODEL, table="other"))
    await ledger.files.register("job-1", made.id, [file_start(b"a.jpg")])
    await ledger.artefacts.begin_write("job-1", made.bound().id, intents(b"a.jpg"))
    assert await ledger.files.recall(other.id, [key(b"a.jpg")]) == {}
    assert await ledger.artefacts.maybe_written(generation.id, [pid(b"a.jpg")]) == set()
    assert await ledger.artefacts.reconcile(generation.id, in_groups([])) == (0, 0)


async def test_empty_groups_are_harmless(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [])
    await complete(ledger, made)
    await ledger.artefacts.begin_write("job-1", made.bound().id, {})
    assert await ledger.artefacts.maybe_written(made.bound().id, []) == set()
    assert await ledger.files.recall(made.id, []) == {}
    assert await counts(ledger) == JobCounts()


@given(
    numbers=st.tuples(*[st.integers(-(2**70), 2**70)] * 4),
    said=st.text(st.characters(codec=None), max_size=20),
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_nothing_that_is_said_of_one_file_keeps_its_group_from_being_completed(
    tmp_path_factory: pytest.TempPathFactory, numbers: tuple[int, int, int, int], said: str
) -> None:
    async with a_ledger("sqlite", tmp_path_factory.mktemp("ledger")) as ledger:
        made = await running(ledger)
        (refused,) = failed(b"a.jpg").artefacts
        odd = replace(
            failed(b"a.jpg"),
            stat=FileStat(*numbers),
            display_path=said,
            artefacts=(replace(refused, detail=said),),
        )
        await complete(ledger, made, odd, stored(b"b.jpg"))
        known = await ledger.files.recall(made.id, [key(b"a.jpg"), key(b"b.jpg")])
        assert len(known) == 2
        failures, _ = await ledger.jobs.failures("job-1", limit=5, offset=0)
        failures[0].display_path.encode()


async def test_what_is_known_at_a_path_is_a_file_with_a_point_or_a_folder_with_one(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    names = [b"a/1.jpg", b"a/b/2.jpg", b"c/3.jpg", b"d.jpg"]
    await ledger.files.register("job-1", made.id, [file_start(name) for name in names])
    ends = [stored(name) for name in (b"a/1.jpg", b"a/b/2.jpg", b"d.jpg")]
    await complete(ledger, made, *ends, failed(b"c/3.jpg"))
    await ledger.roots.add(made.id, ROOT)
    root = ROOT.path
    asked = [b"/a", b"/a/b", b"/a/1.jpg", b"/d.jpg", b"/c", b"/c/3.jpg", b"/a/b/2", b"/d", b"/e"]
    paths = [root + one for one in asked]
    assert await ledger.folders.known_at(made.id, [*paths, b"/elsewhere/a"]) == paths[:4]
    assert await ledger.folders.known_at(made.id, [b"/"]) == [b"/"]


async def test_files_of_a_content_are_found_by_their_paths(ledger: Ledger) -> None:
    made = await running(ledger)
    names = (b"a/1.jpg", b"a/2.jpg", b"ab/3.jpg")
    await ledger.files.register("job-1", made.id, [file_start(name) for name in names])
    await complete(ledger, made, *(stored(name) for name in names))
    inside = ROOT.path + b"/a"
    found = await ledger.files.with_content(made.id, SHA, within=inside)
    assert found == [inside + b"/1.jpg", inside + b"/2.jpg"]
    assert await ledger.files.with_content(made.id, bytes(32), within=inside) == []
    assert await ledger.files.with_content(made.id + 1, SHA, within=inside) == []
