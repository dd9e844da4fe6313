"""The tables of browsers that logged in, and of folders that users allowed."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row
from ingestion_orchestration_fastapi_app.domain.access.sessions import SessionRecord

KEPT = 1000  # the one that ends first makes room


class SessionsTable(Repository):
    """Implements `SessionRepository`."""

    @writes
    def add(self, db: sqlite3.Connection, session: SessionRecord) -> None:
        db.execute("DELETE FROM sessions WHERE expires_at <= ?", (session.created_at.isoformat(),))
        db.execute(
            "DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions"
            " ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
            (KEPT - 1,),
        )
        db.execute(
            "INSERT INTO sessions (token_hash, scopes, created_at, expires_at) VALUES (?, ?, ?, ?)",
            (
                session.token_hash,
                " ".join(session.scopes),
                session.created_at.isoformat(),
                session.expires_at.isoformat(),
            ),
        )

    @reads
    def find(self, db: sqlite3.Connection, token_hash: bytes) -> SessionRecord | None:
        query = "SELECT scopes, created_at, expires_at FROM sessions WHERE token_hash = ?"
        row: Row | None = db.execute(query, (token_hash,)).fetchone()
        if row is None:
            return None
        created_at, expires_at = map(datetime.fromisoformat, row[1:])
        return SessionRecord(token_hash, tuple(row[0].split()), created_at, expires_at)

    @writes
    def end(self, db: sqlite3.Connection, token_hash: bytes) -> None:
        db.execute("DELETE FROM sessions WHERE token_hash = ?", (token_hash,))


class AllowedRootsTable(Repository):
    """Implements `AllowedRootRepository`."""

    @reads
    def list_all(self, db: sqlite3.Connection) -> list[bytes]:
        return [row[0] for row in db.execute("SELECT path FROM allowed_roots ORDER BY path")]

    @writes
    def add(self, db: sqlite3.Connection, path: bytes) -> None:
        db.execute("INSERT OR IGNORE INTO allowed_roots (path) VALUES (?)", (path,))

    @writes
    def remove(self, db: sqlite3.Connection, path: bytes) -> None:
        db.execute("DELETE FROM allowed_roots WHERE path = ?", (path,))
