"""The table of files: what is known of each, and what became of it in a job."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import islice
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import (
    Row,
    clean,
    file_record,
    signed64,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import (
    artefact_rows,
    file_rows,
    job_items,
    job_rows,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue import (
    entries,
    placeholders,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import collection_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.trash import trash_rows
from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileRecord,
    Outcome,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, is_within
from ingestion_orchestration_fastapi_app.domain.files.records import (
    FileOutcome,
    FileStart,
    FolderCounts,
    UnseenFile,
    artefacts_after,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.domain.library.picture import Placeholder
from utils.contract import ErrorCode

_NEW = "INSERT INTO files (collection_id, root_id, path, point_id) VALUES (?, ?, ?, ?)"
_COMPLETE = """
UPDATE files SET size_bytes = ?, mtime_ns = ?, ctime_ns = ?, sidecar_mark = ?, mtime_trusted = ?,
    sha256 = ?
WHERE id = ?
"""
_FAIL_PENDING = """
INSERT OR REPLACE INTO failures (job_number, root_id, path, display_path, code, detail, at)
SELECT i.job_number, f.root_id, f.path, display_text(coalesce(r.path, x''), f.path), ?, ?, ?
FROM job_items i JOIN files f ON f.id = i.file_id
LEFT JOIN roots r ON r.collection_id = f.collection_id AND r.root_id = f.root_id
WHERE i.job_number = ? AND i.outcome = 'pending'
"""
_STALE = """
SELECT f.point_id FROM files f
CROSS JOIN artefacts a ON a.file_id = f.id AND a.kind = 'vector' AND a.model = ?
WHERE f.collection_id = ? AND f.point_id IN ({marks}) AND a.state = 'stale'
"""

_MOST_COPIES = 8


def prepare(db: sqlite3.Connection) -> None:
    """What `_FAIL_PENDING` needs of its connection."""
    db.create_function("display_text", 2, _display, deterministic=True)


def _display(root: bytes, path: bytes) -> str:
    return display_text(root.rstrip(b"/") + b"/" + path)


class FilesTable(Repository):
    """Implements `FileRepository`."""

    @reads
    def recall(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        keys: Sequence[FileKey],
        *,
        job_id: str | None = None,
    ) -> dict[FileKey, FileRecord]:
        if job_id is None:
            return _known(db, collection_id, keys)
        outcome = file_rows.OUTCOME.format(number=job_rows.open_number(db, job_id))
        return _known(db, collection_id, keys, outcome=outcome)

    @writes
    def register(
        self,
        db: sqlite3.Connection,
        job_id: str,
        collection_id: int,
        files: Sequence[FileStart],
        folders: Sequence[FolderCounts] = (),
    ) -> list[int]:
        now = self.database.clock()
        number = job_rows.open_number(db, job_id)
        latest = {file.key: file for file in files}  # sent twice: the last word counts
        rows = {key: row[1] for key, row in file_rows.found(db, "id", collection_id, latest)}
        rows |= _new_rows(db, collection_id, latest, rows)
        job_items.put(db, number, {row: latest[key] for key, row in rows.items()}, now)
        job_items.put_folders(db, number, folders)
        job_rows.touch(db, job_id, now)
        return [rows[key] for key in latest]

    @writes
    def complete(
        self,
        db: sqlite3.Connection,
        job_id: str,
        collection_id: int,
        outcomes: Sequence[FileOutcome],
        *,
        synced: SyncedVersion | None,
        progress: SavedProgress,
        reader_version: str,
    ) -> None:
        now = self.database.clock()
        number = job_rows.open_number(db, job_id)
        latest = {one.key: one for one in outcomes}
        known = _known(db, collection_id, latest)
        ends = {record.row: latest[key] for key, record in known.items()}
        new = _new_rows(db, collection_id, latest, known)
        ends |= {row: latest[key] for key, row in new.items()}
        db.executemany(_COMPLETE, [_judged(one, row) for row, one in ends.items()])
        records = {record.row: record for record in known.values()}
        changes = artefact_rows.Changes()
        written: defaultdict[str, list[UUID]] = defaultdict(list)
        for row, one in ends.items():
            record = records.get(row)
            after = artefacts_after(record, one, reader_version=reader_version, now=now)
            changes.add(row, () if record is None else record.artefacts, after)
            for made in one.points:
                written[made.model].append(one.point_id)
        changes.write(db)
        shown = [(one.key, one.catalogued) for one in ends.values() if one.catalogued is not None]
        added = {one.point_id: one.added_at or now for one in ends.values()}
        entries.put(db, collection_id, shown, added_at=lambda ids: {one: added[one] for one in ids})
        drawn = {
            one.catalogued.id: Placeholder(one.catalogued.picture_key, one.placeholder)
            for one in ends.values()
            if one.catalogued is not None and one.placeholder is not None
        }
        placeholders.put(db, collection_id, drawn)
        job_items.put(db, number, ends, now)
        # Only of points that were written: an older write may have left a failed file's point.
        for model, point_ids in written.items():
            artefact_rows.end_intents(db, collection_id, point_ids, model=model)
        artefact_rows.end_decoding(db, collection_id, (one.point_id for one in latest.values()))
        if synced is not None:
            collection_rows.set_synced_version(db, synced)
        job_rows.touch(db, job_id, now, progress=progress)

    @writes
    def fail_pending(
        self, db: sqlite3.Connection, job_id: str, code: ErrorCode, detail: str
    ) -> int:
        now = self.database.clock()
        number = job_rows.open_number(db, job_id)
        db.execute(_FAIL_PENDING, (code, clean(detail), now.isoformat(), number))
        failed = db.execute(
            "UPDATE job_items SET outcome = 'failed' WHERE job_number = ? AND outcome = 'pending'",
            (number,),
        ).rowcount
        job_rows.count(db, {(number, Outcome.PENDING): -failed, (number, Outcome.FAILED): failed})
        job_rows.touch(db, job_id, now)
        return failed

    @reads
    def seen_contents(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        *,
        seen: Container[int],
        after: int,
        limit: int,
    ) -> list[tuple[int, bytes]]:
        query = (  # by row: an index on the collection would be sorted whole for each page
            "SELECT id, sha256 FROM files WHERE id > ? AND +collection_id = ?"
            " AND sha256 IS NOT NULL AND EXISTS (SELECT 1 FROM artefacts a"
            " WHERE a.file_id = files.id AND a.kind = 'vector' AND a.state = 'stored')"
            " ORDER BY id"
        )
        rows = db.execute(query, (after, collection_id))
        return list(islice((row for row in rows if row[0] in seen), limit))

    @reads
    def with_content(
        self, db: sqlite3.Connection, collection_id: int, sha256: bytes, *, within: bytes
    ) -> list[bytes]:
        rows = db.execute(
            "SELECT r.path, f.path FROM files f JOIN roots r"
            " ON r.collection_id = f.collection_id AND r.root_id = f.root_id"
            " WHERE f.collection_id = ? AND f.sha256 = ? ORDER BY f.id",
            (collection_id, sha256),
        )
        paths = (root.rstrip(b"/") + b"/" + path for root, path in rows)
        return list(islice((path for path in paths if is_within(path, within)), _MOST_COPIES))

    @reads
    def stale(
        self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID], *, model: str
    ) -> set[UUID]:
        found: set[UUID] = set()
        for chunk in file_rows.chunks(point_ids):
            query = _STALE.format(marks=file_rows.marks(len(chunk)))
            rows = db.execute(query, (model, collection_id, *(one.bytes for one in chunk)))
            found.update(UUID(bytes=one) for (one,) in rows)
        return found

    @writes
    def delete_files(
        self,
        db: sqlite3.Connection,
        job_id: str,
        collection_id: int,
        files: Sequence[UnseenFile],
        *,
        synced: Sequence[SyncedVersion],
    ) -> int:
        now = self.database.clock()
        number = job_rows.open_number(db, job_id)
        had_point = {file.key: file.had_point for file in files}
        found = {row[1]: key for key, row in file_rows.found(db, "id", collection_id, had_point)}
        removed = sum(had_point[key] for key in found.values())
        job_items.lose(db, collection_id, found)
        db.executemany("DELETE FROM files WHERE id = ?", [(row,) for row in found])
        ids = [file.point_id for file in files]
        trash_rows.end_removal(db, collection_id, ids, job_number=number)
        for one in synced:
            artefact_rows.end_intents_of(db, one.generation_id, ids)
            collection_rows.set_synced_version(db, one)
        db.execute(
            "UPDATE jobs SET updated_at = ?, progress = json_set(progress, '$.removed',"
            " coalesce(json_extract(progress, '$.removed'), 0) + ?) WHERE id = ?",
            (now.isoformat(), removed, job_id),
        )
        return removed


def _known(
    db: sqlite3.Connection, collection_id: int, keys: Iterable[FileKey], *, outcome: str = "NULL"
) -> dict[FileKey, FileRecord]:
    columns = file_rows.KNOWN.format(outcome=outcome)
    found = list(file_rows.found(db, columns, collection_id, keys))
    judged = (row[1] for _, row in found if row[3] is not None)  # nothing was made of the others
    made = artefact_rows.of_files(db, judged)
    return {key: file_record(row, made.get(row[1], ())) for key, row in found}


def _new_rows(
    db: sqlite3.Connection,
    collection_id: int,
    files: Mapping[FileKey, FileStart | FileOutcome],
    known: Container[FileKey],
) -> dict[FileKey, int]:
    """Rows made for the files that have none."""
    rows: dict[FileKey, int] = {}
    for key, file in files.items():
        if key not in known:
            new = (collection_id, key.root_id.bytes, key.path, file.point_id.bytes)
            row = db.execute(_NEW, new).lastrowid
            assert row is not None
            rows[key] = row
    return rows


def _judged(one: FileOutcome, row: int) -> Row:
    return (
        signed64(one.stat.size_bytes),
        signed64(one.stat.mtime_ns),
        signed64(one.stat.ctime_ns),
        signed64(one.stat.sidecar_mark),
        one.mtime_trusted,
        one.sha256,
        row,
    )
