"""What is particular to the ledger on SQLite: schema, groups of writes, a hostile disk."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from anyio import CapacityLimiter, create_task_group

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.adapters.sqlite.connections import close, connect
from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Database
from ingestion_orchestration_fastapi_app.adapters.sqlite.ledger import ledger_of, utc_now
from ingestion_orchestration_fastapi_app.adapters.sqlite.migrate import migrate, shipped
from ingestion_orchestration_fastapi_app.adapters.sqlite.writer import Writer
from ingestion_orchestration_fastapi_app.domain.files.file import FileStat, Outcome
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.collection import Watch
from ingestion_orchestration_fastapi_app.errors import CollectionExists, DiskFull, StoreWrite
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    SHA,
    STAT,
    bound,
    complete,
    failed,
    file_start,
    intents,
    key,
    known_of,
    pid,
    running,
    stored,
)
from utils.contract import JobCounts

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[tuple[Ledger, sqlite3.Connection]]:
    """A ledger whose writer's connection the test may spoil."""
    writer_db, *readers = connect(str(path), 2)
    writer = Writer(writer_db)
    async with create_task_group() as tasks:
        tasks.start_soon(writer.run)
        yield ledger_of(Database(writer, readers, CapacityLimiter(2), utc_now)), writer_db
        writer.close()
    close([writer_db, *readers])


async def test_what_was_written_is_there_when_the_ledger_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    async with open_ledger(path) as ledger:
        made = await running(ledger)
        await ledger.files.register("job-1", made.id, [file_start(b"a.jpg")])
        before = (await ledger.jobs.find("job-1"), await ledger.collections.find("default"))
    async with open_ledger(path) as ledger:
        assert (await ledger.jobs.find("job-1"), await ledger.collections.find("default")) == before
        assert len(await ledger.files.recall(made.id, [key(b"a.jpg")])) == 1


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    async with open_ledger(path):
        pass
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreWrite, match="newer Photoseek"):
        async with open_ledger(path):
            pass
    assert db.execute("PRAGMA user_version").fetchone() == (99,)
    db.close()


def test_a_migration_that_fails_leaves_the_version_before_it() -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, ["CREATE TABLE one (a);", "CREATE TABLE two (a); CREATE TABLE one (a);"])
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("one",)]
    migrate(db, ["CREATE TABLE one (a);", "CREATE TABLE two (a);"])
    assert db.execute("PRAGMA user_version").fetchone() == (2,)
    db.close()


async def test_a_ledger_of_the_first_version_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    db = sqlite3.connect(path, isolation_level=None)
    migrate(db, shipped()[:1])
    root, photo = key(b"a.jpg").root_id.bytes, pid(b"a.jpg").bytes
    db.execute(
        "INSERT INTO collections (id, name, model, weights, dim, fingerprint)"
        " VALUES (1, 'default', 'm', 'w', 512, 'fp')"
    )
    db.execute("INSERT INTO roots VALUES (1, ?, ?)", (root, b"/photos"))
    db.execute(
        "INSERT INTO jobs (id, collection_id, directory, options, state, progress, created_at,"
        " updated_at) VALUES ('old', 1, ?, '{}', 'completed', '{}', ?, ?)",
        (b"/photos", "2025-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00"),
    )
    db.execute(
        "INSERT INTO files (collection_id, root_id, path, point_id, job_number, outcome,"
        " size_bytes, mtime_ns, ctime_ns, settled, verdict, sha256, stored_fingerprint)"
        " VALUES (1, ?, ?, ?, 1, 'embedded', 10, 20, 30, 1, 'stored', ?, 'fp')",
        (root, b"a.jpg", photo, SHA),
    )
    db.close()
    async with open_ledger(path) as ledger:
        known = (await ledger.files.recall(1, [key(b"a.jpg")]))[key(b"a.jpg")]
        assert known.stat == STAT
        assert known.stat.sidecar_mark == 0
        assert (known.mtime_trusted, known.sha256) == (True, SHA)
        assert known_of(known) == {("vector", "fp"): "stored"}
        assert await ledger.artefacts.maybe_written(1, [pid(b"a.jpg")]) == {pid(b"a.jpg")}


async def test_the_mark_of_a_files_sidecars_is_kept(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        made = await running(ledger)
        for mark in (-(2**63), 2**63 - 1, 0):
            stat = replace(STAT, sidecar_mark=mark)
            await complete(ledger, made, replace(stored(b"a.jpg"), stat=stat))
            known = await ledger.files.recall(made.id, [key(b"a.jpg")])
            assert known[key(b"a.jpg")].stat == stat


def test_the_shipped_migrations_are_numbered_without_a_gap() -> None:
    assert len(shipped()) >= 1


async def test_a_file_that_is_no_database_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"these are no pages of a database" * 100)
    with pytest.raises(StoreWrite, match="Move its file away"):
        async with open_ledger(path):
            pass


async def test_a_folder_that_is_not_there_is_said_as_such(tmp_path: Path) -> None:
    with pytest.raises(StoreWrite, match="SQLITE_CANTOPEN"):
        async with open_ledger(tmp_path / "nowhere" / "ledger.sqlite3"):
            pass


async def test_writes_that_wait_together_share_a_transaction(tmp_path: Path) -> None:
    async with opened(tmp_path / "ledger.sqlite3") as (ledger, db):
        made = await running(ledger)
        statements: list[str] = []
        db.set_trace_callback(statements.append)
        async with create_task_group() as tasks:
            for number in range(30):
                names = [b"%d.jpg" % number]
                tasks.start_soon(
                    ledger.files.register, "job-1", made.id, [file_start(n) for n in names]
                )
        db.set_trace_callback(None)
        job = await ledger.jobs.find("job-1")
        assert job is not None
        assert job.counts == JobCounts(found=30, pending=30)
        # The first may go alone; its answer needs the loop, which hands all the others over first.
        assert statements.count("COMMIT") <= 2


async def test_a_write_that_fails_costs_its_neighbours_in_the_group_nothing(
    tmp_path: Path,
) -> None:
    async with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        refused: list[str] = []

        async def create(name: str) -> None:
            try:
                await ledger.collections.create(name, identity=name)
            except CollectionExists:
                refused.append(name)

        async with create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(create, f"c{number % 10}")
        assert sorted(refused) == [f"c{number}" for number in range(10)]
        assert len(await ledger.collections.list_all()) == 10


async def test_a_write_whose_caller_was_cancelled_comes_before_later_ones(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        active = await bound(ledger, await running(ledger))
        async with create_task_group() as tasks:
            tasks.start_soon(ledger.generations.set_synced_version, active.id, 2)
            tasks.cancel_scope.cancel()
        await ledger.generations.set_synced_version(active.id, 3)
        found = await ledger.collections.find("default")
        assert found is not None
        assert found.bound().synced_version == 3


async def test_a_full_disk_is_a_problem_that_passes(tmp_path: Path) -> None:
    async with opened(tmp_path / "ledger.sqlite3") as (ledger, db):
        made = await running(ledger)
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        many = [file_start(b"%05d.jpg" % number) for number in range(5_000)]
        with pytest.raises(DiskFull):
            await ledger.files.register("job-1", made.id, many)
        job = await ledger.jobs.find("job-1")
        assert job is not None
        assert job.counts == JobCounts()
        db.execute("PRAGMA max_page_count = 1000000")
        await ledger.files.register("job-1", made.id, many)
        job = await ledger.jobs.find("job-1")
        assert job is not None
        assert job.counts == JobCounts(found=5_000, pending=5_000)


async def test_a_locked_ledger_is_a_problem_that_passes(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    async with opened(path) as (ledger, db):
        active = await bound(ledger, await running(ledger))
        db.execute("PRAGMA busy_timeout = 0")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreWrite, match="SQLITE_BUSY"):
            await ledger.generations.set_synced_version(active.id, 1)
        assert await ledger.collections.find("default") is not None  # who reads does not wait
        other.execute("ROLLBACK")
        other.close()
        await ledger.generations.set_synced_version(active.id, 1)


async def test_a_closed_ledger_says_so(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        pass
    with pytest.raises(ValueError, match="closed"):
        await ledger.collections.create("default", identity="default")


async def test_names_and_times_that_sqlite_cannot_hold_do_not_fail_their_group(
    tmp_path: Path,
) -> None:
    far = FileStat(size_bytes=1, mtime_ns=2**64 - 1, ctime_ns=-(2**63) - 1)
    (refused,) = failed(b"b.jpg").artefacts
    odd = replace(
        failed(b"b\xff.jpg"),
        display_path="b\udcff.jpg",
        artefacts=(replace(refused, detail="no \udcff text"),),
    )
    async with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        made = await running(ledger)
        names = [b"a.jpg", b"b\xff.jpg", b"c\0.jpg"]
        await ledger.files.register("job-1", made.id, [file_start(name) for name in names])
        await ledger.files.complete(
            "job-1",
            made.id,
            [replace(stored(b"a.jpg"), stat=far), odd, stored(b"c\0.jpg")],
            synced=None,
            reader_version="readers-1",
            progress=SavedProgress(stages={"\udcff": 1.0}),
        )
        keys = [key(name) for name in names]
        known = await ledger.files.recall(made.id, keys, job_id="job-1")
        assert [known[key(name)].outcome for name in names] == [
            Outcome.EMBEDDED,
            Outcome.FAILED,
            Outcome.EMBEDDED,
        ]
        assert known[key(b"a.jpg")].stat != far  # so it is opened again, never taken as unchanged
        page, _ = await ledger.jobs.failures("job-1", limit=9, offset=0)
        assert (page[0].display_path, page[0].detail) == ("b?.jpg", "no ? text")


async def test_groups_larger_than_a_statement_has_variables_are_cut(tmp_path: Path) -> None:
    names = [b"%06d.jpg" % number for number in range(9_000)]
    async with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        made = await running(ledger)
        await ledger.files.register("job-1", made.id, [file_start(name) for name in names])
        assert len(await ledger.files.recall(made.id, [key(name) for name in names])) == 9_000
        ids = [pid(name) for name in names]
        await ledger.artefacts.begin_write("job-1", made.bound().id, intents(*names))
        assert await ledger.artefacts.maybe_written(made.bound().id, ids) == set(ids)


async def test_a_collection_is_read_anew_when_something_was_written(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        made = await running(ledger)
        found = await ledger.collections.find(made.name)
        assert found is not None
        assert await ledger.collections.find(made.name) is found
        await ledger.collections.put_watch(made.id, Watch(b"/photos"))
        watched = await ledger.collections.find(made.name)
        assert watched is not None
        assert (found.watches, watched.watches) == ((), (Watch(b"/photos"),))
        await ledger.collections.rename(made.id, "another")
        assert await ledger.collections.find(made.name) is None
