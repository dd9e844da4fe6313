"""The tables of dismissals: contents that are no duplicates of each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import clean
from ingestion_orchestration_fastapi_app.domain.duplicates.dismissing import check_room
from ingestion_orchestration_fastapi_app.domain.duplicates.records import Dismissal

_SHOWN_CONTENTS = 10  # of a dismissal in a list
_IN_SHOWN_RUN = """
SELECT 1 FROM duplicate_groups g JOIN duplicate_runs r ON r.id = g.run_id AND r.state = 'shown'
WHERE g.id = ? AND r.collection_id = ?
"""
_KEEP = """
INSERT OR IGNORE INTO dismissed_contents (dismissal_id, collection_id, sha256)
SELECT ?, collection_id, sha256 FROM duplicate_members WHERE group_id = ?
"""


# Its group is put aside for as long as its search is shown.
_SET_ASIDE = """
INSERT INTO dismissed_groups (dismissal_id, collection_id, group_id, run_id, class)
SELECT ?, collection_id, id, run_id, class FROM duplicate_groups WHERE id = ?
"""
_BRING_BACK = """
INSERT INTO duplicate_groups (id, collection_id, run_id, class)
SELECT group_id, collection_id, run_id, class FROM dismissed_groups WHERE dismissal_id = ?
"""


class DismissalsTable(Repository):
    """Implements `DismissalRepository`."""

    @writes
    def dismiss(
        self, db: sqlite3.Connection, collection_id: int, group_id: int, name: str
    ) -> int | None:
        if db.execute(_IN_SHOWN_RUN, (group_id, collection_id)).fetchone() is None:
            return None
        made = db.execute(
            "INSERT INTO dismissals (collection_id, name, at) VALUES (?, ?, ?)",
            (collection_id, clean(name), self.database.clock().isoformat()),
        ).lastrowid
        assert made is not None
        db.execute(_KEEP, (made, group_id))
        query = "SELECT count(*) FROM dismissed_contents WHERE collection_id = ?"
        check_room(db.execute(query, (collection_id,)).fetchone()[0])  # else all is taken back
        db.execute(_SET_ASIDE, (made, group_id))
        db.execute("DELETE FROM duplicate_groups WHERE id = ?", (group_id,))
        return made

    @reads
    def page(
        self, db: sqlite3.Connection, collection_id: int, *, after: int, limit: int
    ) -> list[Dismissal]:
        query = (
            "SELECT id, name, at FROM dismissals WHERE collection_id = ? AND id > ?"
            " ORDER BY id LIMIT ?"
        )
        contents = (
            "SELECT sha256 FROM dismissed_contents WHERE dismissal_id = ? ORDER BY sha256 LIMIT ?"
        )
        return [
            Dismissal(
                number,
                [row[0] for row in db.execute(contents, (number, _SHOWN_CONTENTS)).fetchall()],
                name,
                datetime.fromisoformat(at),
            )
            for number, name, at in db.execute(query, (collection_id, after, limit)).fetchall()
        ]

    @reads
    def sets(self, db: sqlite3.Connection, collection_id: int) -> Sequence[tuple[int, bytes]]:
        query = "SELECT dismissal_id, sha256 FROM dismissed_contents WHERE collection_id = ?"
        return db.execute(query, (collection_id,)).fetchall()

    @writes
    def take_back(self, db: sqlite3.Connection, collection_id: int, dismissal_id: int) -> bool:
        query = "DELETE FROM dismissals WHERE id = ? AND collection_id = ?"
        was_there = db.execute(query, (dismissal_id, collection_id)).rowcount > 0
        if was_there:
            query = "DELETE FROM dismissed_contents WHERE dismissal_id = ?"
            db.execute(query, (dismissal_id,))
            db.execute(_BRING_BACK, (dismissal_id,))
            db.execute("DELETE FROM dismissed_groups WHERE dismissal_id = ?", (dismissal_id,))
        return was_there
