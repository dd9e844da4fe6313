"""The table of files: what is known of each, and what became of it in a job."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import (
    Row,
    clean,
    file_record,
    signed64,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import (
    collection_rows,
    file_rows,
    job_rows,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.artefacts import end_decoding
from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileRecord,
    Outcome,
    Verdict,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.files.records import (
    FileOutcome,
    FileStart,
    UnseenFile,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from utils.contract import ErrorCode

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


def prepare(db: sqlite3.Connection) -> None:
    """What `_FAIL_PENDING` needs of its connection."""
    db.create_function("display_text", 2, _display, deterministic=True)


def _display(root: bytes, path: bytes) -> str:
    return display_text(root.rstrip(b"/") + b"/" + path)


class FilesTable(Repository):
    """Implements `FileRepository`."""

    @reads
    def recall(
        self, db: sqlite3.Connection, collection_id: int, keys: Sequence[FileKey]
    ) -> dict[FileKey, FileRecord]:
        found = list(file_rows.found(db, file_rows.KNOWN, collection_id, keys))
        jobs = job_rows.ids(db, {row[1] for _, row in found})
        return {key: file_record(jobs[row[1]], row) for key, row in found}

    @writes
    def register(
        self, db: sqlite3.Connection, job_id: str, collection_id: int, files: Sequence[FileStart]
    ) -> None:
        now = self.database.clock()
        number = job_rows.open_number(db, job_id)
        latest = {file.key: file for file in files}  # sent twice: the last word counts
        known = _take_over(db, number, collection_id, latest)
        new = [_new(collection_id, number, one) for key, one in latest.items() if key not in known]
        db.executemany(_NEW, new)
        db.executemany(
            _TAKE, [(number, latest[key].outcome, rowid) for key, rowid in known.items()]
        )
        _list_failures(db, number, latest.values(), now)
        job_rows.touch(db, job_id, now)

    @writes
    def complete(
        self,
        db: sqlite3.Connection,
        job_id: str,
        collection_id: int,
        outcomes: Sequence[FileOutcome],
        *,
        synced_version: int | None,
        progress: SavedProgress,
    ) -> None:
        now = self.database.clock()
        number = job_rows.open_number(db, job_id)
        latest = {one.key: one for one in outcomes}
        rowids = _take_over(db, number, collection_id, latest)
        for key in latest.keys() - rowids.keys():  # hardly ever: what is completed was registered
            rowid = db.execute(_NEW, _new(collection_id, number, latest[key])).lastrowid
            assert rowid is not None
            rowids[key] = rowid
        at = now.isoformat()
        judged = [_judged(number, at, latest[key], rowid) for key, rowid in rowids.items()]
        db.executemany(_SETTLE, judged)
        _list_failures(db, number, latest.values(), now)
        # Only of points that were written: an older write may have left a failed file's point.
        written = [
            (collection_id, one.point_id.bytes) for one in latest.values() if _has_point(one)
        ]
        db.executemany("DELETE FROM intents WHERE collection_id = ? AND point_id = ?", written)
        end_decoding(db, collection_id, (one.point_id for one in latest.values()))
        if synced_version is not None:
            collection_rows.set_synced_version(db, collection_id, synced_version)
        job_rows.touch(db, job_id, now, progress=progress)

    @writes
    def fail_pending(
        self, db: sqlite3.Connection, job_id: str, code: ErrorCode, detail: str
    ) -> int:
        now = self.database.clock()
        number = job_rows.open_number(db, job_id)
        db.execute(_FAIL_PENDING, (code, clean(detail), now.isoformat(), number))
        failed = db.execute(
            "UPDATE files SET outcome = 'failed' WHERE job_number = ? AND outcome = 'pending'",
            (number,),
        ).rowcount
        job_rows.count(db, {(number, Outcome.PENDING): -failed, (number, Outcome.FAILED): failed})
        job_rows.touch(db, job_id, now)
        return failed

    @reads
    def seen_contents(
        self, db: sqlite3.Connection, job_id: str, *, after: int, limit: int
    ) -> list[tuple[int, bytes]]:
        query = (
            "SELECT rowid, sha256 FROM files WHERE rowid > ? AND job_number = ?"
            " AND sha256 IS NOT NULL AND stored_fingerprint IS NOT NULL"
            " AND outcome IN ('unchanged', 'cached', 'embedded')"
            " ORDER BY rowid LIMIT ?"
        )
        return db.execute(query, (after, job_rows.open_number(db, job_id), limit)).fetchall()

    @writes
    def delete_files(
        self,
        db: sqlite3.Connection,
        job_id: str,
        collection_id: int,
        files: Sequence[UnseenFile],
        *,
        synced_version: int,
    ) -> int:
        now = self.database.clock()
        job_rows.open_number(db, job_id)
        removed = 0
        changes: Counter[tuple[int, str]] = Counter()
        listed: list[tuple[int, bytes, bytes]] = []
        for file in files:
            where = (collection_id, file.key.root_id.bytes, file.key.path)
            row = db.execute(
                f"SELECT rowid, job_number, outcome, {file_rows.HAD_POINT} FROM files"  # noqa: S608  # constants
                " WHERE collection_id = ? AND root_id = ? AND path = ?",
                where,
            ).fetchone()
            if row is None:
                continue
            rowid, number, outcome, had_point = row
            removed += had_point
            changes[number, outcome] -= 1
            listed.append((number, *where[1:]))
            db.execute("DELETE FROM files WHERE rowid = ?", (rowid,))
        job_rows.count(db, changes)
        job_rows.unlist(db, listed)
        db.executemany(
            "DELETE FROM intents WHERE collection_id = ? AND point_id = ?",
            [(collection_id, file.point_id.bytes) for file in files],
        )
        collection_rows.set_synced_version(db, collection_id, synced_version)
        db.execute(
            "UPDATE jobs SET updated_at = ?, progress = json_set(progress, '$.removed',"
            " coalesce(json_extract(progress, '$.removed'), 0) + ?) WHERE id = ?",
            (now.isoformat(), removed, job_id),
        )
        return removed


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
    for key, (_, rowid, old_number, old_outcome) in file_rows.found(
        db, columns, collection_id, files
    ):
        known[key] = rowid
        changes[old_number, old_outcome] -= 1
        if old_outcome == Outcome.FAILED:
            listed.append((old_number, key.root_id.bytes, key.path))
    job_rows.count(db, changes)
    job_rows.unlist(db, listed)
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


def _has_point(file_outcome: FileOutcome) -> bool:
    return file_outcome.verdict is Verdict.STORED and file_outcome.stored_fingerprint is not None


def _judged(number: int, at: str, one: FileOutcome, rowid: int) -> Row:
    return (
        number,
        one.outcome,
        signed64(one.stat.size_bytes),
        signed64(one.stat.mtime_ns),
        signed64(one.stat.ctime_ns),
        one.mtime_trusted,
        one.verdict,
        one.code,
        None if one.detail is None else clean(one.detail),
        one.sha256,
        one.stored_fingerprint if one.verdict is Verdict.STORED else None,
        at,
        signed64(one.stat.sidecar_mark),
        rowid,
    )
