"""Statements on the failed files of jobs. Blocking."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row, failure_record
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.jobs.records import FailureRecord


def page(
    db: sqlite3.Connection, job_id: str, limit: int, offset: int
) -> tuple[list[FailureRecord], int]:
    row: Row | None = db.execute("SELECT number FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        return [], 0
    rows = db.execute(
        "SELECT display_path, code, detail, at FROM failures WHERE job_number = ?"
        " ORDER BY display_path, root_id, path LIMIT ? OFFSET ?",
        (row[0], limit, offset),
    ).fetchall()
    query = "SELECT count(*) FROM failures WHERE job_number = ?"
    return [failure_record(one) for one in rows], db.execute(query, (row[0],)).fetchone()[0]


def among(db: sqlite3.Connection, job_id: str, keys: Iterable[FileKey]) -> set[FileKey]:
    """Those of the keys that failed in the job."""
    query = (
        "SELECT 1 FROM failures WHERE root_id = ? AND path = ?"
        " AND job_number = (SELECT number FROM jobs WHERE id = ?)"
    )
    # By primary key, each in microseconds: a retry only, where nothing else is slow.
    return {
        key for key in keys if db.execute(query, (key.root_id.bytes, key.path, job_id)).fetchone()
    }
