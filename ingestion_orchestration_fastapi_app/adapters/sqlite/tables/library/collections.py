"""The table of collections, of their watched folders, and of tables that wait to be dropped."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Literal

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import (
    Database,
    Repository,
    reads,
    writes,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row, collection_record
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import (
    collection_rows,
    folder_marks,
)
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.catalogue import CATALOGUE_VERSION
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    GenerationState,
    NewGeneration,
    table_name,
)
from ingestion_orchestration_fastapi_app.errors import (
    CollectionDropping,
    CollectionExists,
    JobStateProblem,
)

_COLUMNS = """id, name,
    (SELECT j.id FROM jobs j WHERE j.collection_id = collections.id
     ORDER BY j.number DESC LIMIT 1), identity, words_table, words_version,
    catalogue_version"""
# One that was never bound may have a table that outlived its ledger: it goes, too.
_DROP = """
INSERT OR IGNORE INTO dropped_tables
SELECT table_name FROM generations WHERE collection_id = ?1
UNION SELECT words_table FROM collections WHERE id = ?1 AND words_table IS NOT NULL
UNION SELECT ?2 WHERE ?2 NOT IN (SELECT table_name FROM generations)
    AND NOT EXISTS (SELECT 1 FROM generations WHERE collection_id = ?1)
"""
# In the order of deletion: what refers to a collection's jobs goes before the jobs.
_OF_JOBS = ("failures", "job_counts", "job_items", "job_folders")
_OF_COLLECTION = (
    "catalogue",
    "catalogue_folders",
    "catalogue_texts",
    "files",
    "decode_starts",
    "root_changes",
    "roots",
    "devices",
    "device_changes",
    "watches",
    "generations",
    "jobs",
    "folder_marks",
    "forgotten_images",
    "sidecars",
    "trash",
    "trash_sizes",
    "duplicate_members",
    "duplicate_groups",
    "duplicate_runs",
    "dismissed_contents",
    "dismissals",
    "dismissed_groups",
    "duplicate_decisions",
    "unneeded_files",
)


class CollectionsTable(Repository):
    """Implements `CollectionRepository`.

    A collection that was found by its name is remembered until something is written: each request
    asks for one, a page of thumbnails a hundred times.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._found: dict[str, tuple[int, CollectionRecord]] = {}  # after so many commits

    @writes
    def create(
        self,
        db: sqlite3.Connection,
        name: str,
        roots: Sequence[Root] = (),
        *,
        identity: str,
        generations: Sequence[tuple[NewGeneration, GenerationState]] = (),
    ) -> CollectionRecord:
        if db.execute("SELECT 1 FROM collections WHERE name = ?", (name,)).fetchone():
            raise _exists(name)
        query = "SELECT 1 FROM dropped_tables WHERE name = ?"
        if db.execute(query, (table_name(name),)).fetchone():
            raise CollectionDropping(f"The collection {name!r} is still being deleted.")
        number = db.execute(
            "INSERT INTO collections (name, identity, catalogue_version) VALUES (?, ?, ?)",
            (name, identity, None if generations else CATALOGUE_VERSION),
        ).lastrowid
        db.executemany(
            "INSERT INTO roots (collection_id, root_id, path) VALUES (?, ?, ?)",
            [(number, root.id.bytes, root.path) for root in roots],
        )
        assert number is not None
        now = self.database.clock().isoformat()
        for new, state in generations:
            collection_rows.add_generation(db, number, new, state, created_at=now)
        found = _found(db, "id", number)
        assert found is not None
        return found

    async def find(self, name: str) -> CollectionRecord | None:
        commits = self.database.commits  # what is written while it is read counts as newer
        if name in self._found and self._found[name][0] == commits:
            return self._found[name][1]
        found = await self._find(name)
        if found is None:
            self._found.pop(name, None)
        else:
            self._found[name] = (commits, found)
        return found

    @reads
    def _find(self, db: sqlite3.Connection, name: str) -> CollectionRecord | None:
        return _found(db, "name", name)

    @reads
    def find_by_id(self, db: sqlite3.Connection, collection_id: int) -> CollectionRecord | None:
        return _found(db, "id", collection_id)

    @reads
    def list_all(self, db: sqlite3.Connection) -> list[CollectionRecord]:
        query = f"SELECT {_COLUMNS} FROM collections ORDER BY name"  # noqa: S608  # a constant
        return [_record(db, row) for row in db.execute(query).fetchall()]

    @writes
    def rename(self, db: sqlite3.Connection, collection_id: int, name: str) -> None:
        collection_rows.check_there(db, collection_id)
        query = "SELECT 1 FROM collections WHERE name = ? AND id != ?"
        if db.execute(query, (name, collection_id)).fetchone():
            raise _exists(name)
        db.execute(
            "UPDATE albums SET collection = ?1 WHERE collection ="
            " (SELECT name FROM collections WHERE id = ?2)",
            (name, collection_id),
        )
        db.execute("UPDATE collections SET name = ? WHERE id = ?", (name, collection_id))

    @writes
    def delete(self, db: sqlite3.Connection, collection_id: int) -> None:
        marks = ", ".join("?" * len(FINAL))
        unfinished = (
            f"SELECT id, state FROM jobs WHERE collection_id = ? AND state NOT IN ({marks})"  # noqa: S608  # marks only
        )
        job: Row | None = db.execute(unfinished, (collection_id, *FINAL)).fetchone()
        if job is not None:
            raise JobStateProblem(
                f"Job {job[0]} of this collection is not finished: it is {job[1]}. "
                "Cancel it first, or let it end."
            )
        row: Row | None = db.execute(
            "SELECT name FROM collections WHERE id = ?", (collection_id,)
        ).fetchone()
        if row is not None:
            db.execute(_DROP, (collection_id, table_name(row[0])))
        for table in _OF_JOBS:
            db.execute(
                f"DELETE FROM {table} WHERE job_number IN "  # noqa: S608  # from the constant above
                "(SELECT number FROM jobs WHERE collection_id = ?)",
                (collection_id,),
            )
        db.execute(
            "DELETE FROM intents WHERE generation_id IN"
            " (SELECT id FROM generations WHERE collection_id = ?)",
            (collection_id,),
        )
        for table in _OF_COLLECTION:
            db.execute(f"DELETE FROM {table} WHERE collection_id = ?", (collection_id,))  # noqa: S608
        db.execute("DELETE FROM collections WHERE id = ?", (collection_id,))

    @reads
    def dropped_tables(self, db: sqlite3.Connection) -> list[str]:
        return [row[0] for row in db.execute("SELECT name FROM dropped_tables ORDER BY name")]

    @writes
    def end_drop(self, db: sqlite3.Connection, table: str) -> None:
        db.execute("DELETE FROM dropped_tables WHERE name = ?", (table,))

    @writes
    def put_words_table(
        self, db: sqlite3.Connection, collection_id: int, table: str, *, synced_version: int | None
    ) -> None:
        collection_rows.check_there(db, collection_id)
        db.execute(
            "INSERT OR IGNORE INTO dropped_tables"
            " SELECT words_table FROM collections WHERE id = ? AND words_table <> ?",
            (collection_id, table),
        )
        db.execute(
            "UPDATE collections SET words_table = ?, words_version = ? WHERE id = ?",
            (table, synced_version, collection_id),
        )

    @writes
    def put_watch(self, db: sqlite3.Connection, collection_id: int, watch: Watch) -> None:
        collection_rows.check_there(db, collection_id)
        db.execute(
            "INSERT OR REPLACE INTO watches (collection_id, directory, recursive, captions)"
            " VALUES (?, ?, ?, ?)",
            (collection_id, watch.directory, watch.recursive, watch.captions),
        )

    @writes
    def end_watch(self, db: sqlite3.Connection, collection_id: int, directory: bytes) -> None:
        query = "DELETE FROM watches WHERE collection_id = ? AND directory = ?"
        db.execute(query, (collection_id, directory))


def _exists(name: str) -> CollectionExists:
    return CollectionExists(f"The collection {name!r} exists already.")


def _found(
    db: sqlite3.Connection, column: Literal["id", "name"], value: object
) -> CollectionRecord | None:
    query = f"SELECT {_COLUMNS} FROM collections WHERE {column} = ?"  # noqa: S608  # constants
    row: Row | None = db.execute(query, (value,)).fetchone()
    return None if row is None else _record(db, row)


def _record(db: sqlite3.Connection, row: Row) -> CollectionRecord:
    roots = "SELECT root_id, path FROM roots WHERE collection_id = ? ORDER BY path"
    watches = (
        "SELECT directory, recursive, captions FROM watches WHERE collection_id = ?"
        " ORDER BY directory"
    )
    return collection_record(
        row,
        collection_rows.generations(db, row[0]),
        db.execute(roots, row[:1]).fetchall(),
        db.execute(watches, row[:1]).fetchall(),
        collection_rows.root_changes(db, row[0]),
        folder_marks.marks(db, row[0]),
    )
