"""Statements that square the ledger with what the vector store really holds. Blocking.

The store's ids go into a temporary table of the writer's connection, on the disk where they are
many; a number keeps two runs apart.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from uuid import UUID

_UNKNOWN = """
INSERT OR IGNORE INTO intents (collection_id, point_id)
SELECT ?1, t.point_id FROM temp.stored_ids t
WHERE t.run = ?2 AND NOT EXISTS (
    SELECT 1 FROM files f WHERE f.collection_id = ?1 AND f.point_id = t.point_id
    AND f.stored_fingerprint IS NOT NULL)
"""
# A file that counted as stored was never judged, as far as anyone knows now: also a job that
# judged it before a restart opens it again.
_LOST = """
UPDATE files SET
    stored_fingerprint = NULL, stale = 0, judged_at = iif(verdict = 'stored', NULL, judged_at),
    settled = iif(verdict = 'stored', 0, settled), sha256 = iif(verdict = 'stored', NULL, sha256),
    size_bytes = iif(verdict = 'stored', NULL, size_bytes),
    mtime_ns = iif(verdict = 'stored', NULL, mtime_ns),
    ctime_ns = iif(verdict = 'stored', NULL, ctime_ns),
    verdict = nullif(verdict, 'stored')
WHERE collection_id = ?1 AND stored_fingerprint IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM temp.stored_ids t WHERE t.run = ?2 AND t.point_id = files.point_id)
"""


def prepare(db: sqlite3.Connection) -> None:
    db.execute(
        "CREATE TEMP TABLE IF NOT EXISTS stored_ids"
        " (run INTEGER, point_id BLOB, PRIMARY KEY (run, point_id)) WITHOUT ROWID"
    )


def note(db: sqlite3.Connection, run: int, ids: Sequence[UUID]) -> None:
    db.executemany(
        "INSERT OR IGNORE INTO temp.stored_ids (run, point_id) VALUES (?, ?)",
        [(run, one.bytes) for one in ids],
    )


def square(db: sqlite3.Connection, run: int, collection_id: int) -> tuple[int, int]:
    """How many ids became intents, and how many points are no longer believed."""
    unknown = db.execute(_UNKNOWN, (collection_id, run)).rowcount
    lost = db.execute(_LOST, (collection_id, run)).rowcount
    return unknown, lost


def forget(db: sqlite3.Connection, run: int) -> None:
    db.execute("DELETE FROM temp.stored_ids WHERE run = ?", (run,))
