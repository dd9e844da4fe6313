"""The tables of intents and of decodings that began, and what the vector store holds.

The store's ids go into a temporary table of the writer's connection, on the disk where they are
many; a number keeps two runs apart.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

from anyio import CancelScope

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import (
    Database,
    Repository,
    reads,
    writes,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows, job_rows
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from utils.problems import Problem

_DELETE = "removed"  # the outcome of an intent to delete a point, as against one to write it
_UNKNOWN = """
INSERT OR IGNORE INTO intents (collection_id, point_id)
SELECT ?1, t.point_id FROM temp.stored_ids t
WHERE t.run = ?2 AND NOT EXISTS (
    SELECT 1 FROM files f WHERE f.collection_id = ?1 AND f.point_id = t.point_id
    AND f.stored_fingerprint IS NOT NULL)
"""
# A file that counted as stored was never judged, as far as anyone knows now: also a job that
# judged it before a restart opens it again.
_NOT_STORED = """
UPDATE files SET
    stored_fingerprint = NULL, stale = 0, judged_at = iif(verdict = 'stored', NULL, judged_at),
    mtime_trusted = iif(verdict = 'stored', 0, mtime_trusted),
    sha256 = iif(verdict = 'stored', NULL, sha256),
    size_bytes = iif(verdict = 'stored', NULL, size_bytes),
    mtime_ns = iif(verdict = 'stored', NULL, mtime_ns),
    ctime_ns = iif(verdict = 'stored', NULL, ctime_ns),
    verdict = nullif(verdict, 'stored')
WHERE collection_id = ?1 AND stored_fingerprint IS NOT NULL
"""
_NOT_LISTED = """ AND NOT EXISTS (
    SELECT 1 FROM temp.stored_ids t WHERE t.run = ?2 AND t.point_id = files.point_id)
"""


def prepare(db: sqlite3.Connection) -> None:
    db.execute(
        "CREATE TEMP TABLE IF NOT EXISTS stored_ids"
        " (run INTEGER, point_id BLOB, PRIMARY KEY (run, point_id)) WITHOUT ROWID"
    )


class ArtefactsTable(Repository):
    """Implements `ArtefactRepository`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._runs = itertools.count()

    @writes
    def begin_write(
        self,
        db: sqlite3.Connection,
        job_id: str,
        collection_id: int,
        outcomes: Mapping[UUID, Outcome],
    ) -> None:
        number = job_rows.open_number(db, job_id)
        db.executemany(
            "INSERT OR REPLACE INTO intents (collection_id, point_id, job_number, outcome)"
            " VALUES (?, ?, ?, ?)",
            [
                (collection_id, point_id.bytes, number, outcome)
                for point_id, outcome in outcomes.items()
            ],
        )

    @reads
    def pending_writes(self, db: sqlite3.Connection, job_id: str) -> dict[UUID, Outcome]:
        query = "SELECT point_id, outcome FROM intents WHERE job_number = ?"
        rows = db.execute(query, (job_rows.open_number(db, job_id),))
        return {UUID(bytes=point_id): Outcome(outcome) for point_id, outcome in rows}

    @reads
    def maybe_written(
        self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]
    ) -> set[UUID]:
        found: set[UUID] = set()
        for chunk in file_rows.chunks(point_ids):
            marks = file_rows.marks(len(chunk))
            given = (collection_id, *(point_id.bytes for point_id in chunk))
            for query in (
                f"SELECT point_id FROM intents WHERE collection_id = ? AND point_id IN ({marks})",  # noqa: S608  # marks only
                f"SELECT point_id FROM files WHERE collection_id = ? AND point_id IN ({marks})"  # noqa: S608  # marks only
                " AND stored_fingerprint IS NOT NULL",
            ):
                found.update(UUID(bytes=row[0]) for row in db.execute(query, given))
        return found

    @writes
    def begin_delete(
        self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]
    ) -> None:
        # Without a job's number: no job counts these as its own writes.
        db.executemany(
            "INSERT OR REPLACE INTO intents (collection_id, point_id, job_number, outcome)"
            " VALUES (?, ?, NULL, ?)",
            [(collection_id, one.bytes, _DELETE) for one in point_ids],
        )

    @reads
    def surely_stored(
        self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]
    ) -> set[UUID]:
        found: set[UUID] = set()
        for chunk in file_rows.chunks(point_ids):
            query = (
                "SELECT point_id FROM files f WHERE collection_id = ?"  # noqa: S608  # marks only
                f" AND point_id IN ({file_rows.marks(len(chunk))})"
                " AND stored_fingerprint IS NOT NULL AND NOT EXISTS (SELECT 1 FROM intents i"
                " WHERE i.collection_id = f.collection_id AND i.point_id = f.point_id)"
            )
            rows = db.execute(query, (collection_id, *(one.bytes for one in chunk)))
            found.update(UUID(bytes=row[0]) for row in rows)
        return found

    @writes
    def correct(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        *,
        lost: Sequence[UUID],
        unknown: Sequence[UUID],
    ) -> None:
        not_stored = f"{_NOT_STORED} AND point_id = ?2"
        db.executemany(not_stored, [(collection_id, one.bytes) for one in lost])
        db.executemany(
            "INSERT OR IGNORE INTO intents (collection_id, point_id) VALUES (?, ?)",
            [(collection_id, one.bytes) for one in (*lost, *unknown)],
        )

    async def reconcile(
        self, collection_id: int, stored_ids: AsyncIterator[Sequence[UUID]]
    ) -> tuple[int, int]:
        run = next(self._runs)
        try:
            async for ids in stored_ids:
                await self._note_stored(run, ids)
            return await self._compare(run, collection_id)
        finally:
            # One short write; rows that it leaves bear a number that is not used again.
            with CancelScope(shield=True), suppress(Problem):
                await self._forget_run(run)

    @writes
    def _note_stored(self, db: sqlite3.Connection, run: int, ids: Sequence[UUID]) -> None:
        db.executemany(
            "INSERT OR IGNORE INTO temp.stored_ids (run, point_id) VALUES (?, ?)",
            [(run, one.bytes) for one in ids],
        )

    @writes
    def _compare(self, db: sqlite3.Connection, run: int, collection_id: int) -> tuple[int, int]:
        unknown = db.execute(_UNKNOWN, (collection_id, run)).rowcount
        lost = db.execute(_NOT_STORED + _NOT_LISTED, (collection_id, run)).rowcount
        return unknown, lost

    @writes
    def _forget_run(self, db: sqlite3.Connection, run: int) -> None:
        db.execute("DELETE FROM temp.stored_ids WHERE run = ?", (run,))

    @reads
    def decode_starts(self, db: sqlite3.Connection, collection_id: int) -> dict[UUID, DecodeStart]:
        query = "SELECT point_id, version, alone FROM decode_starts WHERE collection_id = ?"
        starts = [
            DecodeStart(UUID(bytes=point_id), version, alone)
            for point_id, version, alone in db.execute(query, (collection_id,))
        ]
        return {start.point_id: start for start in starts}

    @writes
    def note_decoding(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        begun: Sequence[DecodeStart],
        ended: Iterable[UUID],
    ) -> None:
        end_decoding(db, collection_id, ended)
        db.executemany(
            "INSERT OR REPLACE INTO decode_starts (collection_id, point_id, version, alone)"
            " VALUES (?, ?, ?, ?)",
            [(collection_id, one.point_id.bytes, one.version, one.alone) for one in begun],
        )


def end_decoding(db: sqlite3.Connection, collection_id: int, point_ids: Iterable[UUID]) -> None:
    db.executemany(
        "DELETE FROM decode_starts WHERE collection_id = ? AND point_id = ?",
        [(collection_id, one.bytes) for one in point_ids],
    )
