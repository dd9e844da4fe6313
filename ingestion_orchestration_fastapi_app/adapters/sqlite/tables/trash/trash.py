"""The tables of what was removed, and how it comes back."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import moment, signed64
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import (
    artefact_rows,
    file_rows,
    job_rows,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue import entries
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import (
    collection_rows,
    forgotten,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.trash import trash_rows
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.trash.trashed import (
    OfJob,
    OfPoints,
    Removal,
    Restored,
    RestoredGroup,
    Trashed,
    TrashSize,
    Which,
)

_DROPPED_AT_ONCE = 1024  # where there is no room
_BEGUN = "INSERT OR IGNORE INTO files (collection_id, root_id, path, point_id) VALUES (?, ?, ?, ?)"
# Who was to write it, and counts it, is remembered as before.
_MAY_EXIST = """
INSERT INTO intents (generation_id, point_id) VALUES (?, ?)
ON CONFLICT DO UPDATE SET job_number = NULL, outcome = NULL WHERE outcome = 'removed'
"""
_BACK = """
UPDATE files SET size_bytes = ?, mtime_ns = ?, ctime_ns = ?, sidecar_mark = ?, mtime_trusted = ?,
    sha256 = ?
WHERE id = ?
"""
_OLDEST_OF = """
SELECT removed_at FROM trash INDEXED BY trash_by_collection WHERE collection_id = ?
ORDER BY id {order} LIMIT 1
"""


class TrashTable(Repository):
    """Implements `TrashRepository`."""

    @writes
    def put(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        removals: Sequence[Removal],
        *,
        job_id: str | None,
        limit_bytes: int,
    ) -> None:
        collection_rows.check_there(db, collection_id)
        number = None if job_id is None else job_rows.open_number(db, job_id)
        at = self.database.clock().isoformat()
        trash_rows.put(db, collection_id, removals, job_number=number, at=at)
        while _drop_beyond(db, limit_bytes, at_most=_DROPPED_AT_ONCE):
            pass

    @reads
    def page(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        which: Which,
        *,
        after: int,
        limit: int,
    ) -> list[Trashed]:
        where, given = _condition(collection_id, which)
        query = (
            f"SELECT {trash_rows.COLUMNS} FROM trash t WHERE {where}"  # noqa: S608  # constants and marks
            " AND t.is_whole AND t.id > ? ORDER BY t.id LIMIT ?"
        )
        rows = db.execute(query, (*given, after, limit)).fetchall()
        return [trash_rows.trashed(db, row) for row in rows]

    @writes
    def begin_restore(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        files: Sequence[tuple[FileKey, UUID]],
        points: Mapping[int, Collection[UUID]],
    ) -> None:
        collection_rows.check_there(db, collection_id)
        db.executemany(
            _BEGUN,
            [(collection_id, key.root_id.bytes, key.path, one.bytes) for key, one in files],
        )
        for generation_id, ids in points.items():
            db.executemany(_MAY_EXIST, [(generation_id, one.bytes) for one in ids])

    @writes
    def restore(self, db: sqlite3.Connection, collection_id: int, group: RestoredGroup) -> None:
        now = self.database.clock()
        for sha256 in group.taken_back:
            forgotten.take_back(db, collection_id, sha256)
        _put_files(db, collection_id, group.restored)
        added = {one.point_id: one.file.added_at or now for one in group.restored}
        shown = [(one.key, one.shown) for one in group.restored if one.shown is not None]
        entries.put(db, collection_id, shown, added_at=lambda ids: {one: added[one] for one in ids})
        for synced in group.synced:
            ids = [one.point_id for one in group.restored]
            artefact_rows.end_intents_of(db, synced.generation_id, ids)
            collection_rows.set_synced_version(db, synced)
        numbers = [one.number for one in group.restored]
        db.executemany(
            "DELETE FROM trash WHERE id = ?", [(one,) for one in (*numbers, *group.emptied)]
        )
        if group.account is not None:
            job_id, checkpoint, progress = group.account
            job_rows.open_number(db, job_id)
            job_rows.save_checkpoint(db, job_id, checkpoint)
            job_rows.touch(db, job_id, now, progress=progress)

    @reads
    def count_of_job(self, db: sqlite3.Connection, job_id: str, *, after: int = 0) -> int:
        query = (
            "SELECT count(*) FROM trash WHERE is_whole AND id > ? AND job_number ="
            " (SELECT number FROM jobs WHERE id = ?)"
        )
        return int(db.execute(query, (after, job_id)).fetchone()[0])

    @reads
    def size(self, db: sqlite3.Connection, collection_id: int) -> TrashSize:
        query = "SELECT points, kept_bytes FROM trash_sizes WHERE collection_id = ?"
        row: tuple[int, int] | None = db.execute(query, (collection_id,)).fetchone()
        if row is None or not row[0]:
            return TrashSize()
        found = (
            db.execute(_OLDEST_OF.format(order=one), (collection_id,)).fetchone()
            for one in ("ASC", "DESC")
        )
        oldest_at, newest_at = (moment(one[0]) for one in found)
        return TrashSize(row[0], row[1], oldest_at, newest_at)

    @writes
    def trim(
        self, db: sqlite3.Connection, *, before: datetime, limit_bytes: int, at_most: int
    ) -> int:
        gone = _drop_of_deleted(db, at_most=at_most)
        gone += db.execute(
            "DELETE FROM trash WHERE id IN"
            " (SELECT id FROM trash WHERE removed_at < ? ORDER BY removed_at LIMIT ?)",
            (before.isoformat(), at_most - gone),
        ).rowcount
        return gone + _drop_beyond(db, limit_bytes, at_most=at_most - gone)

    @writes
    def empty(self, db: sqlite3.Connection, collection_id: int, *, at_most: int) -> int:
        db.execute("PRAGMA secure_delete = ON")
        try:
            return db.execute(
                "DELETE FROM trash WHERE id IN"
                " (SELECT id FROM trash WHERE collection_id = ? LIMIT ?)",
                (collection_id, at_most),
            ).rowcount
        finally:
            db.execute("PRAGMA secure_delete = OFF")


def _condition(collection_id: int, which: Which) -> tuple[str, Sequence[object]]:
    if isinstance(which, OfJob):  # by the job's own index
        number = "t.job_number = (SELECT number FROM jobs WHERE id = ?)"
        return f"+t.collection_id = ? AND {number}", [collection_id, which.job_id]
    if isinstance(which, OfPoints):
        ids = [one.bytes for one in which.ids]
        marks = file_rows.marks(len(ids))
        return f"t.collection_id = ? AND t.point_id IN ({marks})", [collection_id, *ids]
    marks = file_rows.marks(len(which.hashes))
    contents = f"t.job_number IS NULL AND t.sha256 IN ({marks})"
    return f"t.collection_id = ? AND {contents}", [collection_id, *which.hashes]


def _put_files(db: sqlite3.Connection, collection_id: int, restored: Sequence[Restored]) -> None:
    by_key: Mapping[FileKey, Restored] = {one.key: one for one in restored}
    rows = {key: row[1] for key, row in file_rows.found(db, "id", collection_id, by_key)}
    before = artefact_rows.of_files(db, rows.values())
    changes = artefact_rows.Changes()
    for key, row in rows.items():
        file = by_key[key].file
        stat = file.stat
        of_file = (
            (None, None, None, 0)
            if stat is None
            else (
                signed64(stat.size_bytes),
                signed64(stat.mtime_ns),
                signed64(stat.ctime_ns),
                signed64(stat.sidecar_mark),
            )
        )
        db.execute(_BACK, (*of_file, file.mtime_trusted, file.sha256, row))
        changes.add(row, before.get(row, []), file.artefacts)
    changes.write(db)


def _drop_of_deleted(db: sqlite3.Connection, *, at_most: int) -> int:
    """What nobody can ask for: its collection was deleted."""
    db.execute(
        "DELETE FROM trash_sizes WHERE points = 0"
        " AND collection_id NOT IN (SELECT id FROM collections)"
    )
    return db.execute(
        "DELETE FROM trash WHERE id IN (SELECT t.id FROM trash_sizes s"
        " JOIN trash t ON t.collection_id = s.collection_id"
        " WHERE s.collection_id NOT IN (SELECT id FROM collections) LIMIT ?)",
        (at_most,),
    ).rowcount


def _drop_beyond(db: sqlite3.Connection, limit_bytes: int, *, at_most: int) -> int:
    """What was removed first, as long as all is more than the limit. What is being removed stays:
    it would be in no place.
    """
    query = "SELECT coalesce(sum(kept_bytes), 0) FROM trash_sizes"
    beyond: int = db.execute(query).fetchone()[0] - limit_bytes
    numbers: list[tuple[int]] = []
    if beyond > 0:
        rows = db.execute("SELECT id, kept_bytes FROM trash WHERE is_whole ORDER BY id")
        for number, kept_bytes in rows:
            if beyond <= 0 or len(numbers) >= at_most:
                break
            numbers.append((number,))
            beyond -= kept_bytes
        rows.close()
    db.executemany("DELETE FROM trash WHERE id = ?", numbers)
    return len(numbers)
