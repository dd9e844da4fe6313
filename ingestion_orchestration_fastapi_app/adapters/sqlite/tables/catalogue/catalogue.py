"""The table of the catalogue, as those who fill and check it use it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue import (
    entries,
    images,
    placeholders,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import collection_rows
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.library.catalogue import CATALOGUE_VERSION
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.picture import Placeholder
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound

_IS_CURRENT = f" AND version = {CATALOGUE_VERSION}"
_STORED_AT = """
SELECT f.point_id, min(a.updated_at) FROM files f JOIN artefacts a ON a.file_id = f.id
WHERE a.kind = 'vector' AND a.updated_at IS NOT NULL AND f.collection_id = ?
    AND f.point_id IN ({marks}) GROUP BY f.id
"""


class CatalogueTable(Repository):
    """Implements `CatalogueRepository`."""

    @writes
    def put(
        self, db: sqlite3.Connection, collection_id: int, points: Sequence[tuple[FileKey, Point]]
    ) -> None:
        try:
            collection_rows.check_there(db, collection_id)
        except CollectionNotFound:  # deleted meanwhile, with all its rows
            return
        current = _current(db, collection_id, [point.id for _, point in points])
        lacking = {point.id: (key, point) for key, point in points if point.id not in current}
        now = self.database.clock()

        def stored_at(ids: Sequence[UUID]) -> dict[UUID, datetime]:
            return dict.fromkeys(ids, now) | _stored_at(db, collection_id, ids)

        entries.put(db, collection_id, list(lacking.values()), added_at=stored_at)

    @reads
    def lacking(
        self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]
    ) -> set[UUID]:
        return set(point_ids) - _current(db, collection_id, point_ids)

    @reads
    def unlike(
        self, db: sqlite3.Connection, collection_id: int, points: Sequence[tuple[FileKey, Point]]
    ) -> set[UUID]:
        return entries.unlike(db, collection_id, points)

    @writes
    def doubt(self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]) -> None:
        db.executemany(
            "UPDATE catalogue SET version = 0 WHERE collection_id = ? AND point_id = ?",
            [(collection_id, one.bytes) for one in point_ids],
        )

    @writes
    def forget(self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]) -> None:
        entries.delete(db, collection_id, point_ids)

    @reads
    def point_ids(
        self, db: sqlite3.Connection, collection_id: int, *, after: UUID | None, limit: int
    ) -> list[UUID]:
        query = (
            "SELECT point_id FROM catalogue WHERE collection_id = ? AND point_id > ?"
            " ORDER BY point_id LIMIT ?"
        )
        start = b"" if after is None else after.bytes
        return [UUID(bytes=row[0]) for row in db.execute(query, (collection_id, start, limit))]

    @reads
    def size(self, db: sqlite3.Connection, collection_id: int) -> int:
        query = "SELECT count(*) FROM catalogue WHERE collection_id = ?"
        return int(db.execute(query, (collection_id,)).fetchone()[0])

    @reads
    def images(
        self, db: sqlite3.Connection, collection_id: int, point_ids: Collection[UUID]
    ) -> list[StoredImage]:
        return images.found(db, collection_id, point_ids)

    @reads
    def placeholders(
        self, db: sqlite3.Connection, collection_id: int, pictures: Mapping[UUID, bytes]
    ) -> dict[UUID, bytes]:
        return placeholders.found(db, collection_id, pictures)

    @reads
    def without_placeholder(
        self, db: sqlite3.Connection, collection_id: int, point_ids: Collection[UUID]
    ) -> dict[UUID, bytes]:
        return placeholders.lacking(db, collection_id, point_ids)

    @writes
    def put_placeholders(
        self, db: sqlite3.Connection, collection_id: int, made: Mapping[UUID, Placeholder]
    ) -> None:
        placeholders.put(db, collection_id, made)

    @writes
    def set_version(self, db: sqlite3.Connection, collection_id: int, version: int | None) -> None:
        query = "UPDATE collections SET catalogue_version = ? WHERE id = ?"
        db.execute(query, (version, collection_id))
        if version is not None:
            entries.delete_unused(db, collection_id)


def _current(db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
    return set(entries.rows_at(db, collection_id, point_ids, but=_IS_CURRENT))


def _stored_at(
    db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]
) -> dict[UUID, datetime]:
    """When the ledger learnt of their vectors: of points that are older than the catalogue."""
    found: dict[UUID, datetime] = {}
    for chunk in file_rows.chunks(point_ids):
        query = _STORED_AT.format(marks=file_rows.marks(len(chunk)))
        rows = db.execute(query, (collection_id, *(one.bytes for one in chunk)))
        found.update((UUID(bytes=point), datetime.fromisoformat(at)) for point, at in rows)
    return found
