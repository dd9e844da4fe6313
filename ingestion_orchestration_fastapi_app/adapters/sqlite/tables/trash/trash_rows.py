"""Rows of the trash, as several tables' statements need them. Blocking."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row, clean
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import artefact_rows, file_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue import entries
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, FileStat
from ingestion_orchestration_fastapi_app.domain.library.catalogue import moment_of
from ingestion_orchestration_fastapi_app.domain.library.words import Caption
from ingestion_orchestration_fastapi_app.domain.trash.encoding import (
    artefacts_of,
    artefacts_text,
    payload_text,
    point_of,
    vector_bytes,
)
from ingestion_orchestration_fastapi_app.domain.trash.trashed import (
    Removal,
    Trashed,
    TrashedFile,
)

COLUMNS = (
    "t.id, t.root_id, t.path, t.point_id, t.size_bytes, t.mtime_ns, t.ctime_ns, t.sidecar_mark,"
    " t.mtime_trusted, t.sha256, t.artefacts, t.added_at, t.caption, t.caption_fingerprint,"
    " t.job_number IS NULL"
)
_FILE = "size_bytes, mtime_ns, ctime_ns, sidecar_mark, mtime_trusted, sha256"
_INSERT = f"""
INSERT INTO trash (collection_id, point_id, root_id, path, job_number, removed_at, is_whole,
    {_FILE}, artefacts, added_at, caption, caption_fingerprint, kept_bytes)
VALUES (?, ?, ?, ?, ?, ?, 0, {file_rows.marks(6)}, ?, ?, ?, ?, ?)
"""  # noqa: S608  # constants
_UNKNOWN_FILE = (None, None, None, None, 0, 0, None)
_PUT_POINT = (
    "INSERT OR REPLACE INTO trash_points (trash_id, model, payload, vector) VALUES (?, ?, ?, ?)"
)
_MEASURE = """
UPDATE trash SET kept_bytes = length(artefacts) + length(path) + coalesce(length(caption), 0) + (
    SELECT coalesce(sum(length(payload) + length(vector)), 0) FROM trash_points
    WHERE trash_id = trash.id)
WHERE id = ?
"""


def put(
    db: sqlite3.Connection,
    collection_id: int,
    removals: Sequence[Removal],
    *,
    job_number: int | None,
    at: str,
) -> None:
    keys = [one.key for one in removals]
    files = {key: row[1:] for key, row in file_rows.found(db, f"id, {_FILE}", collection_id, keys)}
    made = artefact_rows.of_files(db, (row[0] for row in files.values()))
    added = entries.added_at(db, collection_id, [one.point_id for one in removals])
    for one in removals:
        row = files.get(one.key, _UNKNOWN_FILE)
        artefacts = made.get(row[0], [])
        of_points = {
            model: (payload_text(point), vector_bytes(point)) for model, point in one.points.items()
        }
        said = _said(one.caption)
        number = _cut_off(db, collection_id, one, content=row[6])
        is_new = number is None
        if is_new:
            made_text = artefacts_text(artefacts)
            texts = (made_text, one.key.path, said[0] or "", *chain(*of_points.values()))
            given = (collection_id, one.point_id.bytes, one.key.root_id.bytes, one.key.path)
            of_file = (*row[1:], made_text, added.get(one.point_id))
            new = (*given, job_number, at, *of_file, *said, sum(map(len, texts)))
            number = db.execute(_INSERT, new).lastrowid
        db.executemany(_PUT_POINT, [(number, model, *row) for model, row in of_points.items()])
        if not is_new:
            _said_again(db, number, said)
            db.execute(_MEASURE, (number,))


def _said(caption: Caption | None) -> tuple[str | None, str | None]:
    return (None, None) if caption is None else (clean(caption.text), caption.fingerprint)


def _cut_off(
    db: sqlite3.Connection, collection_id: int, one: Removal, *, content: bytes | None
) -> int | None:
    """The row of this removal, if it was cut off: what was read then may be in no table any more.
    A row of another removal goes.
    """
    where = (collection_id, one.point_id.bytes)
    query = "SELECT id, is_whole, sha256 FROM trash WHERE collection_id = ? AND point_id = ?"
    row: Row | None = db.execute(query, where).fetchone()
    if row is None:
        return None
    if not row[1] and row[2] == content:
        return int(row[0])
    db.execute("DELETE FROM trash WHERE id = ?", row[:1])
    return None


def _said_again(
    db: sqlite3.Connection, number: int | None, said: tuple[str | None, str | None]
) -> None:
    """Words may have gone by then, too."""
    if said[0] is not None:
        query = "UPDATE trash SET caption = ?, caption_fingerprint = ? WHERE id = ?"
        db.execute(query, (*said, number))


def end_removal(
    db: sqlite3.Connection,
    collection_id: int,
    point_ids: Iterable[UUID],
    *,
    job_number: int | None,
) -> None:
    """In the transaction that ends it: from now on they may come back. Whoever ends it has removed
    them, also what somebody else began.
    """
    db.executemany(
        "UPDATE trash SET is_whole = 1, job_number = ?"
        " WHERE collection_id = ? AND point_id = ? AND NOT is_whole",
        [(job_number, collection_id, one.bytes) for one in point_ids],
    )


def trashed(db: sqlite3.Connection, row: Row) -> Trashed:
    """`row` in the order of `COLUMNS`."""
    number, root_id, path, point_id = row[:4]
    size_bytes, mtime_ns, ctime_ns, sidecar_mark, mtime_trusted, sha256 = row[4:10]
    artefacts, added_at, caption, caption_fingerprint, is_forgotten = row[10:]
    root, point = UUID(bytes=root_id), UUID(bytes=point_id)
    query = "SELECT model, payload, vector FROM trash_points WHERE trash_id = ? ORDER BY model"
    return Trashed(
        number=number,
        key=FileKey(root, path),
        point_id=point,
        file=TrashedFile(
            None if size_bytes is None else FileStat(size_bytes, mtime_ns, ctime_ns, sidecar_mark),
            mtime_trusted == 1,
            sha256,
            artefacts_of(artefacts),
            None if added_at is None else moment_of(added_at),
        ),
        points={
            model: point_of(point, root, payload, vector)
            for model, payload, vector in db.execute(query, (number,))
        },
        caption=None if caption is None else Caption(caption, caption_fingerprint),
        is_forgotten=is_forgotten == 1,
    )
