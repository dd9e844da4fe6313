"""Rows of jobs, their counts and their failures, as several tables' statements need them. Blocking.

An unfinished job's counts are the rows of `job_counts`, which every change of its items moves along
in its own transaction; a final state freezes them into the job's row.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import (
    Row,
    checkpoint_text,
    counts_of,
    job_record,
    progress_text,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import (
    Checkpoint,
    JobRecord,
    SavedProgress,
)
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.errors import JobNotFound, JobStateProblem

# Without a collection is only a dry run of the default one that is not there yet.
COLUMNS = """j.id, j.collection_id, coalesce(c.name, 'default'), j.directory, j.options,
    j.state, j.reason, j.reason_code, j.progress, j.created_at, j.started_at, j.updated_at,
    j.finished_at, j.kind, j.lane, j.checkpoint, j.number, j.final_counts, j.final_errors"""
SELECT = f"SELECT {COLUMNS} FROM jobs j LEFT JOIN collections c ON c.id = j.collection_id"  # noqa: S608  # a constant


def by_id(db: sqlite3.Connection, job_id: str) -> JobRecord | None:
    row: Row | None = db.execute(f"{SELECT} WHERE j.id = ?", (job_id,)).fetchone()
    return None if row is None else record(db, row)


def unfinished(db: sqlite3.Connection) -> list[JobRecord]:
    """Oldest first."""
    marks = ", ".join("?" * len(FINAL))
    query = f"{SELECT} WHERE j.state NOT IN ({marks}) ORDER BY j.number"
    return [record(db, row) for row in db.execute(query, tuple(FINAL)).fetchall()]


def existing(db: sqlite3.Connection, job_id: str) -> JobRecord:
    found = by_id(db, job_id)
    if found is None:
        raise JobNotFound(f"There is no job {job_id}.")
    return found


def record(db: sqlite3.Connection, row: Row) -> JobRecord:
    number, final_counts, final_errors = row[16:19]
    files = _counts(db, number) if final_counts is None else json.loads(final_counts)
    errors = _errors(db, number) if final_errors is None else json.loads(final_errors)
    return job_record(row, counts_of(files), errors)


def _counts(db: sqlite3.Connection, number: int) -> dict[str, int]:
    query = "SELECT outcome, files FROM job_counts WHERE job_number = ?"
    return dict(db.execute(query, (number,)).fetchall())


def _errors(db: sqlite3.Connection, number: int) -> dict[str, int]:
    query = "SELECT code, count(*) FROM failures WHERE job_number = ? GROUP BY code"
    return dict(db.execute(query, (number,)).fetchall())


def open_number(db: sqlite3.Connection, job_id: str) -> int:
    """The number that an unfinished job's files refer to.

    Raises:
        JobNotFound: nobody created it, or its collection was deleted.
        JobStateProblem: it has ended, and its counts are frozen.
    """
    query = "SELECT number, state FROM jobs WHERE id = ?"
    row: Row | None = db.execute(query, (job_id,)).fetchone()
    if row is None:
        raise JobNotFound(f"There is no job {job_id}.")
    if row[1] in FINAL:
        raise JobStateProblem(f"The job {job_id} has ended: it is {row[1]}.")
    return int(row[0])


def freeze(db: sqlite3.Connection, job_id: str) -> None:
    number: int = db.execute("SELECT number FROM jobs WHERE id = ?", (job_id,)).fetchone()[0]
    db.execute(
        "UPDATE jobs SET final_counts = ?, final_errors = ? WHERE number = ?",
        (json.dumps(_counts(db, number)), json.dumps(_errors(db, number)), number),
    )
    for table in ("job_counts", "job_folders"):
        db.execute(f"DELETE FROM {table} WHERE job_number = ?", (number,))  # noqa: S608  # constants


def save(db: sqlite3.Connection, job_id: str, progress: SavedProgress) -> None:
    db.execute("UPDATE jobs SET progress = ? WHERE id = ?", (progress_text(progress), job_id))


def save_checkpoint(db: sqlite3.Connection, job_id: str, checkpoint: Checkpoint) -> None:
    db.execute("UPDATE jobs SET checkpoint = ? WHERE id = ?", (checkpoint_text(checkpoint), job_id))


def touch(
    db: sqlite3.Connection, job_id: str, now: datetime, *, progress: SavedProgress | None = None
) -> None:
    db.execute("UPDATE jobs SET updated_at = ? WHERE id = ?", (now.isoformat(), job_id))
    if progress is not None:
        save(db, job_id, progress)


def count(db: sqlite3.Connection, changes: Mapping[tuple[int, str], int]) -> None:
    """Moves counts by (job number, outcome). Those of ended jobs are frozen and stay."""
    db.executemany(
        "UPDATE job_counts SET files = files + ? WHERE job_number = ? AND outcome = ?",
        [(files, number, outcome) for (number, outcome), files in changes.items() if files],
    )
