"""Statements on decodings that began and of whose end nothing is known. Blocking."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart


def of_collection(db: sqlite3.Connection, collection_id: int) -> dict[UUID, DecodeStart]:
    query = "SELECT point_id, version, alone FROM decode_starts WHERE collection_id = ?"
    starts = [
        DecodeStart(UUID(bytes=point_id), version, alone)
        for point_id, version, alone in db.execute(query, (collection_id,))
    ]
    return {start.point_id: start for start in starts}


def note(
    db: sqlite3.Connection,
    collection_id: int,
    begun: Sequence[DecodeStart],
    ended: Iterable[UUID],
) -> None:
    end(db, collection_id, ended)
    db.executemany(
        "INSERT OR REPLACE INTO decode_starts (collection_id, point_id, version, alone)"
        " VALUES (?, ?, ?, ?)",
        [(collection_id, one.point_id.bytes, one.version, one.alone) for one in begun],
    )


def end(db: sqlite3.Connection, collection_id: int, point_ids: Iterable[UUID]) -> None:
    db.executemany(
        "DELETE FROM decode_starts WHERE collection_id = ? AND point_id = ?",
        [(collection_id, one.bytes) for one in point_ids],
    )
