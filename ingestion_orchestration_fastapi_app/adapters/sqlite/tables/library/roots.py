"""The table of roots: adding one, re-pointing and forgetting some."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import options_text, request_of
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import artefact_rows, job_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue import entries
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import collection_rows
from ingestion_orchestration_fastapi_app.domain.files.deletion import relative_range
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    deepest_root,
    display_text,
    is_within,
)
from ingestion_orchestration_fastapi_app.domain.files.roots import moved_path, overlaps
from ingestion_orchestration_fastapi_app.domain.jobs.moved_requests import moved_request
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.errors import JobStateProblem, RootNotFound, RootOverlap

_FILES_A_STEP = 20_000  # of a root that is forgotten: other writes wait for no more than these


class RootsTable(Repository):
    """Implements `RootRepository`."""

    @writes
    def add(self, db: sqlite3.Connection, collection_id: int, root: Root) -> None:
        collection_rows.check_there(db, collection_id)
        collection_rows.check_no_change(db, collection_id)
        db.execute(
            "INSERT OR IGNORE INTO roots (collection_id, root_id, path) VALUES (?, ?, ?)",
            (collection_id, root.id.bytes, root.path),
        )

    @writes
    def adopt(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        roots: Sequence[Root],
        *,
        identity: str | None,
    ) -> None:
        if identity is not None:
            query = "UPDATE OR IGNORE collections SET identity = ? WHERE id = ?"
            db.execute(query, (identity, collection_id))
        begun = collection_rows.root_changes(db, collection_id)
        for root in roots:
            there = _of_collection(db, collection_id)
            known = next((one for one in there if one.id == root.id), None)
            if known is None:
                query = "INSERT INTO roots (collection_id, root_id, path) VALUES (?, ?, ?)"
                db.execute(query, (collection_id, root.id.bytes, root.path))
            elif known != root and root.id not in begun:
                _move(db, collection_id, known, there, root.path)

    @writes
    def begin_changes(
        self, db: sqlite3.Connection, collection_id: int, changes: Mapping[UUID, bytes | None]
    ) -> None:
        collection_rows.check_there(db, collection_id)
        if collection_rows.root_changes(db, collection_id) == changes:
            return
        collection_rows.check_no_change(db, collection_id)
        for job in job_rows.unfinished(db):
            if job.collection_id == collection_id:
                raise JobStateProblem(
                    f"Job {job.id} of this collection is not finished: it is {job.state}. "
                    "Cancel it first, or let it end."
                )
        roots = _of_collection(db, collection_id)
        if changes.keys() - {root.id for root in roots}:
            raise RootNotFound("The collection has no such root any more.")
        moves = {root_id: path for root_id, path in changes.items() if path is not None}
        _check_overlaps(db, collection_id, roots, moves)
        db.executemany(
            "INSERT INTO root_changes (collection_id, root_id, path) VALUES (?, ?, ?)",
            [(collection_id, root_id.bytes, path) for root_id, path in changes.items()],
        )

    @writes
    def repeat_changes(
        self, db: sqlite3.Connection, collection_id: int, root_ids: Sequence[UUID]
    ) -> None:
        db.executemany(
            "INSERT OR IGNORE INTO root_changes (collection_id, root_id, path)"
            " SELECT collection_id, root_id, path FROM roots"
            " WHERE collection_id = ? AND root_id = ?",
            [(collection_id, root_id.bytes) for root_id in root_ids],
        )

    @writes
    def forget_points(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        point_ids: Sequence[UUID],
        *,
        synced: SyncedVersion,
    ) -> None:
        db.executemany(
            "DELETE FROM intents WHERE generation_id = ? AND point_id = ?",
            [(synced.generation_id, one.bytes) for one in point_ids],
        )
        artefact_rows.end_decoding(db, collection_id, point_ids)
        entries.delete(db, collection_id, point_ids)
        collection_rows.set_synced_version(db, synced)

    @writes
    def end_change(self, db: sqlite3.Connection, collection_id: int, root_id: UUID) -> bool:
        begun = collection_rows.root_changes(db, collection_id)
        if root_id not in begun:
            return True
        roots = _of_collection(db, collection_id)
        root = next(one for one in roots if one.id == root_id)
        path = begun[root_id]
        where = (collection_id, root_id.bytes)
        if path is None and _forgot_some(db, where):
            return False
        if path is None:
            for table in ("roots", "catalogue_folders"):
                db.execute(f"DELETE FROM {table} WHERE collection_id = ? AND root_id = ?", where)  # noqa: S608  # constants
            _move_folders(db, collection_id, root, roots, None)
        else:
            _move(db, collection_id, root, roots, path)
        db.execute("DELETE FROM root_changes WHERE collection_id = ? AND root_id = ?", where)
        return True


def _of_collection(db: sqlite3.Connection, collection_id: int) -> list[Root]:
    """By path."""
    query = "SELECT root_id, path FROM roots WHERE collection_id = ? ORDER BY path"
    rows = db.execute(query, (collection_id,)).fetchall()
    return [Root(UUID(bytes=root_id), path) for root_id, path in rows]


def _check_overlaps(
    db: sqlite3.Connection, collection_id: int, roots: Sequence[Root], moves: Mapping[UUID, bytes]
) -> None:
    """Roots may lie in each other, but not where the outer one has stored what is in the inner."""
    for moved, other in overlaps(roots, moves):
        inner, outer = (moved, other) if is_within(moved.path, other.path) else (other, moved)
        stored = _files_in(db, collection_id, outer, inner.path)
        if stored or inner.path == outer.path:
            raise RootOverlap(
                f"The collection has the root {display_text(other.path)} already, with {stored} "
                f"files in {display_text(inner.path)}: they would be found twice. Forget that "
                "root first."
            )


def _files_in(db: sqlite3.Connection, collection_id: int, root: Root, folder: bytes) -> int:
    """How many of the root's files lie in the folder, which is in the root."""
    found = relative_range(root.path, folder)
    assert found is not None, "the folder lies outside the root"
    low, high = found
    query = (
        "SELECT count(*) FROM files WHERE collection_id = ? AND root_id = ?"
        " AND path > ? AND (? IS NULL OR path < ?)"
    )
    given = (collection_id, root.id.bytes, low, high, high)
    return int(db.execute(query, given).fetchone()[0])


def _forgot_some(db: sqlite3.Connection, where: tuple[int, bytes]) -> bool:
    """Whether files of the root, or what was removed from it, were left to be deleted."""
    for table in ("files", "trash"):
        deleted = db.execute(
            f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table}"  # noqa: S608  # constants
            " WHERE collection_id = ? AND root_id = ? LIMIT ?)",
            (*where, _FILES_A_STEP),
        ).rowcount
        if deleted:
            return True
    return False


def _move(
    db: sqlite3.Connection, collection_id: int, root: Root, roots: Sequence[Root], path: bytes
) -> None:
    update = "UPDATE roots SET path = ? WHERE collection_id = ? AND root_id = ?"
    db.execute(update, (path, collection_id, root.id.bytes))
    _move_folders(db, collection_id, root, roots, path)
    _move_jobs(db, collection_id, root, roots, path)


def _move_folders(
    db: sqlite3.Connection,
    collection_id: int,
    root: Root,
    roots: Sequence[Root],
    path: bytes | None,
) -> None:
    """Watches and devices of the root's folders go where it goes, or go with it."""
    of_folders = (("watches", "directory"), ("devices", "path"), ("device_changes", "path"))
    for table, column in of_folders:
        query = f"SELECT {column} FROM {table} WHERE collection_id = ?"  # noqa: S608  # constants
        for (folder,) in db.execute(query, (collection_id,)).fetchall():
            if deepest_root(folder, roots) != root:
                continue
            if path is None:
                change = f"DELETE FROM {table} WHERE collection_id = ? AND {column} = ?"  # noqa: S608  # constants
                db.execute(change, (collection_id, folder))
            else:
                change = (
                    f"UPDATE OR REPLACE {table} SET {column} = ?"  # noqa: S608  # constants
                    f" WHERE collection_id = ? AND {column} = ?"
                )
                db.execute(change, (moved_path(folder, root.path, path), collection_id, folder))


def _move_jobs(
    db: sqlite3.Connection, collection_id: int, root: Root, roots: Sequence[Root], path: bytes
) -> None:
    """Ended jobs, so that the files that failed in one can be tried again where they are now."""
    query = "SELECT number, directory, options FROM jobs WHERE collection_id = ?"
    for number, directory, options in db.execute(query, (collection_id,)).fetchall():
        asked = request_of("", "", None, directory, options)
        moved = moved_request(asked, root, roots, path)
        if moved != asked:
            db.execute(
                "UPDATE jobs SET directory = ?, options = ? WHERE number = ?",
                (moved.directory, options_text(moved), number),
            )
