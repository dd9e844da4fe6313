"""What is drawn before a thumbnail is there, by the catalogue's rows. Blocking.

A table of its own: the catalogue's rows stay short, and what is counted of them is read as fast.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows
from ingestion_orchestration_fastapi_app.domain.library.picture import (
    PLACEHOLDER_VERSION,
    Placeholder,
)

_KEY_BYTES = 8  # of two pictures of one file, one after the other, that is enough
_PUT = """
INSERT OR REPLACE INTO catalogue_placeholders
SELECT id, ?, ?, ? FROM catalogue WHERE collection_id = ? AND point_id = ?
"""
_FOUND = """
SELECT c.point_id, p.picture, p.pixels FROM catalogue c
CROSS JOIN catalogue_placeholders p ON p.entry_id = c.id AND p.version = ?
WHERE c.collection_id = ? AND c.point_id IN ({marks})
"""
_LACKING = """
SELECT c.point_id, c.sha256 FROM catalogue c WHERE c.collection_id = ? AND c.point_id IN ({marks})
AND NOT EXISTS (SELECT 1 FROM catalogue_placeholders p WHERE p.entry_id = c.id AND p.version = ?)
"""


def put(db: sqlite3.Connection, collection_id: int, made: Mapping[UUID, Placeholder]) -> None:
    """Of points without a row none is kept."""
    rows = (
        (one.picture[:_KEY_BYTES], PLACEHOLDER_VERSION, one.pixels, collection_id, point_id.bytes)
        for point_id, one in made.items()
    )
    db.executemany(_PUT, rows)


def found(
    db: sqlite3.Connection, collection_id: int, pictures: Mapping[UUID, bytes]
) -> dict[UUID, bytes]:
    there: dict[UUID, bytes] = {}
    for chunk in file_rows.chunks(pictures):
        query = _FOUND.format(marks=file_rows.marks(len(chunk)))
        given = (PLACEHOLDER_VERSION, collection_id, *(one.bytes for one in chunk))
        for point_bytes, picture, pixels in db.execute(query, given):
            point_id = UUID(bytes=point_bytes)
            if pictures[point_id][:_KEY_BYTES] == picture:
                there[point_id] = pixels
    return there


def lacking(
    db: sqlite3.Connection, collection_id: int, point_ids: Collection[UUID]
) -> dict[UUID, bytes]:
    there: dict[UUID, bytes] = {}
    for chunk in file_rows.chunks(point_ids):
        query = _LACKING.format(marks=file_rows.marks(len(chunk)))
        given = (collection_id, *(one.bytes for one in chunk), PLACEHOLDER_VERSION)
        there.update((UUID(bytes=one), sha256) for one, sha256 in db.execute(query, given))
    return there
