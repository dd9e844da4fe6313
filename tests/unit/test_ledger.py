"""The rules of a ledger on collections, jobs and counts, for SQLite and for its twin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.files.identity import root_at
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    IngestOptions,
    import_request,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import (
    Checkpoint,
    JobRequest,
    SavedProgress,
)
from ingestion_orchestration_fastapi_app.domain.library.generation import NewGeneration
from ingestion_orchestration_fastapi_app.errors import (
    CollectionDropping,
    CollectionExists,
    CollectionNotFound,
    JobNotFound,
    JobStateProblem,
    ModelMismatch,
)
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    MODEL,
    NOW,
    ROOT,
    complete,
    counts,
    failed,
    file_start,
    intents,
    key,
    pid,
    running,
    skipped,
    stored,
)
from utils.contract import ErrorCode, JobCounts, JobState, LogLine
from utils.contract.warnings import WarningCode, WarningDetail

pytestmark = pytest.mark.anyio


async def test_a_collection_is_found_by_its_name_with_its_roots(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    other = root_at(b"/more")
    for root in (ROOT, other, ROOT):
        await ledger.roots.add(made.id, root)
    found = await ledger.collections.find("default")
    assert found == replace(made, roots=(other, ROOT))
    assert await ledger.collections.list_all() == [found]
    assert await ledger.collections.find("other") is None


async def test_a_name_is_taken_once_and_an_id_never_again(ledger: Ledger) -> None:
    first = await ledger.collections.create("default", identity="default")
    with pytest.raises(CollectionExists):
        await ledger.collections.create("default", identity="default")
    await ledger.collections.delete(first.id)
    await ledger.collections.end_drop("default")
    assert (await ledger.collections.create("default", identity="default")).id != first.id


async def test_a_deleted_name_rests_until_its_table_is_gone(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    await ledger.collections.delete(made.id)
    assert await ledger.collections.dropped_tables() == ["default"]
    with pytest.raises(CollectionDropping):
        await ledger.collections.create("default", identity="default")
    await ledger.collections.end_drop("default")
    assert await ledger.collections.dropped_tables() == []
    with pytest.raises(CollectionNotFound):
        await ledger.roots.add(made.id, ROOT)


async def test_a_collection_with_an_unfinished_job_stays(ledger: Ledger) -> None:
    made = await running(ledger)
    with pytest.raises(JobStateProblem):
        await ledger.collections.delete(made.id)
    assert await ledger.collections.list_all() != []
    assert await ledger.collections.dropped_tables() == []


async def test_a_collection_is_bound_to_one_model(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    for _ in range(2):
        await ledger.generations.bind(made.id, MODEL, synced_version=3)
    other = NewGeneration("another", "n", "w", 512, "other")
    with pytest.raises(ModelMismatch):
        await ledger.generations.bind(made.id, other, synced_version=1)
    with pytest.raises(CollectionNotFound):
        await ledger.generations.bind(99, MODEL, synced_version=1)
    found = await ledger.collections.find("default")
    assert found is not None
    active = found.bound()
    assert found == replace(made, generations=(active,))
    assert (found.model, found.fingerprint) == ("m", "fp")
    assert (active.table, active.weights, active.dim) == ("default", "w", 512)
    assert (active.synced_version, active.created_at, active.activated_at) == (3, NOW, NOW)


async def test_a_deleted_collection_leaves_nothing_behind(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [file_start(b"a.jpg"), file_start(b"b.jpg")])
    await ledger.artefacts.begin_write("job-1", made.bound().id, intents(b"a.jpg"))
    await complete(ledger, made, failed(b"b.jpg"))
    await ledger.jobs.move("job-1", JobState.CANCELLED)
    await ledger.collections.delete(made.id)
    assert await ledger.collections.list_all() == []
    assert await ledger.jobs.find("job-1") is None
    assert await ledger.jobs.failures("job-1", limit=10, offset=0) == ([], 0)
    assert await ledger.files.recall(made.id, [key(b"a.jpg")]) == {}


async def test_a_job_keeps_its_request_and_its_progress(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    request = import_request(
        "default",
        b"/photos/\xff",
        IngestOptions(recursive=False, captions=True, force=True),
    )
    job = await ledger.jobs.create("job-1", made.id, request)
    assert (job.request, job.state, job.created_at) == (request, JobState.QUEUED, NOW)
    progress = SavedProgress(
        bytes_read=2**40,
        active_s=1.5,
        stages={"hash": 0.25},
        log=(LogLine(at=NOW, event="started", detail="caf\u00e9"),),
        warning_details=(WarningDetail.of(WarningCode.ROWS_LOST, count=3),),
        scan_complete=True,
    )
    moved = await ledger.jobs.move(
        "job-1",
        JobState.PAUSED,
        reason="The disk is full.",
        reason_code=ErrorCode.DISK_FULL,
        progress=progress,
    )
    assert moved == await ledger.jobs.find("job-1")
    assert (moved.progress, moved.reason_code) == (progress, ErrorCode.DISK_FULL)
    assert (moved.started_at, moved.finished_at) == (None, None)
    again = await ledger.jobs.move("job-1", JobState.RUNNING)
    assert (again.reason, again.reason_code, again.progress) == (None, None, progress)
    assert again.started_at == NOW


async def test_jobs_are_listed_newest_first_and_unfinished_ones_oldest_first(
    ledger: Ledger,
) -> None:
    made = await ledger.collections.create("default", identity="default")
    for number in range(5):
        await ledger.jobs.create(f"job-{number}", made.id, import_request("default", b"/photos"))
    await ledger.jobs.move("job-1", JobState.CANCELLED)
    assert [job.id for job in await ledger.jobs.list_newest(limit=2, offset=1)] == [
        "job-3",
        "job-2",
    ]
    unfinished = [job.id for job in await ledger.jobs.list_unfinished()]
    assert unfinished == ["job-0", "job-2", "job-3", "job-4"]
    found = await ledger.collections.find("default")
    assert found is not None
    assert found.last_job_id == "job-4"


async def test_an_unknown_job_is_a_problem_and_a_finished_one_stays_as_it_is(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    with pytest.raises(JobNotFound):
        await ledger.jobs.move("nobody", JobState.RUNNING)
    with pytest.raises(JobNotFound):
        await ledger.files.register("nobody", made.id, [file_start(b"a.jpg")])
    done = await ledger.jobs.move("job-1", JobState.COMPLETED)
    assert done.finished_at == NOW
    assert await ledger.jobs.move("job-1", JobState.COMPLETED) == done
    with pytest.raises(JobStateProblem):
        await ledger.jobs.move("job-1", JobState.RUNNING)
    with pytest.raises(JobStateProblem):
        await ledger.files.register("job-1", made.id, [file_start(b"a.jpg")])
    with pytest.raises(JobStateProblem):
        await complete(ledger, made, stored(b"a.jpg"))
    with pytest.raises(JobStateProblem):
        await ledger.files.fail_pending("job-1", ErrorCode.FILE_NOT_FOUND, "gone")
    assert await ledger.files.recall(made.id, [key(b"a.jpg")]) == {}


async def test_counts_add_up_at_every_step(ledger: Ledger) -> None:
    made = await running(ledger)
    names = [b"a.jpg", b"b.jpg", b"c.jpg", b"d.jpg"]
    await ledger.files.register("job-1", made.id, [file_start(name) for name in names])
    await ledger.files.register("job-1", made.id, [file_start(b"e.jpg", Outcome.UNCHANGED)])
    assert await counts(ledger) == JobCounts(found=5, unchanged=1, pending=4)
    await complete(ledger, made, stored(b"a.jpg"), stored(b"b.jpg", Outcome.CACHED))
    await complete(ledger, made, failed(b"c.jpg"))
    assert await counts(ledger) == JobCounts(
        found=5, unchanged=1, cached=1, embedded=1, failed=1, pending=1
    )
    await complete(ledger, made, skipped(b"d.jpg"))
    finished = await ledger.jobs.move("job-1", JobState.COMPLETED)
    assert finished.counts == JobCounts(
        found=5, unchanged=1, cached=1, embedded=1, failed=1, skipped=1
    )
    assert finished.errors_by_code == {"ERR_DECODING_IMAGE": 1}


async def test_a_job_that_has_ended_keeps_its_counts_whatever_a_later_one_does(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [file_start(b"a.jpg"), file_start(b"b.jpg")])
    await complete(ledger, made, stored(b"a.jpg"), failed(b"b.jpg"))
    before = await ledger.jobs.move("job-1", JobState.COMPLETED)
    await running(ledger, "job-2")
    await ledger.files.register("job-2", made.id, [file_start(b"a.jpg", Outcome.UNCHANGED)])
    await ledger.files.register("job-2", made.id, [file_start(b"b.jpg")])
    await complete(ledger, made, stored(b"b.jpg"), job_id="job-2")
    assert await ledger.jobs.find("job-1") == before
    assert (await ledger.jobs.failures("job-1", limit=9, offset=0))[1] == 1
    assert await counts(ledger, "job-2") == JobCounts(found=2, unchanged=1, embedded=1)


async def test_two_jobs_over_one_file_both_count_it(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [file_start(b"a.jpg"), file_start(b"b.jpg")])
    await running(ledger, "job-2")
    await ledger.files.register("job-2", made.id, [file_start(b"a.jpg")])
    assert await counts(ledger, "job-1") == JobCounts(found=2, pending=2)
    assert await counts(ledger, "job-2") == JobCounts(found=1, pending=1)
    await complete(ledger, made, failed(b"a.jpg"))
    await complete(ledger, made, stored(b"a.jpg"), job_id="job-2")
    assert await counts(ledger, "job-1") == JobCounts(found=2, failed=1, pending=1)
    assert (await ledger.jobs.failures("job-1", limit=9, offset=0))[1] == 1
    assert await counts(ledger, "job-2") == JobCounts(found=1, embedded=1)


async def test_a_file_sent_again_replaces_its_outcome(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [file_start(b"a.jpg", Outcome.FAILED)])
    assert (await ledger.jobs.failures("job-1", limit=9, offset=0))[1] == 1
    await ledger.files.register("job-1", made.id, [file_start(b"a.jpg"), file_start(b"a.jpg")])
    assert await counts(ledger) == JobCounts(found=1, pending=1)
    assert await ledger.jobs.failures("job-1", limit=9, offset=0) == ([], 0)


async def test_a_job_keeps_its_kind_its_lane_and_its_checkpoint(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    request = JobRequest("default", "verify", None, {"mend": False, "deep": [1, {"a": None}]})
    await ledger.jobs.create("job-1", made.id, request)
    await ledger.jobs.create("job-2", made.id, import_request("default", b"/photos"))
    progress = SavedProgress(done=3, total=7)
    kept = Checkpoint({"after": "aa"}, {"findings": {"a": 1}})
    await ledger.jobs.save_checkpoint("job-1", kept, progress)
    job = await ledger.jobs.find("job-1")
    assert job is not None
    assert (job.request, job.checkpoint, job.progress) == (request, kept, progress)
    listed = [
        [one.id for one in await ledger.jobs.list_newest(limit=9, offset=0, kind=kind)]
        for kind in ("verify", "ingest", "cook", None)
    ]
    assert listed == [["job-1"], ["job-2"], [], ["job-2", "job-1"]]
    await ledger.jobs.move("job-1", JobState.CANCELLED)
    with pytest.raises(JobStateProblem):
        await ledger.jobs.save_checkpoint("job-1", Checkpoint(), progress)
    with pytest.raises(JobNotFound):
        await ledger.jobs.save_checkpoint("nobody", Checkpoint(), progress)


async def test_single_points_are_corrected_after_a_look_at_the_store(ledger: Ledger) -> None:
    """Twice is as once."""
    collection = await running(ledger)
    names = (b"lost.jpg", b"there.jpg", b"doomed.jpg")
    await ledger.files.register("job-1", collection.id, [file_start(name) for name in names])
    await complete(ledger, collection, *(stored(name) for name in names))
    await ledger.artefacts.begin_delete(collection.bound().id, [pid(b"doomed.jpg")])
    ids = [pid(name) for name in names]
    surely = {pid(b"lost.jpg"), pid(b"there.jpg")}
    assert await ledger.artefacts.surely_stored(collection.bound().id, ids) == surely
    stranger = pid(b"stranger.jpg")
    for _ in range(2):
        await ledger.artefacts.correct(
            collection.bound().id, lost=[pid(b"lost.jpg")], unknown=[stranger, pid(b"doomed.jpg")]
        )
        assert await ledger.artefacts.surely_stored(collection.bound().id, ids) == {
            pid(b"there.jpg")
        }
        maybe = await ledger.artefacts.maybe_written(collection.bound().id, [*ids, stranger])
        assert maybe == {*ids, stranger}
        known = await ledger.files.recall(collection.id, [key(name) for name in names])
        assert known[key(b"lost.jpg")].artefacts == (), "it is opened again"
        assert known[key(b"doomed.jpg")].stat is not None
