"""Which jobs are listed. Blocking.

They are chosen by an index that holds all that is asked for, and only those of the page are read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator

from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import job_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.sql import (
    ALWAYS,
    Sql,
    all_of,
    any_of,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.file_rows import marks
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, JobSelection
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from utils.contract import JobState

_AFTER_ALL = "\U0010ffff"


def page(
    db: sqlite3.Connection, selection: JobSelection, *, limit: int, offset: int
) -> list[JobRecord]:
    """Newest first."""
    chosen = _chosen(selection)
    query = (
        f"{job_rows.SELECT} WHERE j.number IN (SELECT number FROM jobs WHERE {chosen.text}"  # noqa: S608  # constants
        " ORDER BY number DESC LIMIT ? OFFSET ?) ORDER BY j.number DESC"
    )
    rows = db.execute(query, (*chosen.given, limit, offset)).fetchall()
    return [job_rows.record(db, row) for row in rows]


def count(db: sqlite3.Connection, selection: JobSelection) -> int:
    chosen = _chosen(selection)
    query = f"SELECT count(*) FROM jobs WHERE {chosen.text}"  # noqa: S608  # constants
    return int(db.execute(query, chosen.given).fetchone()[0])


def _chosen(selection: JobSelection) -> Sql:
    parts = list(_parts(selection))
    if not parts and not selection.states:
        return ALWAYS
    return all_of(_in_states(selection), *parts)  # always by state: the index begins with it


def _parts(selection: JobSelection) -> Iterator[Sql]:
    if selection.collection_id is not None:
        yield Sql("collection_id = ?", (selection.collection_id,))
    if selection.kind is not None:
        yield Sql("kind = ?", (selection.kind,))
    if selection.id_prefix:
        yield Sql("id >= ? AND id < ?", (selection.id_prefix, selection.id_prefix + _AFTER_ALL))


def _in_states(selection: JobSelection) -> Sql:
    states = selection.states or frozenset(JobState)
    if not (selection.states and selection.live):
        return _in("state", states)
    showing = [one for one, state in selection.live.items() if state in states]
    others = [one for one in selection.live if one not in showing]
    stands = any_of(_in("state", FINAL), _not(_in("id", others)))
    is_kept, is_shown = _in("state", states), _in("id", showing)
    chosen = any_of(all_of(is_kept, stands), all_of(_not(_in("state", FINAL)), is_shown))
    # What follows from it, said so that the index is used.
    return all_of(_in("state", states | frozenset(JobState) - FINAL), chosen)


def _in(column: str, values: Collection[str]) -> Sql:
    return Sql(f"{column} IN ({marks(len(values))})", tuple(values))


def _not(part: Sql) -> Sql:
    return Sql(f"NOT ({part.text})", part.given)
