"""Rows of collections, as several tables' statements need them. Blocking."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import generation
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
    NewGeneration,
    SyncedVersion,
)
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, JobStateProblem


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


def check_there(db: sqlite3.Connection, collection_id: int) -> None:
    if not db.execute("SELECT 1 FROM collections WHERE id = ?", (collection_id,)).fetchone():
        raise CollectionNotFound("The collection was deleted.")


def generations(db: sqlite3.Connection, collection_id: int) -> tuple[Generation, ...]:
    query = (
        "SELECT id, table_name, model, weights, dim, fingerprint, state, synced_version,"
        " created_at, activated_at FROM generations WHERE collection_id = ? ORDER BY id"
    )
    return tuple(generation(row) for row in db.execute(query, (collection_id,)).fetchall())


def add_generation(
    db: sqlite3.Connection,
    collection_id: int,
    new: NewGeneration,
    state: GenerationState,
    synced_version: int | None = None,
    *,
    created_at: str,
) -> None:
    """Nothing where the collection has one of its fingerprint."""
    what = (new.table, new.model, new.weights, new.dim, new.fingerprint, state, synced_version)
    activated_at = created_at if state is GenerationState.ACTIVE else None
    db.execute(
        "INSERT INTO generations (collection_id, table_name, model, weights, dim, fingerprint,"
        " state, synced_version, created_at, activated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (collection_id, fingerprint) DO NOTHING",
        (collection_id, *what, created_at, activated_at),
    )


def set_synced_version(
    db: sqlite3.Connection, synced: SyncedVersion, *, only_newer: bool = False
) -> None:
    query = "UPDATE generations SET synced_version = :version WHERE id = :id"
    if only_newer:
        query += " AND coalesce(synced_version, 0) < :version"
    db.execute(query, {"version": synced.version, "id": synced.generation_id})
