"""Statements that forget old jobs. Blocking."""

from __future__ import annotations

import sqlite3
from datetime import datetime

# Never the newest of a collection, and never one whose failures an unfinished job tries again.
_OLD = """
SELECT number FROM jobs j WHERE finished_at < ?1
AND number < (SELECT max(number) FROM jobs n WHERE n.collection_id = j.collection_id)
AND NOT EXISTS (
    SELECT 1 FROM jobs r WHERE r.finished_at IS NULL
    AND json_extract(r.options, '$.retry_of') = j.id)
"""


def prune(db: sqlite3.Connection, before: datetime) -> int:
    """Jobs that ended before that moment, with their failures; says how many."""
    numbers = db.execute(_OLD, (before.isoformat(),)).fetchall()
    db.executemany("DELETE FROM failures WHERE job_number = ?", numbers)
    db.executemany("DELETE FROM jobs WHERE number = ?", numbers)
    return len(numbers)
