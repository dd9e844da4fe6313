"""The table of folders that are hidden or excluded."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import collection_rows
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    FolderPlace,
    Mark,
    MarkedFolder,
)

_PUT = """
INSERT INTO folder_marks (collection_id, root_id, path, mark, at, is_done)
VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
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
        return db.execute(f"DELETE FROM folder_marks WHERE {_ONE}", key).rowcount > 0  # noqa: S608  # a constant


def _marked(row: Row) -> MarkedFolder:
    root_id, path, mark, at, is_done = row
    place = FolderPlace(UUID(bytes=root_id), path)
    return MarkedFolder(place, Mark(mark), datetime.fromisoformat(at), is_done=is_done == 1)
