"""Counts belong to a job: no other job, restart or upgrade of the ledger changes them."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.adapters.sqlite.migrate import migrate, shipped
from ingestion_orchestration_fastapi_app.domain.files.change_detection import ChangeKind
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome, FolderCounts
from ingestion_orchestration_fastapi_app.domain.jobs.row_set import RowSet
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.ingest.known_files import KnownFiles
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    ROOT,
    a_ledger,
    bound,
    complete,
    counts,
    failed,
    file_start,
    key,
    pid,
    running,
    skipped,
    stored,
)
from utils.contract import ErrorCode, JobCounts, JobState

NAMES = [b"a.jpg", b"b.jpg", b"c/d.jpg"]
JOBS = ["job-1", "job-2"]
MADE: dict[Outcome, Callable[[bytes], FileOutcome]] = {
    Outcome.EMBEDDED: stored,
    Outcome.FAILED: failed,
    Outcome.SKIPPED: skipped,
}

# What a job does with a file (None: it is met again, pending), or a restart of the process.
Deed = tuple[str, bytes, Outcome | None] | None
deeds = st.lists(
    st.one_of(
        st.none(),
        st.tuples(st.sampled_from(JOBS), st.sampled_from(NAMES), st.sampled_from([None, *MADE])),
    ),
    max_size=20,
)


@given(deeds)
@settings(max_examples=40, deadline=None)
def test_two_jobs_over_the_same_files_and_restarts_take_nothing_from_each_other(
    done: list[Deed],
) -> None:
    async def check() -> None:
        expected: dict[str, dict[bytes, Outcome]] = {job_id: {} for job_id in JOBS}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            async with a_ledger("sqlite", path) as ledger:
                for job_id in JOBS:
                    collection = await running(ledger, job_id)
            for part in _between_restarts(done):
                async with a_ledger("sqlite", path) as ledger:
                    for job_id, name, outcome in part:
                        if outcome is None:
                            await ledger.files.register(job_id, collection.id, [file_start(name)])
                        else:
                            made = MADE[outcome](name)
                            await complete(ledger, collection, made, job_id=job_id)
                        expected[job_id][name] = outcome or Outcome.PENDING
                    for job_id in JOBS:
                        assert await counts(ledger, job_id) == _sums(expected[job_id])

    anyio.run(check)


def _between_restarts(done: list[Deed]) -> list[list[tuple[str, bytes, Outcome | None]]]:
    parts: list[list[tuple[str, bytes, Outcome | None]]] = [[]]
    for deed in done:
        if deed is None:
            parts.append([])
        else:
            parts[-1].append(deed)
    return parts


def _sums(files: dict[bytes, Outcome]) -> JobCounts:
    outcomes = Counter(str(one) for one in files.values())
    return JobCounts(found=len(files), **outcomes)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_folder_that_is_scanned_again_is_not_counted_twice(
    kind: str, tmp_path: Path
) -> None:
    def folder(unchanged: int, *, is_whole: bool) -> FolderCounts:
        return FolderCounts(ROOT.id, b"trip", unchanged, skipped=1, is_whole=is_whole)

    async with a_ledger(kind, tmp_path) as ledger:
        made = await running(ledger)

        async def counted(one: FolderCounts) -> JobCounts:
            await ledger.files.register("job-1", made.id, [], [one])
            return await counts(ledger)

        assert await counted(folder(3, is_whole=False)) == JobCounts(
            found=4, unchanged=3, skipped=1
        )
        whole = JobCounts(found=6, unchanged=5, skipped=1)
        assert await counted(folder(5, is_whole=True)) == whole
        # After a restart the scan begins anew: until it is through, no number goes back.
        assert await counted(folder(2, is_whole=False)) == whole
        assert await counted(folder(4, is_whole=True)) == JobCounts(found=5, unchanged=4, skipped=1)
        ended = await ledger.jobs.move("job-1", JobState.COMPLETED)
        assert ended.counts == JobCounts(found=5, unchanged=4, skipped=1)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_file_that_another_job_removes_stays_counted_where_it_was_done(
    kind: str, tmp_path: Path
) -> None:
    async with a_ledger(kind, tmp_path) as ledger:
        made = await running(ledger)
        await ledger.files.register("job-1", made.id, [file_start(name) for name in NAMES])
        await complete(ledger, made, stored(NAMES[0]), failed(NAMES[1]))
        await running(ledger, "job-2")
        gone = await ledger.folders.not_seen_in_scan(made.id, ROOT.path, after=None, limit=9)
        synced = SyncedVersion((await bound(ledger, made)).id, 1)
        await ledger.files.delete_files("job-2", made.id, gone, synced=[synced])
        assert await counts(ledger) == JobCounts(found=1, embedded=1)
        assert await ledger.files.fail_pending("job-1", ErrorCode.FILE_NOT_FOUND, "gone") == 0
        # A new file may get the row of one that is gone: it is none of the job's.
        await ledger.files.register("job-2", made.id, [file_start(b"new.jpg")])
        known = await ledger.files.recall(made.id, [key(b"new.jpg")], job_id="job-1")
        assert known[key(b"new.jpg")].outcome is None


@pytest.mark.anyio
async def test_a_scan_of_a_million_unchanged_files_writes_less_than_a_megabyte(
    tmp_path: Path,
) -> None:
    """As many writes as a scan of half a minute makes."""
    known = KnownFiles()
    async with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        made = await running(ledger)
        wal = tmp_path / "ledger.sqlite3-wal"
        before = wal.stat().st_size
        for folder in range(1000):
            name = b"photographs/of a longer name/%04d/0.jpg" % folder
            for _ in range(1000):
                known.meet(key(name), ChangeKind.UNCHANGED)
            if folder % 33 == 0:
                await ledger.files.register("job-1", made.id, [], known.take())
        known.begin()
        await ledger.files.register("job-1", made.id, [], known.take())
        assert await counts(ledger) == JobCounts(found=1_000_000, unchanged=1_000_000)
        assert wal.stat().st_size - before < 1_000_000


def test_a_folder_that_is_met_twice_has_its_numbers_once() -> None:
    """As where two folders that are gone make a scan look at the one above them, twice."""
    known = KnownFiles()
    for _ in range(2):
        known.begin()
        known.meet(key(b"a.jpg"), ChangeKind.UNCHANGED)
        known.meet(key(b"b.txt"), ChangeKind.SKIPPED_AGAIN)
        known.meet(key(b"c.jpg"), ChangeKind.OPEN)
    known.begin()
    assert set(known.take()) == {FolderCounts(ROOT.id, b"", unchanged=1, skipped=1, is_whole=True)}


@given(st.sets(st.integers(1, 100_000), max_size=50))
def test_a_set_of_rows_holds_what_was_added(rows: set[int]) -> None:
    added = RowSet()
    added.update(rows)
    assert {row for row in range(1, 1000) if row in added} == {row for row in rows if row < 1000}
    assert all(row in added for row in rows)


@pytest.mark.anyio
async def test_a_job_that_was_cut_off_before_the_upgrade_keeps_its_counts(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    db = sqlite3.connect(path, isolation_level=None)
    migrate(db, shipped()[:11])
    _of_version_11(db)
    db.close()
    async with a_ledger("sqlite", tmp_path) as ledger:
        assert await counts(ledger, "open") == JobCounts(found=2, unchanged=1, pending=1)
        known = await ledger.files.recall(1, [key(name) for name in NAMES], job_id="open")
        assert [known[key(name)].outcome for name in NAMES] == [
            Outcome.UNCHANGED,
            Outcome.PENDING,
            None,
        ]
        assert known[key(NAMES[2])].mtime_trusted
        assert await ledger.files.fail_pending("open", ErrorCode.FILE_NOT_FOUND, "gone") == 1
        ended = await ledger.jobs.move("open", JobState.COMPLETED)
        assert ended.counts == JobCounts(found=2, unchanged=1, failed=1)
        await _prunes(ledger, path)


def _of_version_11(db: sqlite3.Connection) -> None:
    at = "2025-01-01T00:00:00+00:00"
    db.execute("INSERT INTO collections (id, name, fingerprint) VALUES (1, 'default', 'fp')")
    db.execute("INSERT INTO roots VALUES (1, ?, ?)", (ROOT.id.bytes, ROOT.path))
    progress = (
        '{"bytes_read":0,"active_s":0,"stages":{},"log":[],"warnings":[],"scan_complete":false}'
    )
    for number, (job_id, state, final) in enumerate(
        [("ended", "completed", "{}"), ("open", "running", None)], start=1
    ):
        db.execute(
            "INSERT INTO jobs (number, id, collection_id, directory, options, state, progress,"
            " final_counts, final_errors, created_at, updated_at)"
            " VALUES (?, ?, 1, ?, '{}', ?, ?, ?, ?, ?, ?)",
            (number, job_id, ROOT.path, state, progress, final, final, at, at),
        )
    files = {Outcome.UNCHANGED: 1, Outcome.PENDING: 1}
    db.executemany(
        "INSERT INTO job_counts (job_number, outcome, files) VALUES (2, ?, ?)",
        [(outcome, files.get(outcome, 0)) for outcome in Outcome],
    )
    for name, number, outcome in zip(
        NAMES, (2, 2, 1), ("unchanged", "pending", "embedded"), strict=True
    ):
        db.execute(
            "INSERT INTO files (collection_id, root_id, path, point_id, job_number, outcome,"
            " size_bytes, mtime_ns, ctime_ns, settled, verdict, stored_fingerprint)"
            " VALUES (1, ?, ?, ?, ?, ?, 10, 20, 30, 1, 'stored', 'fp')",
            (ROOT.id.bytes, name, pid(name).bytes, number, outcome),
        )


async def _prunes(ledger: Ledger, path: Path) -> None:
    """What ended jobs counted file by file is deleted; their sums stay."""
    job = await ledger.jobs.find("open")
    assert job is not None
    await ledger.jobs.prune(before=job.created_at)
    db = sqlite3.connect(path)
    assert db.execute("SELECT count(*) FROM job_items").fetchone() == (0,)
    db.close()
    assert await ledger.jobs.find("open") == job
