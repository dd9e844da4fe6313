"""No statement over files, artefacts or intents looks at a whole table, or sorts one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from anyio import CapacityLimiter, create_task_group

from ingestion_orchestration_fastapi_app.adapters.sqlite.connections import close, connect
from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Database
from ingestion_orchestration_fastapi_app.adapters.sqlite.ledger import ledger_of, utc_now
from ingestion_orchestration_fastapi_app.adapters.sqlite.writer import Writer
from ingestion_orchestration_fastapi_app.domain.captions.records import MadeCaption, WantedCaptions
from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint, SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Facet, Order, Sort
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.catalogued import BASE, filled
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
    for filters, renew in ((NO_FILTERS, True), (Filters(min_size_bytes=1), False)):
        wanted = WantedCaptions("fp", "blip", renew=renew, filters=filters)
        await ledger.captions.lacking(made.id, wanted, after=0, limit=9)
        await ledger.captions.count_lacking(made.id, wanted)
    caption = MadeCaption(ids[1], artefacts.stored(Kind.CAPTION, "blip"))
    await ledger.captions.complete(
        "job-1",
        made.id,
        [caption],
        reader_version="readers-1",
        checkpoint=Checkpoint(),
        progress=SavedProgress(),
    )
    await ledger.captions.described(made.id, ids)
    await ledger.captions.forget(made.id, ids[2:])
    await ledger.artefacts.correct(generation_id, lost=ids[:1], unknown=ids[1:])
    await ledger.artefacts.reconcile(generation_id, in_groups(ids))
    await ledger.folders.totals(made.id, ROOT.path, recursive=True)
    await ledger.folders.known_at(made.id, [ROOT.path + b"/b"])
    await ledger.folders.is_unchanged_below(made.id, ROOT.path, unchanged=range(9))
    gone = await ledger.folders.not_seen_in_scan(made.id, ROOT.path, after=None, limit=1)
    await ledger.files.seen_contents(made.id, seen=range(9), after=0, limit=9)
    await ledger.files.stale(made.id, ids, model="fp")
    await ledger.artefacts.begin_delete(generation_id, [file.point_id for file in gone])
    await ledger.files.delete_files("job-1", made.id, gone, synced=[])
    await ledger.files.fail_pending("job-1", ErrorCode.FILE_NOT_FOUND, "gone")
    other = await ledger.generations.create(made.id, replace(MODEL, table="b", fingerprint="b"))
    await ledger.generations.lacking(generation_id, other.id, refused=False, after=None, limit=9)
    await ledger.generations.count_missing(generation_id, other.id)
    await ledger.generations.remove(other.id)


async def browsed(ledger: Ledger) -> None:
    made = await running(ledger)
    asked = (
        *(Filters(camera="nikon", favourite=True), Filters(tags=("print",), min_size_bytes=1)),
        *(Filters(taken_after=datetime(2019, 1, 1)), Filters(has_gps=True)),  # noqa: DTZ001  # a camera's clock has no zone
    )
    for filters in asked:
        browsing, newest = ledger.browsing, Order(Sort.TAKEN_AT, is_descending=True)
        await browsing.count(made.id, filters, at_most=9)
        await browsing.page(made.id, filters, newest, after=None, limit=9, is_dense=False)
        await browsing.facets(made.id, dict.fromkeys(Facet, filters), top=9)
    await ledger.browsing.facets(made.id, {Facet.RATING: NO_FILTERS}, top=9)


async def test_every_statement_finds_its_rows_by_a_key(tmp_path: Path) -> None:
    plans = await _plans(tmp_path, at_work)
    asked = {one: plan for one, plan in plans.items() if TABLES.search(one)}
    assert len(asked) > 40
    for statement, plan in asked.items():
        assert not re.search(r"SCAN|TEMP B-TREE", plan), f"{statement}\n{plan}"


async def test_pictures_of_which_something_is_said_are_found_by_content(tmp_path: Path) -> None:
    plans = await _plans(tmp_path, browsed)
    asked = {one: plan for one, plan in plans.items() if re.search("FROM annotation", one)}
    assert len(asked) > 8
    for statement, plan in asked.items():
        assert "catalogue_by_content (collection_id=? AND sha256=?)" in plan, f"{statement}\n{plan}"


async def test_facets_of_a_long_time_are_read_off_one_index(tmp_path: Path) -> None:
    """Nothing is sorted and no row looked up: of a million pictures that took two seconds."""

    async def counted(ledger: Ledger) -> None:
        collection_id = await filled(ledger)
        long = Filters(taken_after=BASE)
        await ledger.browsing.facets(collection_id, dict.fromkeys(Facet, long), top=9)
        await ledger.browsing.facets(collection_id, {Facet.YEAR: NO_FILTERS}, top=9)

    plans = await _plans(tmp_path, counted)
    grouped = [plan for one, plan in plans.items() if "c.year" in one and "GROUP BY" in one]
    assert len(grouped) == 2
    for plan in grouped:
        assert plan.startswith("SEARCH c USING COVERING INDEX catalogue_by_facets")
        assert "TEMP B-TREE" not in plan


async def _plans(folder: Path, work: Callable[[Ledger], Awaitable[None]]) -> dict[str, str]:
    """Of each statement that is executed."""
    connections = connect(str(folder / "ledger.sqlite3"), 1)
    said: set[str] = set()
    for one in connections:
        one.set_trace_callback(said.add)
    writer = Writer(connections[0])
    async with create_task_group() as tasks:
        tasks.start_soon(writer.run)
        await work(ledger_of(Database(writer, connections[1:], CapacityLimiter(1), utc_now)))
        writer.close()
    for one in connections:
        one.set_trace_callback(None)
    asked = [one for one in said if re.search(r"\b(FROM|INTO|UPDATE)\b", one)]
    plans = {one: _plan(connections[0], one) for one in asked if not one.startswith("--")}
    close(connections)
    return plans


def _plan(db: sqlite3.Connection, statement: str) -> str:
    return "\n".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}"))
