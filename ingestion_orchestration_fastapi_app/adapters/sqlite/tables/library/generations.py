"""The table of generations."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import collection_rows
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.records import LackingFile
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
    NewGeneration,
    SyncedVersion,
)
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, ModelMismatch

_THERE = """SELECT 1 FROM artefacts a WHERE a.file_id = f.id AND a.kind = 'vector'
    AND a.model = ? AND a.state IN ('stored', 'stale')"""
_AS_THE_FILE_IS = """SELECT 1 FROM artefacts a WHERE a.file_id = f.id AND a.kind = 'vector'
    AND a.model = ? AND a.state = 'stored'"""
_REFUSED = """SELECT 1 FROM artefacts a WHERE a.file_id = f.id AND (a.kind = 'picture'
    OR (a.kind = 'vector' AND a.model = ? AND a.code IS NOT NULL))"""
_LACKING = f"""
SELECT f.id, f.root_id, f.path, f.point_id, coalesce(r.path, x'') FROM files f
LEFT JOIN roots r ON r.collection_id = f.collection_id AND r.root_id = f.root_id
WHERE f.collection_id = ? AND (f.root_id, f.path) > (?, ?)
    AND EXISTS ({_THERE}) AND NOT EXISTS ({_AS_THE_FILE_IS})
    AND (? OR NOT EXISTS ({_REFUSED}))
ORDER BY f.root_id, f.path LIMIT ?
"""  # noqa: S608  # constants
# By row: in another order each file's artefacts would be looked for somewhere else.
_MISSING = f"""
SELECT count(*) FROM files f
WHERE f.id > 0 AND +f.collection_id = ? AND EXISTS ({_THERE}) AND NOT EXISTS ({_THERE})
"""  # noqa: S608  # constants


class GenerationsTable(Repository):
    """Implements `GenerationRepository`."""

    @writes
    def bind(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        new: NewGeneration,
        *,
        synced_version: int | None,
    ) -> None:
        collection_rows.check_there(db, collection_id)
        for one in collection_rows.generations(db, collection_id):
            if one.fingerprint != new.fingerprint:
                raise ModelMismatch(
                    f"The collection is bound to the model {one.fingerprint}, not "
                    f"{new.fingerprint}."
                )
        now = self.database.clock().isoformat()
        collection_rows.add_generation(
            db, collection_id, new, GenerationState.ACTIVE, synced_version, created_at=now
        )

    @writes
    def create(self, db: sqlite3.Connection, collection_id: int, new: NewGeneration) -> Generation:
        collection_rows.check_there(db, collection_id)
        now = self.database.clock().isoformat()
        collection_rows.add_generation(
            db, collection_id, new, GenerationState.FILLING, created_at=now
        )
        of_collection = collection_rows.generations(db, collection_id)
        return next(one for one in of_collection if one.fingerprint == new.fingerprint)

    @writes
    def activate(self, db: sqlite3.Connection, generation_id: int) -> None:
        row = _row(db, generation_id)
        if row is None:
            raise CollectionNotFound("The generation was removed.")
        collection_id, state, *_ = row
        if state == GenerationState.ACTIVE:
            return
        db.execute(
            "UPDATE generations SET state = ? WHERE collection_id = ? AND state = ?",
            (GenerationState.RETIRED, collection_id, GenerationState.ACTIVE),
        )
        db.execute(
            "UPDATE generations SET state = ?, activated_at = ? WHERE id = ?",
            (GenerationState.ACTIVE, self.database.clock().isoformat(), generation_id),
        )

    @writes
    def remove(self, db: sqlite3.Connection, generation_id: int) -> None:
        row = _row(db, generation_id)
        if row is None:
            return
        collection_id, state, table, fingerprint = row
        if state == GenerationState.ACTIVE:
            raise ValueError("the active generation stays")
        db.execute("INSERT OR IGNORE INTO dropped_tables (name) VALUES (?)", (table,))
        db.execute(
            "DELETE FROM artefacts WHERE kind = 'vector' AND model = ?"
            " AND file_id IN (SELECT id FROM files WHERE collection_id = ?)",
            (fingerprint, collection_id),
        )
        db.execute("DELETE FROM intents WHERE generation_id = ?", (generation_id,))
        db.execute("DELETE FROM generations WHERE id = ?", (generation_id,))

    @writes
    def set_synced_version(
        self,
        db: sqlite3.Connection,
        generation_id: int,
        version: int,
        *,
        only_newer: bool = False,
    ) -> None:
        synced = SyncedVersion(generation_id, version)
        collection_rows.set_synced_version(db, synced, only_newer=only_newer)

    @reads
    def lacking(
        self,
        db: sqlite3.Connection,
        source_id: int,
        target_id: int,
        *,
        refused: bool,
        after: FileKey | None,
        limit: int,
    ) -> list[LackingFile]:
        collection_id, source, target = _models(db, source_id, target_id)
        begin = (b"", b"") if after is None else (after.root_id.bytes, after.path)
        given = (collection_id, *begin, source, target, refused, target, limit)
        return [
            LackingFile(
                row=row,
                key=FileKey(UUID(bytes=root_id), path),
                absolute=root.rstrip(b"/") + b"/" + path,
                point_id=UUID(bytes=point_id),
            )
            for row, root_id, path, point_id, root in db.execute(_LACKING, given)
        ]

    @reads
    def count_missing(self, db: sqlite3.Connection, source_id: int, target_id: int) -> int:
        return int(db.execute(_MISSING, _models(db, source_id, target_id)).fetchone()[0])

    @reads
    def taken_tables(self, db: sqlite3.Connection) -> set[str]:
        query = (
            "SELECT table_name FROM generations UNION SELECT name FROM dropped_tables"
            " UNION SELECT words_table FROM collections WHERE words_table IS NOT NULL"
        )
        return {row[0] for row in db.execute(query)}


def _row(db: sqlite3.Connection, generation_id: int) -> Row | None:
    query = "SELECT collection_id, state, table_name, fingerprint FROM generations WHERE id = ?"
    row: Row | None = db.execute(query, (generation_id,)).fetchone()
    return row


def _models(db: sqlite3.Connection, source_id: int, target_id: int) -> tuple[int, str, str]:
    """The source's collection, and both models; of ones that were removed, none that has files."""
    source, target = _row(db, source_id), _row(db, target_id)
    if source is None or target is None:
        return 0, "", ""
    return source[0], source[3], target[3]
