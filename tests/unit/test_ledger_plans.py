"""No statement over files, artefacts or intents looks at a whole table, or sorts one."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from anyio import CapacityLimiter, create_task_group

from ingestion_orchestration_fastapi_app.adapters.sqlite.connections import close, connect
from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Database
from ingestion_orchestration_fastapi_app.adapters.sqlite.ledger import ledger_of, utc_now
from ingestion_orchestration_fastapi_app.adapters.sqlite.writer import Writer
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    MODEL,
    ROOT,
    complete,
    failed,
    file_start,
    in_groups,
    intents,
    key,
    pid,
    running,
    skipped,
    stored,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

NAMES = [b"a.jpg", b"b/c.jpg", b"d.txt"]
TABLES = re.compile(r"\b(files|artefacts|intents)\b")


async def at_work(ledger: Ledger) -> None:
    made = await running(ledger)
    generation_id, ids = made.bound().id, [pid(name) for name in NAMES]
    await ledger.files.register("job-1", made.id, [file_start(name) for name in NAMES])
    await ledger.artefacts.begin_write("job-1", generation_id, intents(*NAMES))
    await complete(ledger, made, stored(NAMES[0]), failed(NAMES[1]), skipped(NAMES[2]))
    await complete(ledger, made, failed(NAMES[0]), stored(NAMES[1]))
    await ledger.files.recall(made.id, [key(name) for name in NAMES], job_id="job-1")
    await ledger.artefacts.pending_writes("job-1")
    await ledger.artefacts.maybe_written(generation_id, ids)
    await ledger.artefacts.surely_stored(generation_id, ids)
    await ledger.artefacts.count_stored(generation_id)
    await ledger.captions.captioners(made.id, ids)
    await ledger.captions.forget(made.id, ids[2:])
    await ledger.artefacts.correct(generation_id, lost=ids[:1], unknown=ids[1:])
    await ledger.artefacts.reconcile(generation_id, in_groups(ids))
    await ledger.folders.totals(made.id, ROOT.path, recursive=True)
    await ledger.folders.known_at(made.id, [ROOT.path + b"/b"])
    await ledger.folders.is_unchanged_below(made.id, ROOT.path, unchanged=range(9))
    gone = await ledger.folders.not_seen_in_scan(made.id, ROOT.path, after=None, limit=1)
    await ledger.files.seen_contents(made.id, seen=range(9), after=0, limit=9)
    await ledger.artefacts.begin_delete(generation_id, [file.point_id for file in gone])
    await ledger.files.delete_files("job-1", made.id, gone, synced=[])
    await ledger.files.fail_pending("job-1", ErrorCode.FILE_NOT_FOUND, "gone")
    other = await ledger.generations.create(made.id, replace(MODEL, table="b", fingerprint="b"))
    await ledger.generations.lacking(generation_id, other.id, refused=False, after=None, limit=9)
    await ledger.generations.count_missing(generation_id, other.id)
    await ledger.generations.remove(other.id)


async def test_every_statement_finds_its_rows_by_a_key(tmp_path: Path) -> None:
    connections = connect(str(tmp_path / "ledger.sqlite3"), 1)
    said: set[str] = set()
    for one in connections:
        one.set_trace_callback(said.add)
    writer = Writer(connections[0])
    async with create_task_group() as tasks:
        tasks.start_soon(writer.run)
        await at_work(ledger_of(Database(writer, connections[1:], CapacityLimiter(1), utc_now)))
        writer.close()
    for one in connections:
        one.set_trace_callback(None)
    asked = [one for one in said if TABLES.search(one) and not one.startswith("--")]
    assert len(asked) > 40
    for statement in asked:
        plan = _plan(connections[0], statement)
        assert not re.search(r"SCAN|TEMP B-TREE", plan), f"{statement}\n{plan}"
    close(connections)


def _plan(db: sqlite3.Connection, statement: str) -> str:
    return "\n".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}"))
