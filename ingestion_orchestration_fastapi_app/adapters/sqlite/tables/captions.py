"""Captions among the artefacts of files."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows

_FORGET = """
DELETE FROM artefacts WHERE kind = 'caption' AND state = 'stored' AND file_id IN (
    SELECT id FROM files WHERE collection_id = ? AND point_id = ?)
"""

# By the rows of files, one after another: each look at what was made of them is then a near one.
# In the order of points it took twelve times as long at 1,000,000 files.
_CAPTIONED = """
SELECT f.point_id FROM files f NOT INDEXED WHERE f.collection_id = ? AND {} (
    SELECT 1 FROM artefacts a
    WHERE a.file_id = f.id AND a.kind = 'caption' AND a.state IN ('stored', 'stale'))
LIMIT ?
"""


class CaptionsTable(Repository):
    """Implements `CaptionRepository`."""

    @reads
    def captioners(
        self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]
    ) -> dict[UUID, str]:
        found: dict[UUID, str] = {}
        for chunk in file_rows.chunks(point_ids):
            query = (
                "SELECT f.point_id, a.model FROM files f JOIN artefacts a ON a.file_id = f.id"  # noqa: S608  # marks only
                " WHERE a.kind = 'caption' AND a.state = 'stored' AND f.collection_id = ?"
                f" AND f.point_id IN ({file_rows.marks(len(chunk))})"
            )
            rows = db.execute(query, (collection_id, *(one.bytes for one in chunk)))
            found.update((UUID(bytes=point), model) for point, model in rows)
        return found

    @reads
    def captioned(
        self, db: sqlite3.Connection, collection_id: int, *, has: bool, limit: int
    ) -> list[UUID]:
        query = _CAPTIONED.format("EXISTS" if has else "NOT EXISTS")
        return [UUID(bytes=point) for (point,) in db.execute(query, (collection_id, limit))]

    @writes
    def forget(self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]) -> None:
        db.executemany(_FORGET, [(collection_id, one.bytes) for one in point_ids])
