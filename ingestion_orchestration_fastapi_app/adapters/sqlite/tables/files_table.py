"""Statements on files and on intents: recall, enrol, settle. Blocking."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby, islice
from typing import TypeVar
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import (
    Row,
    clean,
    file_record,
    signed64,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import (
    collections_table,
    decode_starts,
    jobs_table,
)
from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileRecord,
    Outcome,
    Verdict,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome, FileStart
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from utils.contract import ErrorCode

KNOWN = """job_number, outcome, size_bytes, mtime_ns, ctime_ns, settled, verdict, code, detail,
    sha256, stored_fingerprint, stale, sidecar_mark"""
_VARIABLES = 4096  # in one statement; SQLite before 3.32 ends at 999, all since at 32,766

_NEW = """
INSERT INTO files (collection_id, root_id, path, point_id, job_number, outcome)
VALUES (?, ?, ?, ?, ?, ?)
"""
_TAKE = "UPDATE files SET job_number = ?, outcome = ? WHERE rowid = ?"
_SETTLE = """
UPDATE files SET
    job_number = ?1, outcome = ?2, size_bytes = ?3, mtime_ns = ?4, ctime_ns = ?5, settled = ?6,
    verdict = ?7, code = ?8, detail = ?9, sha256 = ?10, judged_at = ?12,
    stored_fingerprint = coalesce(?11, stored_fingerprint),
    stale = ?7 <> 'stored' AND stored_fingerprint IS NOT NULL, sidecar_mark = ?13
WHERE rowid = ?14
"""
_FAIL = """
INSERT OR REPLACE INTO failures (job_number, root_id, path, display_path, code, detail, at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_FAIL_PENDING = """
INSERT OR REPLACE INTO failures (job_number, root_id, path, display_path, code, detail, at)
SELECT f.job_number, f.root_id, f.path, display_text(coalesce(r.path, x''), f.path), ?, ?, ?
FROM files f LEFT JOIN roots r ON r.collection_id = f.collection_id AND r.root_id = f.root_id
WHERE f.job_number = ? AND f.outcome = 'pending'
"""

T = TypeVar("T")


def prepare(db: sqlite3.Connection) -> None:
    """What `_FAIL_PENDING` needs of its connection."""
    db.create_function("display_text", 2, _display, deterministic=True)


def _display(root: bytes, path: bytes) -> str:
    return display_text(root.rstrip(b"/") + b"/" + path)


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, _VARIABLES)):
        yield chunk


def _found(
    db: sqlite3.Connection, columns: str, collection_id: int, keys: Iterable[FileKey]
) -> Iterator[tuple[FileKey, Row]]:
    """The rows there are, each with its path before the `columns`."""
    for root_id, group in groupby(keys, key=lambda key: key.root_id):  # as a scan comes by them
        for chunk in _chunks(group):
            by_path = {key.path: key for key in chunk}
            rows = db.execute(
                f"SELECT path, {columns} FROM files"  # noqa: S608  # constants and marks
                f" WHERE collection_id = ? AND root_id = ? AND path IN ({_marks(len(by_path))})",
                (collection_id, root_id.bytes, *by_path),
            )
            for row in rows:
                yield by_path[row[0]], row


def _marks(count: int) -> str:
    return ",".join("?" * count)


def recall(
    db: sqlite3.Connection, collection_id: int, keys: Sequence[FileKey]
) -> dict[FileKey, FileRecord]:
    found = list(_found(db, KNOWN, collection_id, keys))
    jobs = jobs_table.ids(db, {row[1] for _, row in found})
    return {key: file_record(jobs[row[1]], row) for key, row in found}


def enrol(
    db: sqlite3.Connection,
    job_id: str,
    collection_id: int,
    files: Sequence[FileStart],
    now: datetime,
) -> None:
    number = jobs_table.open_number(db, job_id)
    latest = {file.key: file for file in files}  # sent twice: the last word counts
    known = _take_over(db, number, collection_id, latest)
    new = [_new(collection_id, number, one) for key, one in latest.items() if key not in known]
    db.executemany(_NEW, new)
    db.executemany(_TAKE, [(number, latest[key].outcome, rowid) for key, rowid in known.items()])
    _list_failures(db, number, latest.values(), now)
    jobs_table.touch(db, job_id, now)


def _new(collection_id: int, number: int, file: FileStart | FileOutcome) -> Row:
    key = file.key
    return collection_id, key.root_id.bytes, key.path, file.point_id.bytes, number, file.outcome


def _take_over(
    db: sqlite3.Connection,
    number: int,
    collection_id: int,
    files: Mapping[FileKey, FileStart | FileOutcome],
) -> dict[FileKey, int]:
    """Moves the counts of all jobs concerned, and unlists the failures that end now.

    Returns the row ids of the files that have a row already; what is in it is not changed.
    """
    known: dict[FileKey, int] = {}
    changes: Counter[tuple[int, str]] = Counter()
    listed: list[tuple[int, bytes, bytes]] = []
    for outcome, new in Counter(file.outcome for file in files.values()).items():
        changes[number, outcome] = new
    columns = "rowid, job_number, outcome"
    for key, (_, rowid, old_number, old_outcome) in _found(db, columns, collection_id, files):
        known[key] = rowid
        changes[old_number, old_outcome] -= 1
        if old_outcome == Outcome.FAILED:
            listed.append((old_number, key.root_id.bytes, key.path))
    jobs_table.count(db, changes)
    jobs_table.unlist(db, listed)
    return known


def _list_failures(
    db: sqlite3.Connection, number: int, files: Iterable[FileStart | FileOutcome], now: datetime
) -> None:
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
            for file in files
            if file.outcome is Outcome.FAILED
        ],
    )


def settle(
    db: sqlite3.Connection,
    job_id: str,
    collection_id: int,
    settlements: Sequence[FileOutcome],
    *,
    synced_version: int | None,
    progress: SavedProgress,
    now: datetime,
) -> None:
    number = jobs_table.open_number(db, job_id)
    latest = {one.key: one for one in settlements}
    rowids = _take_over(db, number, collection_id, latest)
    for key in latest.keys() - rowids.keys():  # hardly ever: what is settled was enrolled
        rowid = db.execute(_NEW, _new(collection_id, number, latest[key])).lastrowid
        assert rowid is not None
        rowids[key] = rowid
    at = now.isoformat()
    judged = [_judged(number, at, latest[key], rowid) for key, rowid in rowids.items()]
    db.executemany(_SETTLE, judged)
    _list_failures(db, number, latest.values(), now)
    # Only of points that were written: an older write may still have left a failed file's point.
    written = [(collection_id, one.point_id.bytes) for one in latest.values() if _has_point(one)]
    db.executemany("DELETE FROM intents WHERE collection_id = ? AND point_id = ?", written)
    decode_starts.end(db, collection_id, (one.point_id for one in latest.values()))
    if synced_version is not None:
        collections_table.set_synced_version(db, collection_id, synced_version)
    jobs_table.touch(db, job_id, now, progress=progress)


def _has_point(file_outcome: FileOutcome) -> bool:
    return file_outcome.verdict is Verdict.STORED and file_outcome.stored_fingerprint is not None


def _judged(number: int, at: str, one: FileOutcome, rowid: int) -> Row:
    return (
        number,
        one.outcome,
        signed64(one.stat.size_bytes),
        signed64(one.stat.mtime_ns),
        signed64(one.stat.ctime_ns),
        one.settled,
        one.verdict,
        one.code,
        None if one.detail is None else clean(one.detail),
        one.sha256,
        one.stored_fingerprint if one.verdict is Verdict.STORED else None,
        at,
        signed64(one.stat.sidecar_mark),
        rowid,
    )


def fail_pending(
    db: sqlite3.Connection, job_id: str, code: ErrorCode, detail: str, now: datetime
) -> int:
    number = jobs_table.open_number(db, job_id)
    db.execute(_FAIL_PENDING, (code, clean(detail), now.isoformat(), number))
    failed = db.execute(
        "UPDATE files SET outcome = 'failed' WHERE job_number = ? AND outcome = 'pending'",
        (number,),
    ).rowcount
    jobs_table.count(db, {(number, Outcome.PENDING): -failed, (number, Outcome.FAILED): failed})
    jobs_table.touch(db, job_id, now)
    return failed


def intend(
    db: sqlite3.Connection, job_id: str, collection_id: int, outcomes: Mapping[UUID, Outcome]
) -> None:
    number = jobs_table.open_number(db, job_id)
    db.executemany(
        "INSERT OR REPLACE INTO intents (collection_id, point_id, job_number, outcome)"
        " VALUES (?, ?, ?, ?)",
        [
            (collection_id, point_id.bytes, number, outcome)
            for point_id, outcome in outcomes.items()
        ],
    )


def intended(db: sqlite3.Connection, job_id: str) -> dict[UUID, Outcome]:
    """What the job was going to count for points of writes that were never settled."""
    query = "SELECT point_id, outcome FROM intents WHERE job_number = ?"
    rows = db.execute(query, (jobs_table.open_number(db, job_id),))
    return {UUID(bytes=point_id): Outcome(outcome) for point_id, outcome in rows}


def may_exist(db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
    """Those of points believed stored, or of writes that were never settled."""
    found: set[UUID] = set()
    for chunk in _chunks(point_ids):
        marks = _marks(len(chunk))
        given = (collection_id, *(point_id.bytes for point_id in chunk))
        for query in (
            f"SELECT point_id FROM intents WHERE collection_id = ? AND point_id IN ({marks})",  # noqa: S608  # marks only
            f"SELECT point_id FROM files WHERE collection_id = ? AND point_id IN ({marks})"  # noqa: S608  # marks only
            " AND stored_fingerprint IS NOT NULL",
        ):
            found.update(UUID(bytes=row[0]) for row in db.execute(query, given))
    return found
