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
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import (
    artefact_rows,
    file_rows,
    job_rows,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import collection_rows
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from utils.problems import Problem

_DELETE = "removed"  # the outcome of an intent to delete a point, as against one to write it
# Of a file `f`; the model stands last.
_HAS_POINT = """ AND EXISTS (SELECT 1 FROM artefacts a WHERE a.file_id = f.id
    AND a.kind = 'vector' AND a.state IN ('stored', 'stale') AND a.model = ?)"""
_UNKNOWN = f"""
INSERT OR IGNORE INTO intents (generation_id, point_id)
SELECT ?, t.point_id FROM temp.stored_ids t WHERE t.run = ? AND NOT EXISTS (
    SELECT 1 FROM files f WHERE f.collection_id = ? AND f.point_id = t.point_id{_HAS_POINT})
"""  # noqa: S608  # constants
_NOT_LISTED = """SELECT f.id FROM files f WHERE f.collection_id = ? AND NOT EXISTS (
    SELECT 1 FROM temp.stored_ids t WHERE t.run = ? AND t.point_id = f.point_id)"""
_AT_POINT = "SELECT f.id FROM files f WHERE f.collection_id = ? AND f.point_id = ?"
# A stale point's model may have refused the newer content: that is known without the point, too.
_STILL_REFUSED = """
UPDATE artefacts SET state = 'failed' WHERE kind = 'vector' AND model = ? AND state = 'stale'
    AND code IS NOT NULL AND file_id IN ({files})
"""
_NOT_STORED = """
DELETE FROM artefacts WHERE kind = 'vector' AND model = ? AND state IN ('stored', 'stale')
    AND file_id IN ({files})
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
        generation_id: int,
        outcomes: Mapping[UUID, Outcome],
    ) -> None:
        number = job_rows.open_number(db, job_id)
        db.executemany(
            "INSERT OR REPLACE INTO intents (generation_id, point_id, job_number, outcome)"
            " VALUES (?, ?, ?, ?)",
            [
                (generation_id, point_id.bytes, number, outcome)
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
        self, db: sqlite3.Connection, generation_id: int, point_ids: Sequence[UUID]
    ) -> set[UUID]:
        found = _stored(db, generation_id, point_ids)
        for chunk in file_rows.chunks(point_ids):
            query = (
                "SELECT point_id FROM intents WHERE generation_id = ?"  # noqa: S608  # marks only
                f" AND point_id IN ({file_rows.marks(len(chunk))})"
            )
            rows = db.execute(query, (generation_id, *(one.bytes for one in chunk)))
            found.update(UUID(bytes=row[0]) for row in rows)
        return found

    @writes
    def begin_delete(
        self, db: sqlite3.Connection, generation_id: int, point_ids: Sequence[UUID]
    ) -> None:
        # Without a job's number: no job counts these as its own writes.
        db.executemany(
            "INSERT OR REPLACE INTO intents (generation_id, point_id, job_number, outcome)"
            " VALUES (?, ?, NULL, ?)",
            [(generation_id, one.bytes, _DELETE) for one in point_ids],
        )

    @reads
    def pending_deletes(
        self, db: sqlite3.Connection, generation_id: int, *, limit: int
    ) -> list[UUID]:
        collection_id, _ = _generation(db, generation_id)
        query = (
            "SELECT i.point_id FROM intents i WHERE i.generation_id = ? AND i.outcome = ?"  # noqa: S608  # a constant
            " AND NOT EXISTS (SELECT 1 FROM files f"
            " WHERE f.collection_id = ? AND f.point_id = i.point_id"
            f" AND NOT {artefact_rows.IS_REMOVED}) LIMIT ?"
        )
        rows = db.execute(query, (generation_id, _DELETE, collection_id, limit))
        return [UUID(bytes=row[0]) for row in rows]

    @writes
    def end_delete(
        self, db: sqlite3.Connection, synced: SyncedVersion, point_ids: Sequence[UUID]
    ) -> None:
        artefact_rows.end_intents_of(db, synced.generation_id, point_ids)
        collection_rows.set_synced_version(db, synced)

    @reads
    def surely_stored(
        self, db: sqlite3.Connection, generation_id: int, point_ids: Sequence[UUID]
    ) -> set[UUID]:
        return _stored(
            db,
            generation_id,
            point_ids,
            but=" AND NOT EXISTS (SELECT 1 FROM intents i"
            " WHERE i.generation_id = ? AND i.point_id = f.point_id)",
        )

    @reads
    def count_stored(self, db: sqlite3.Connection, generation_id: int) -> int:
        query = (  # by row: in another order each file's artefacts would lie somewhere else
            "SELECT count(*) FROM files f"  # noqa: S608  # a constant
            f" WHERE f.id > 0 AND +f.collection_id = ?{_HAS_POINT}"
        )
        return int(db.execute(query, _generation(db, generation_id)).fetchone()[0])

    @writes
    def correct(
        self,
        db: sqlite3.Connection,
        generation_id: int,
        *,
        lost: Sequence[UUID],
        unknown: Sequence[UUID],
    ) -> None:
        collection_id, model = _generation(db, generation_id)
        for one in lost:
            _disbelieve(db, model, _AT_POINT, collection_id, one.bytes)
        db.executemany(
            "INSERT OR IGNORE INTO intents (generation_id, point_id) VALUES (?, ?)",
            [(generation_id, one.bytes) for one in (*lost, *unknown)],
        )

    async def reconcile(
        self, generation_id: int, stored_ids: AsyncIterator[Sequence[UUID]]
    ) -> tuple[int, int]:
        run = next(self._runs)
        try:
            async for ids in stored_ids:
                await self._note_stored(run, ids)
            return await self._compare(run, generation_id)
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
    def _compare(self, db: sqlite3.Connection, run: int, generation_id: int) -> tuple[int, int]:
        collection_id, model = _generation(db, generation_id)
        unknown = db.execute(_UNKNOWN, (generation_id, run, collection_id, model)).rowcount
        return unknown, _disbelieve(db, model, _NOT_LISTED, collection_id, run)

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
        artefact_rows.end_decoding(db, collection_id, ended)
        db.executemany(
            "INSERT OR REPLACE INTO decode_starts (collection_id, point_id, version, alone)"
            " VALUES (?, ?, ?, ?)",
            [(collection_id, one.point_id.bytes, one.version, one.alone) for one in begun],
        )


def _generation(db: sqlite3.Connection, generation_id: int) -> tuple[int, str]:
    """Its collection and its model; of one that was removed meanwhile, none that has files."""
    query = "SELECT collection_id, fingerprint FROM generations WHERE id = ?"
    row: tuple[int, str] | None = db.execute(query, (generation_id,)).fetchone()
    return row or (0, "")


def _stored(
    db: sqlite3.Connection, generation_id: int, point_ids: Sequence[UUID], *, but: str = ""
) -> set[UUID]:
    """`but`: takes the generation once more."""
    collection_id, model = _generation(db, generation_id)
    found: set[UUID] = set()
    for chunk in file_rows.chunks(point_ids):
        query = (
            "SELECT f.point_id FROM files f WHERE f.collection_id = ?"  # noqa: S608  # constants
            f" AND f.point_id IN ({file_rows.marks(len(chunk))}){_HAS_POINT}{but}"
        )
        more = (generation_id,) if but else ()
        rows = db.execute(query, (collection_id, *(one.bytes for one in chunk), model, *more))
        found.update(UUID(bytes=row[0]) for row in rows)
    return found


def _disbelieve(db: sqlite3.Connection, model: str, files: str, *given: object) -> int:
    """Of how many files a point was believed that is not there: they will be opened."""
    changes = (statement.format(files=files) for statement in (_STILL_REFUSED, _NOT_STORED))
    return sum(db.execute(change, (model, *given)).rowcount for change in changes)
