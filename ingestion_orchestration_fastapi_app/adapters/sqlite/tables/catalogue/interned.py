"""Texts and folders of the catalogue, each once: rows hold their ids. Blocking."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row
from utils.text.folded import folded
from utils.text.storable import storable

CAMERA, LENS, KEYWORD = "camera", "lens", "keyword"
BETWEEN = "\x1f"  # a camera's make and its model: neither holds it, since metadata is printable
UNKNOWN = -1

_TEXT = "SELECT id FROM catalogue_texts WHERE collection_id = ? AND kind = ? AND value = ?"
_NEW_TEXT = "INSERT INTO catalogue_texts (collection_id, kind, value, folded) VALUES (?, ?, ?, ?)"
_FOLDER = "SELECT id FROM catalogue_folders WHERE collection_id = ? AND root_id = ? AND path = ?"
_NEW_FOLDER = "INSERT INTO catalogue_folders (collection_id, root_id, path) VALUES (?, ?, ?)"


class Interned:
    """Ids of one collection's texts and folders; each is looked up once.

    `makes`: what has no id gets one; else it is UNKNOWN.
    """

    def __init__(self, db: sqlite3.Connection, collection_id: int, *, makes: bool) -> None:
        self._db = db
        self._collection_id = collection_id
        self._makes = makes
        self._texts: dict[tuple[str, str], int] = {}
        self._folders: dict[tuple[UUID, bytes], int] = {}

    def camera(self, make: str | None, model: str | None) -> int:
        value = f"{make or ''}{BETWEEN}{model or ''}"
        return self.text(CAMERA, value, compared=f"{make or ''} {model or ''}")

    def text(self, kind: str, value: str, *, compared: str | None = None) -> int:
        """`compared`: what filters look at, where that is another text."""
        found = self._texts.get((kind, value))
        if found is None:
            what = (self._collection_id, kind, storable(value))
            shown = folded(storable(value if compared is None else compared))
            found = self._id(_TEXT, what) or self._made(_NEW_TEXT, (*what, shown))
            self._texts[kind, value] = found
        return found

    def folder(self, root_id: UUID, path: bytes) -> int:
        """`path` is relative to the root."""
        found = self._folders.get((root_id, path))
        if found is None:
            what = (self._collection_id, root_id.bytes, path)
            found = self._id(_FOLDER, what) or self._made(_NEW_FOLDER, what)
            self._folders[root_id, path] = found
        return found

    def _id(self, query: str, what: Row) -> int | None:
        row: Row | None = self._db.execute(query, what).fetchone()
        return None if row is None else int(row[0])

    def _made(self, change: str, what: Row) -> int:
        made = self._db.execute(change, what).lastrowid if self._makes else UNKNOWN
        assert made is not None
        return made
