"""Statements on collections and their roots. Blocking; writes run in the writer thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row, collection_record
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.errors import (
    CollectionDropping,
    CollectionExists,
    CollectionNotFound,
    JobStateProblem,
    ModelMismatch,
)

COLUMNS = """id, name, model, weights, dim, fingerprint, synced_version,
    (SELECT j.id FROM jobs j WHERE j.collection_id = collections.id
     ORDER BY j.number DESC LIMIT 1)"""
# In the order of deletion: what refers to a collection's jobs goes before the jobs.
_OF_JOBS = ("failures", "job_counts")
_OF_COLLECTION = (
    "files",
    "intents",
    "decode_starts",
    "root_changes",
    "roots",
    "devices",
    "device_changes",
    "watches",
    "jobs",
)


def create(db: sqlite3.Connection, name: str, roots: Sequence[Root]) -> CollectionRecord:
    if db.execute("SELECT 1 FROM collections WHERE name = ?", (name,)).fetchone():
        raise CollectionExists(f"The collection {name!r} exists already.")
    if db.execute("SELECT 1 FROM dropped_tables WHERE name = ?", (name,)).fetchone():
        raise CollectionDropping(f"The collection {name!r} is still being deleted.")
    number = db.execute("INSERT INTO collections (name) VALUES (?)", (name,)).lastrowid
    db.executemany(
        "INSERT INTO roots (collection_id, root_id, path) VALUES (?, ?, ?)",
        [(number, root.id.bytes, root.path) for root in roots],
    )
    found = by_name(db, name)
    assert found is not None
    return found


def by_name(db: sqlite3.Connection, name: str) -> CollectionRecord | None:
    query = f"SELECT {COLUMNS} FROM collections WHERE name = ?"  # noqa: S608  # a constant
    row: Row | None = db.execute(query, (name,)).fetchone()
    return None if row is None else _record(db, row)


def list_all(db: sqlite3.Connection) -> list[CollectionRecord]:
    """By name."""
    query = f"SELECT {COLUMNS} FROM collections ORDER BY name"  # noqa: S608  # a constant
    return [_record(db, row) for row in db.execute(query).fetchall()]


def _record(db: sqlite3.Connection, row: Row) -> CollectionRecord:
    roots = "SELECT root_id, path FROM roots WHERE collection_id = ? ORDER BY path"
    watches = (
        "SELECT directory, recursive, captions FROM watches WHERE collection_id = ?"
        " ORDER BY directory"
    )
    return collection_record(
        row,
        db.execute(roots, row[:1]).fetchall(),
        db.execute(watches, row[:1]).fetchall(),
        root_changes(db, row[0]),
    )


def delete(db: sqlite3.Connection, collection_id: int) -> None:
    """Its name stays among the dropped ones, until its table is gone, too."""
    marks = ", ".join("?" * len(FINAL))
    unfinished = f"SELECT id, state FROM jobs WHERE collection_id = ? AND state NOT IN ({marks})"  # noqa: S608  # marks only
    job: Row | None = db.execute(unfinished, (collection_id, *FINAL)).fetchone()
    if job is not None:
        raise JobStateProblem(
            f"Job {job[0]} of this collection is not finished: it is {job[1]}. "
            "Cancel it first, or let it end."
        )
    db.execute(
        "INSERT OR IGNORE INTO dropped_tables SELECT name FROM collections WHERE id = ?",
        (collection_id,),
    )
    for table in _OF_JOBS:
        db.execute(
            f"DELETE FROM {table} WHERE job_number IN "  # noqa: S608  # from the constant above
            "(SELECT number FROM jobs WHERE collection_id = ?)",
            (collection_id,),
        )
    for table in _OF_COLLECTION:
        db.execute(f"DELETE FROM {table} WHERE collection_id = ?", (collection_id,))  # noqa: S608
    db.execute("DELETE FROM collections WHERE id = ?", (collection_id,))


def dropped(db: sqlite3.Connection) -> list[str]:
    return [row[0] for row in db.execute("SELECT name FROM dropped_tables ORDER BY name")]


def end_drop(db: sqlite3.Connection, name: str) -> None:
    db.execute("DELETE FROM dropped_tables WHERE name = ?", (name,))


def bind(
    db: sqlite3.Connection,
    collection_id: int,
    *,
    model: str,
    weights: str,
    dim: int,
    fingerprint: str,
) -> None:
    """Binds once: a second model would mix vectors that cannot be compared."""
    query = "SELECT fingerprint FROM collections WHERE id = ?"
    row: Row | None = db.execute(query, (collection_id,)).fetchone()
    if row is None:
        raise CollectionNotFound("The collection was deleted.")
    if row[0] not in (None, fingerprint):
        raise ModelMismatch(f"The collection is bound to the model {row[0]}, not {fingerprint}.")
    db.execute(
        "UPDATE collections SET model = ?, weights = ?, dim = ?, fingerprint = ? WHERE id = ?",
        (model, weights, dim, fingerprint, collection_id),
    )


def root_changes(db: sqlite3.Connection, collection_id: int) -> dict[UUID, bytes | None]:
    query = "SELECT root_id, path FROM root_changes WHERE collection_id = ?"
    rows = db.execute(query, (collection_id,)).fetchall()
    return {UUID(bytes=root_id): path for root_id, path in rows}


def check_no_change(db: sqlite3.Connection, collection_id: int) -> None:
    """Raises JobStateProblem while roots of the collection are being re-pointed or forgotten."""
    if root_changes(db, collection_id):
        raise JobStateProblem(
            "A root of this collection is being re-pointed or forgotten. Ask for that again to "
            "see it through; a restart does so, too."
        )


def put_watch(db: sqlite3.Connection, collection_id: int, watch: Watch) -> None:
    check_there(db, collection_id)
    db.execute(
        "INSERT OR REPLACE INTO watches (collection_id, directory, recursive, captions)"
        " VALUES (?, ?, ?, ?)",
        (collection_id, watch.directory, watch.recursive, watch.captions),
    )


def check_there(db: sqlite3.Connection, collection_id: int) -> None:
    if not db.execute("SELECT 1 FROM collections WHERE id = ?", (collection_id,)).fetchone():
        raise CollectionNotFound("The collection was deleted.")


def end_watch(db: sqlite3.Connection, collection_id: int, directory: bytes) -> None:
    query = "DELETE FROM watches WHERE collection_id = ? AND directory = ?"
    db.execute(query, (collection_id, directory))


def set_synced_version(db: sqlite3.Connection, collection_id: int, version: int) -> None:
    db.execute("UPDATE collections SET synced_version = ? WHERE id = ?", (version, collection_id))
