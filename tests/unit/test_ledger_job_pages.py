"""Which jobs a page lists, for SQLite and for its twin; and that no long row is read to know it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.sqlite.connections import close, connect
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import selected_jobs
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRequest, JobSelection
from ingestion_orchestration_fastapi_app.domain.library.collection import NO_COLLECTION
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from utils.contract import JobState

pytestmark = pytest.mark.anyio

ENDED = (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)
# Of each job: id, collection, kind, and the states it went through.
JOBS = (
    ("a1", "cats", "ingest", (JobState.RUNNING, JobState.COMPLETED)),
    ("a2", "cats", "verify", (JobState.RUNNING, JobState.FAILED)),
    ("b1", "dogs", "ingest", (JobState.CANCELLED,)),
    ("b2", "dogs", "ingest", (JobState.RUNNING,)),
    ("b3", "cats", "ingest", (JobState.RUNNING,)),
    ("c1", "cats", "ingest", ()),
)
SELECTIONS = (
    JobSelection(),
    JobSelection(id_prefix="b"),
    JobSelection(id_prefix="b2"),
    JobSelection(id_prefix="2"),
    JobSelection(kind="verify"),
    JobSelection(kind="cook"),
    JobSelection(states=frozenset({JobState.RUNNING})),
    JobSelection(states=frozenset(ENDED)),
    JobSelection(states=frozenset({JobState.QUEUED, JobState.FAILED}), kind="verify"),
    JobSelection(states=frozenset({JobState.WAITING_FOR_ML}), live={"b2": JobState.WAITING_FOR_ML}),
    JobSelection(states=frozenset({JobState.RUNNING}), live={"b2": JobState.WAITING_FOR_ML}),
    JobSelection(
        states=frozenset({JobState.RUNNING, JobState.COMPLETED}),
        live={"b2": JobState.PAUSED, "b3": JobState.RUNNING, "c1": JobState.RUNNING},
    ),
    # It has ended, and who ran it does not know yet.
    JobSelection(states=frozenset({JobState.RUNNING}), live={"a1": JobState.RUNNING}),
    JobSelection(states=frozenset({JobState.COMPLETED}), live={"a1": JobState.RUNNING}),
)


async def made(ledger: Ledger) -> int:
    """The number of the collection `cats`."""
    numbers = {}
    for name in ("cats", "dogs"):
        numbers[name] = (await ledger.collections.create(name, identity=name)).id
    for job_id, name, kind, states in JOBS:
        await ledger.jobs.create(job_id, numbers[name], JobRequest(name, kind, None))
        for state in states:
            await ledger.jobs.move(job_id, state)
    return numbers["cats"]


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("of_cats", [False, True])
async def test_a_page_has_the_jobs_that_the_selection_says(
    ledger: Ledger, selection: JobSelection, of_cats: bool
) -> None:
    cats = await made(ledger)
    asked = JobSelection(
        selection.id_prefix,
        selection.kind,
        cats if of_cats else None,
        selection.states,
        selection.live,
    )
    every = [await ledger.jobs.find(job_id) for job_id, *_ in reversed(JOBS)]
    expected = [job for job in every if job is not None and asked.matches(job)]
    assert await ledger.jobs.page(asked, limit=9, offset=0) == (expected, len(expected))
    assert await ledger.jobs.page(asked, limit=1, offset=1) == (expected[1:2], len(expected))


def test_jobs_that_ended_or_show_another_state_are_told_apart() -> None:
    """What the cases above stand on."""
    found = [one for one in SELECTIONS if one.live]
    assert len(found) >= 5
    assert {state for one in found for state in one.live.values()} > {JobState.WAITING_FOR_ML}


@pytest.mark.parametrize("selection", [one for one in SELECTIONS if one != JobSelection()])
async def test_no_row_of_a_job_is_read_to_choose_or_to_count(
    tmp_path: Path, selection: JobSelection
) -> None:
    writing, *others = connect(str(tmp_path / "ledger.sqlite3"), 1)
    said: list[str] = []
    writing.set_trace_callback(said.append)
    selected_jobs.page(writing, selection, limit=5, offset=0)
    selected_jobs.count(writing, selection)
    writing.set_trace_callback(None)
    page, count = said
    chosen = page[page.index("(SELECT number") + 1 : page.rindex(") ORDER BY")]
    for statement in (chosen, count):
        assert "COVERING INDEX jobs_by_state" in plan(writing, statement), statement
        assert "SCAN" not in plan(writing, statement), statement
    close([writing, *others])


def plan(db: sqlite3.Connection, statement: str) -> str:
    return "\n".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}"))


async def test_a_job_of_no_collection_is_kept_beside_the_others(ledger: Ledger) -> None:
    """A dry run makes none, and says what it found all the same."""
    cats = await made(ledger)
    request = JobRequest("default", "dry_run", None)
    await ledger.jobs.create("d1", NO_COLLECTION, request)
    await ledger.jobs.move("d1", JobState.RUNNING)
    unfinished = {one.id: one for one in await ledger.jobs.list_unfinished()}
    assert unfinished["d1"].request == request
    await ledger.jobs.move("d1", JobState.COMPLETED)
    every, total = await ledger.jobs.page(JobSelection(), limit=10, offset=0)
    assert (every[0].id, total) == ("d1", len(JOBS) + 1)
    of_cats, _ = await ledger.jobs.page(JobSelection(collection_id=cats), limit=10, offset=0)
    assert "d1" not in [one.id for one in of_cats]
    assert await ledger.collections.find("default") is None
    with pytest.raises(CollectionNotFound):
        await ledger.jobs.create("d2", 1000, request)
