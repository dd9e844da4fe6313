"""Rows of the catalogue, written. Blocking."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row, signed64
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.interned import (
    KEYWORD,
    LENS,
    Interned,
)
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    CATALOGUE_VERSION,
    moment_number,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from utils.text.storable import storable

_COLUMNS = (
    "version",
    "folder_id",
    "name",
    "taken_at",
    "year",
    "mtime_ns",
    "size_bytes",
    "width_px",
    "height_px",
    "format",
    "camera_id",
    "lens_id",
    "rating",
    "latitude",
    "longitude",
    "phash",
    "sha256",
    "partial",
    "located",
    "shape",
    "sidecar_turn",
)
_INSERT = (
    f"INSERT INTO catalogue ({', '.join(_COLUMNS)}, id, collection_id, point_id, added_at)"  # noqa: S608  # constants
    f" VALUES ({file_rows.marks(len(_COLUMNS) + 4)})"
)
_UPDATE = f"UPDATE catalogue SET {', '.join(f'{one} = ?' for one in _COLUMNS)} WHERE id = ?"  # noqa: S608  # constants
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM catalogue WHERE id = ?"  # noqa: S608  # constants
_UNUSED = (
    "DELETE FROM catalogue_folders WHERE collection_id = ? AND NOT EXISTS"
    " (SELECT 1 FROM catalogue c WHERE c.folder_id = catalogue_folders.id)",
    "DELETE FROM catalogue_texts WHERE collection_id = ? AND kind = 'keyword' AND NOT EXISTS"
    " (SELECT 1 FROM catalogue_keywords k WHERE k.text_id = catalogue_texts.id)",
)


def put(
    db: sqlite3.Connection,
    collection_id: int,
    points: Sequence[tuple[FileKey, Point]],
    *,
    added_at: Callable[[Sequence[UUID]], Mapping[UUID, datetime]],
) -> None:
    """Each id once. A row that is there keeps the moment it was added; `added_at` says that of
    the others.
    """
    if not points:
        return
    rows = rows_at(db, collection_id, [point.id for _, point in points])
    new = [point.id for _, point in points if point.id not in rows]
    added = added_at(new)
    next_row: int = db.execute("SELECT coalesce(max(id), 0) FROM catalogue").fetchone()[0]
    interned = Interned(db, collection_id, makes=True)
    inserts: list[Row] = []
    updates: list[Row] = []
    keywords: list[tuple[int, int]] = []
    for key, point in points:
        columns = _columns(key, point, interned)
        row = rows.get(point.id)
        if row is None:
            row = next_row = next_row + 1
            moment = moment_number(added[point.id])
            inserts.append((*columns, row, collection_id, point.id.bytes, moment))
        else:
            updates.append((*columns, row))
        keywords += [(row, one) for one in _keywords(point, interned)]
    db.executemany(
        "DELETE FROM catalogue_keywords WHERE entry_id = ?", [one[-1:] for one in updates]
    )
    db.executemany(_UPDATE, updates)
    db.executemany(_INSERT, inserts)
    db.executemany("INSERT OR IGNORE INTO catalogue_keywords VALUES (?, ?)", keywords)


def rows_at(
    db: sqlite3.Connection, collection_id: int, point_ids: Iterable[UUID], *, but: str = ""
) -> dict[UUID, int]:
    """Those that there are."""
    return _by_point(db, "id", collection_id, point_ids, but=but)


def added_at(
    db: sqlite3.Connection, collection_id: int, point_ids: Iterable[UUID]
) -> dict[UUID, int]:
    """As `moment_number` says it."""
    return _by_point(db, "added_at", collection_id, point_ids)


def _by_point(
    db: sqlite3.Connection,
    column: Literal["id", "added_at"],
    collection_id: int,
    point_ids: Iterable[UUID],
    *,
    but: str = "",
) -> dict[UUID, int]:
    found: dict[UUID, int] = {}
    for chunk in file_rows.chunks(point_ids):
        query = (
            f"SELECT point_id, {column} FROM catalogue WHERE collection_id = ?"  # noqa: S608  # constants and marks
            f" AND point_id IN ({file_rows.marks(len(chunk))}){but}"
        )
        rows = db.execute(query, (collection_id, *(one.bytes for one in chunk)))
        found.update((UUID(bytes=point), number) for point, number in rows)
    return found


def delete(db: sqlite3.Connection, collection_id: int, point_ids: Iterable[UUID]) -> None:
    db.executemany(
        "DELETE FROM catalogue WHERE collection_id = ? AND point_id = ?",
        [(collection_id, one.bytes) for one in point_ids],
    )


def _columns(key: FileKey, point: Point, interned: Interned) -> Row:
    """In the order of `_COLUMNS`."""
    folder, _, name = key.path.rpartition(b"/")
    metadata, taken_at = point.metadata, point.metadata.taken_at
    return (
        CATALOGUE_VERSION,
        interned.folder(key.root_id, folder),
        name,
        None if taken_at is None else moment_number(taken_at),
        None if taken_at is None else taken_at.year,
        signed64(point.mtime_ns),
        signed64(point.size_bytes),
        signed64(point.width_px),
        signed64(point.height_px),
        storable(point.format),
        interned.camera(metadata.camera_make, metadata.camera_model),
        interned.text(LENS, metadata.lens or ""),
        None if metadata.rating is None else signed64(metadata.rating),
        metadata.latitude,
        metadata.longitude,
        signed64(point.phash),
        point.sha256,
        point.partial,
        metadata.latitude is not None,
        (point.width_px > point.height_px) - (point.width_px < point.height_px),
        metadata.sidecar_turn,
    )


def _keywords(point: Point, interned: Interned) -> set[int]:
    return {interned.text(KEYWORD, one) for one in point.metadata.keywords}


def unlike(
    db: sqlite3.Connection, collection_id: int, points: Sequence[tuple[FileKey, Point]]
) -> set[UUID]:
    """Those whose rows differ from what they say; where there is no row, too."""
    interned = Interned(db, collection_id, makes=False)
    rows = rows_at(db, collection_id, [point.id for _, point in points])
    found: set[UUID] = set()
    words = "SELECT text_id FROM catalogue_keywords WHERE entry_id = ?"
    for key, point in points:
        row = (rows.get(point.id),)
        said = db.execute(_SELECT, row).fetchone()
        keywords = {one[0] for one in db.execute(words, row)}
        if said != _columns(key, point, interned) or keywords != _keywords(point, interned):
            found.add(point.id)
    return found


def delete_unused(db: sqlite3.Connection, collection_id: int) -> None:
    """Folders and keywords of no picture any more."""
    for change in _UNUSED:
        db.execute(change, (collection_id,))
