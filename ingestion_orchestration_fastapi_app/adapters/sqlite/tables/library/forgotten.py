"""The table of forgotten images, and what it says of files."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import clean
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import artefact_rows, file_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import (
    collection_rows,
    removed_rows,
)
from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.forgotten import ForgottenImage
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion

_BEGIN = """
INSERT INTO forgotten_images (collection_id, sha256, name, at, is_done) VALUES (?, ?, ?, ?, 0)
ON CONFLICT (collection_id, sha256) DO UPDATE SET is_done = 0
"""
_PENDING_POINTS = f"""
SELECT f.point_id FROM forgotten_images i
JOIN files f ON f.collection_id = i.collection_id AND f.sha256 = i.sha256
WHERE i.collection_id = ? AND NOT i.is_done AND NOT {artefact_rows.IS_FORGOTTEN} LIMIT ?
"""  # noqa: S608  # a constant
_OF_POINT = """
SELECT f.id, i.sha256 IS NOT NULL FROM files f LEFT JOIN forgotten_images i
    ON i.collection_id = f.collection_id AND i.sha256 = f.sha256
WHERE f.collection_id = ? AND f.point_id = ?
"""
_FORGET_VERDICTS = """
DELETE FROM artefacts WHERE kind = 'picture' AND code = 'ERR_IMAGE_FORGOTTEN' AND file_id IN (
    SELECT id FROM files WHERE collection_id = ? AND sha256 = ?)
"""


class ForgottenTable(Repository):
    """Implements `ForgottenRepository`."""

    @writes
    def begin(
        self, db: sqlite3.Connection, collection_id: int, images: Sequence[ForgottenImage]
    ) -> None:
        collection_rows.check_there(db, collection_id)
        now = self.database.clock().isoformat()
        rows = [(collection_id, one.sha256, clean(one.name), now) for one in images]
        db.executemany(_BEGIN, rows)

    @reads
    def pending_collections(self, db: sqlite3.Connection) -> list[int]:
        query = "SELECT DISTINCT collection_id FROM forgotten_images WHERE NOT is_done"
        return [row[0] for row in db.execute(query)]

    @reads
    def pending_points(
        self, db: sqlite3.Connection, collection_id: int, *, limit: int
    ) -> list[UUID]:
        rows = db.execute(_PENDING_POINTS, (collection_id, limit))
        return [UUID(bytes=row[0]) for row in rows]

    @writes
    def forget_points(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        point_ids: Sequence[UUID],
        *,
        synced: Sequence[SyncedVersion],
        reader_version: str,
    ) -> None:
        now = self.database.clock()
        verdict = artefacts.forgotten(reader_version=reader_version, now=now)
        found = [
            row
            for one in point_ids
            for row in db.execute(_OF_POINT, (collection_id, one.bytes)).fetchall()
        ]
        verdicts = {file_id: verdict if is_forgotten else None for file_id, is_forgotten in found}
        removed_rows.end(db, collection_id, point_ids, verdicts, synced=synced)

    @writes
    def end(self, db: sqlite3.Connection, collection_id: int) -> None:
        query = "UPDATE forgotten_images SET is_done = 1 WHERE collection_id = ? AND NOT is_done"
        db.execute(query, (collection_id,))

    @reads
    def among(
        self, db: sqlite3.Connection, collection_id: int, hashes: Sequence[bytes]
    ) -> set[bytes]:
        found: set[bytes] = set()
        for chunk in file_rows.chunks(hashes):
            query = (
                "SELECT sha256 FROM forgotten_images WHERE collection_id = ?"  # noqa: S608  # marks only
                f" AND sha256 IN ({file_rows.marks(len(chunk))})"
            )
            found.update(row[0] for row in db.execute(query, (collection_id, *chunk)))
        return found

    @reads
    def page(
        self, db: sqlite3.Connection, collection_id: int, *, after: bytes, limit: int
    ) -> list[ForgottenImage]:
        query = (
            "SELECT sha256, name, at FROM forgotten_images"
            " WHERE collection_id = ? AND sha256 > ? ORDER BY sha256 LIMIT ?"
        )
        rows = db.execute(query, (collection_id, after, limit))
        return [
            ForgottenImage(sha256, name, datetime.fromisoformat(at)) for sha256, name, at in rows
        ]

    @writes
    def take_back(self, db: sqlite3.Connection, collection_id: int, sha256: bytes) -> bool:
        return take_back(db, collection_id, sha256)


def take_back(db: sqlite3.Connection, collection_id: int, sha256: bytes) -> bool:
    query = "DELETE FROM forgotten_images WHERE collection_id = ? AND sha256 = ?"
    was_there = db.execute(query, (collection_id, sha256)).rowcount > 0
    db.execute(_FORGET_VERDICTS, (collection_id, sha256))
    return was_there
