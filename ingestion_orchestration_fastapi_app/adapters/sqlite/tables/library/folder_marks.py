"""The table of folders that are hidden or excluded."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import (
    collection_rows,
    removed_rows,
)
from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.deletion import relative_range
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    FolderPlace,
    Mark,
    MarkedFolder,
    absolute_folder,
)
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion

_PUT = """
INSERT INTO folder_marks (collection_id, root_id, path, mark, at, is_done)
VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_FORGET_VERDICTS = """
DELETE FROM artefacts WHERE kind = 'picture' AND code = 'ERR_FOLDER_EXCLUDED' AND file_id IN (
    SELECT id FROM files WHERE collection_id = ? AND root_id = ?
    AND path > ? AND (path < ? OR ? IS NULL))
"""
_ONE = "collection_id = ? AND root_id = ? AND path = ? AND mark = ?"


def marks(db: sqlite3.Connection, collection_id: int) -> tuple[MarkedFolder, ...]:
    query = (
        "SELECT root_id, path, mark, at, is_done FROM folder_marks WHERE collection_id = ?"
        " ORDER BY root_id, path, mark"
    )
    return tuple(_marked(row) for row in db.execute(query, (collection_id,)).fetchall())


class FolderMarksTable(Repository):
    """Implements `FolderMarkRepository`."""

    @writes
    def put(
        self, db: sqlite3.Connection, collection_id: int, place: FolderPlace, mark: Mark
    ) -> MarkedFolder:
        collection_rows.check_there(db, collection_id)
        key = (collection_id, place.root_id.bytes, place.path, mark)
        db.execute(_PUT, (*key, self.database.clock().isoformat(), mark is Mark.HIDDEN))
        query = f"SELECT root_id, path, mark, at, is_done FROM folder_marks WHERE {_ONE}"  # noqa: S608  # a constant
        return _marked(db.execute(query, key).fetchone())

    @writes
    def take_back(
        self, db: sqlite3.Connection, collection_id: int, place: FolderPlace, mark: Mark
    ) -> bool:
        key = (collection_id, place.root_id.bytes, place.path, mark)
        deleted = db.execute(f"DELETE FROM folder_marks WHERE {_ONE}", key).rowcount  # noqa: S608  # a constant
        if mark is Mark.EXCLUDED:
            query = "SELECT root_id, path FROM roots WHERE collection_id = ?"
            rows = db.execute(query, (collection_id,)).fetchall()
            roots = [Root(UUID(bytes=root_id), path) for root_id, path in rows]
            folder = absolute_folder(place, roots)
            for root in roots if folder is not None else ():
                given = relative_range(root.path, folder or b"")
                if given is not None:
                    low, high = given
                    db.execute(_FORGET_VERDICTS, (collection_id, root.id.bytes, low, high, high))
        return deleted > 0

    @writes
    def exclude_points(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        point_ids: Sequence[UUID],
        *,
        synced: Sequence[SyncedVersion],
        reader_version: str,
    ) -> None:
        verdict = artefacts.excluded(reader_version=reader_version, now=self.database.clock())
        found: list[Row] = []
        for chunk in file_rows.chunks(point_ids):
            query = (
                "SELECT id FROM files WHERE collection_id = ?"  # noqa: S608  # marks only
                f" AND point_id IN ({file_rows.marks(len(chunk))})"
            )
            found += db.execute(query, (collection_id, *(one.bytes for one in chunk))).fetchall()
        verdicts = {row[0]: verdict for row in found}
        removed_rows.end(db, collection_id, point_ids, verdicts, synced=synced)

    @writes
    def end(self, db: sqlite3.Connection, collection_id: int, place: FolderPlace) -> None:
        key = (collection_id, place.root_id.bytes, place.path, Mark.EXCLUDED)
        db.execute(f"UPDATE folder_marks SET is_done = 1 WHERE {_ONE}", key)  # noqa: S608  # a constant


def _marked(row: Row) -> MarkedFolder:
    root_id, path, mark, at, is_done = row
    place = FolderPlace(UUID(bytes=root_id), path)
    return MarkedFolder(place, Mark(mark), datetime.fromisoformat(at), is_done=is_done == 1)
