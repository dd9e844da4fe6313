"""Rows of what jobs opened and of what they only counted. Blocking.

`job_counts` holds an unfinished job's sums of both, moved along in the same transactions.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import clean
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows, job_rows
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, Outcome
from ingestion_orchestration_fastapi_app.domain.files.records import (
    FileOutcome,
    FileStart,
    FolderCounts,
)
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from utils.contract import ErrorCode

_ITEMS_A_STEP = 20_000  # of ended jobs: other writes wait for no more than these

_FAIL = """
INSERT OR REPLACE INTO failures (job_number, root_id, path, display_path, code, detail, at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""


def put(
    db: sqlite3.Connection,
    number: int,
    files: Mapping[int, FileStart | FileOutcome],
    now: datetime,
) -> None:
    """What became of files in the job, by row; failures that end now are unlisted."""
    before = _outcomes(db, number, files)
    changes = Counter(str(file.outcome) for file in files.values())
    changes.subtract(before.values())
    _unlist(db, number, [files[row].key for row, old in before.items() if old == Outcome.FAILED])
    db.executemany(
        "INSERT OR REPLACE INTO job_items (job_number, file_id, outcome) VALUES (?, ?, ?)",
        [(number, row, file.outcome) for row, file in files.items()],
    )
    job_rows.count(db, {(number, outcome): files for outcome, files in changes.items()})
    at = now.isoformat()
    db.executemany(
        _FAIL,
        [
            (
                number,
                file.key.root_id.bytes,
                file.key.path,
                clean(file.display_path),
                file.code or ErrorCode.INTERNAL,
                clean(file.detail or ""),
                at,
            )
            for file in files.values()
            if file.outcome is Outcome.FAILED
        ],
    )


def _outcomes(db: sqlite3.Connection, number: int, rows: Iterable[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for chunk in file_rows.chunks(rows):
        query = (
            "SELECT file_id, outcome FROM job_items"  # noqa: S608  # marks only
            f" WHERE job_number = ? AND file_id IN ({file_rows.marks(len(chunk))})"
        )
        found.update(db.execute(query, (number, *chunk)).fetchall())
    return found


def put_folders(db: sqlite3.Connection, number: int, folders: Sequence[FolderCounts]) -> None:
    """A folder that is not whole yet counts no less than before, as after a restart."""
    where = "WHERE job_number = ? AND root_id = ? AND path = ?"
    changes: Counter[tuple[int, str]] = Counter()
    for one in folders:
        key = (number, one.root_id.bytes, one.path)
        query = f"SELECT unchanged, skipped FROM job_folders {where}"  # noqa: S608  # a constant
        row: tuple[int, int] | None = db.execute(query, key).fetchone()
        before = row or (0, 0)
        after = (one.unchanged, one.skipped)
        if not one.is_whole:
            after = (max(before[0], after[0]), max(before[1], after[1]))
        if after == before:
            continue
        db.execute(
            "INSERT OR REPLACE INTO job_folders (job_number, root_id, path, unchanged, skipped)"
            " VALUES (?, ?, ?, ?, ?)",
            (*key, *after),
        )
        changes[number, Outcome.UNCHANGED] += after[0] - before[0]
        changes[number, Outcome.SKIPPED] += after[1] - before[1]
    job_rows.count(db, changes)


def lose(db: sqlite3.Connection, collection_id: int, files: Mapping[int, FileKey]) -> None:
    """Rows of files are about to be deleted, and their numbers may be given again.

    What a job did with one stays counted. What it was still to do, or could not do, is no longer
    among its files.
    """
    marks = ", ".join("?" * len(FINAL))
    query = f"SELECT number FROM jobs WHERE collection_id = ? AND state NOT IN ({marks})"  # noqa: S608  # marks only
    changes: Counter[tuple[int, str]] = Counter()
    for (number,) in db.execute(query, (collection_id, *FINAL)).fetchall():
        met = _outcomes(db, number, files)
        failed = [files[row] for row, outcome in met.items() if outcome == Outcome.FAILED]
        changes[number, Outcome.PENDING] -= sum(one == Outcome.PENDING for one in met.values())
        changes[number, Outcome.FAILED] -= len(failed)
        _unlist(db, number, failed)
        db.executemany(
            "DELETE FROM job_items WHERE job_number = ? AND file_id = ?",
            [(number, row) for row in met],
        )
    job_rows.count(db, changes)


def _unlist(db: sqlite3.Connection, number: int, keys: Iterable[FileKey]) -> None:
    db.executemany(
        "DELETE FROM failures WHERE job_number = ? AND root_id = ? AND path = ?",
        [(number, key.root_id.bytes, key.path) for key in keys],
    )


def forget_some(db: sqlite3.Connection) -> bool:
    """Whether items of an ended job were left to be deleted: nobody asks for them again."""
    query = (
        "SELECT number FROM jobs j WHERE final_counts IS NOT NULL"
        " AND EXISTS (SELECT 1 FROM job_items WHERE job_number = j.number) LIMIT 1"
    )
    row: tuple[int] | None = db.execute(query).fetchone()
    if row is None:
        return False
    db.execute(
        "DELETE FROM job_items WHERE job_number = ?1 AND file_id IN"
        " (SELECT file_id FROM job_items WHERE job_number = ?1 LIMIT ?2)",
        (row[0], _ITEMS_A_STEP),
    )
    return True
