"""The table of jobs and of their failures."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import (
    Row,
    clean,
    failure_record,
    options_text,
    progress_text,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import (
    file_rows,
    job_items,
    job_rows,
    selected_jobs,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import collection_rows
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, Outcome
from ingestion_orchestration_fastapi_app.domain.jobs.records import (
    Checkpoint,
    FailureRecord,
    JobRecord,
    JobRequest,
    JobSelection,
    SavedProgress,
)
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL, may_move
from ingestion_orchestration_fastapi_app.domain.library.collection import NO_COLLECTION
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, JobStateProblem
from utils.contract import ErrorCode, JobState

# Never the newest of a collection, never one whose failures an unfinished job tries again, nor one
# that can be undone.
_OLD = """
SELECT number FROM jobs j WHERE finished_at < ?1
AND number < (SELECT max(number) FROM jobs n WHERE n.collection_id = j.collection_id)
AND NOT EXISTS (
    SELECT 1 FROM jobs r WHERE r.finished_at IS NULL
    AND json_extract(r.options, '$.retry_of') = j.id)
AND NOT EXISTS (SELECT 1 FROM trash t WHERE t.job_number = j.number)
"""


class JobsTable(Repository):
    """Implements `JobRepository`."""

    @writes
    def create(
        self, db: sqlite3.Connection, job_id: str, collection_id: int, request: JobRequest
    ) -> JobRecord:
        now = self.database.clock()
        is_there = db.execute("SELECT 1 FROM collections WHERE id = ?", (collection_id,)).fetchone()
        if not is_there and collection_id != NO_COLLECTION:
            raise CollectionNotFound(f"The collection {request.collection!r} was deleted.")
        collection_rows.check_no_change(db, collection_id)
        at = now.isoformat()
        cursor = db.execute(
            "INSERT INTO jobs (id, collection_id, kind, lane, directory, options, state, progress,"
            " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                job_id,
                collection_id,
                request.kind,
                request.lane,
                request.directory,
                options_text(request),
                JobState.QUEUED,
                progress_text(SavedProgress()),
                at,
                at,
            ),
        )
        db.executemany(
            "INSERT INTO job_counts (job_number, outcome, files) VALUES (?, ?, 0)",
            [(cursor.lastrowid, outcome) for outcome in Outcome],
        )
        return job_rows.existing(db, job_id)

    @reads
    def find(self, db: sqlite3.Connection, job_id: str) -> JobRecord | None:
        row: Row | None = db.execute(f"{job_rows.SELECT} WHERE j.id = ?", (job_id,)).fetchone()
        return None if row is None else job_rows.record(db, row)

    @reads
    def list_newest(
        self, db: sqlite3.Connection, *, limit: int, offset: int, kind: str | None = None
    ) -> list[JobRecord]:
        return selected_jobs.page(db, JobSelection(kind=kind), limit=limit, offset=offset)

    @reads
    def page(
        self, db: sqlite3.Connection, selection: JobSelection, *, limit: int, offset: int
    ) -> tuple[list[JobRecord], int]:
        found = selected_jobs.page(db, selection, limit=limit, offset=offset)
        return found, selected_jobs.count(db, selection)

    @reads
    def list_unfinished(self, db: sqlite3.Connection) -> list[JobRecord]:
        return job_rows.unfinished(db)

    @writes
    def move(
        self,
        db: sqlite3.Connection,
        job_id: str,
        state: JobState,
        *,
        reason: str | None = None,
        reason_code: ErrorCode | None = None,
        progress: SavedProgress | None = None,
    ) -> JobRecord:
        now = self.database.clock()
        before = job_rows.existing(db, job_id)
        if before.state is state and state in FINAL:  # asked again, perhaps after a restart
            return before
        if not may_move(before.state, state):
            raise JobStateProblem(f"The job {job_id} is {before.state} and cannot be {state}.")
        at = now.isoformat()
        db.execute(
            "UPDATE jobs SET state = ?, reason = ?, reason_code = ?, updated_at = ?,"
            " started_at = coalesce(started_at, ?), finished_at = ? WHERE id = ?",
            (
                state,
                None if reason is None else clean(reason),
                reason_code,
                at,
                at if state is JobState.RUNNING else None,
                at if state in FINAL else None,
                job_id,
            ),
        )
        if progress is not None:
            job_rows.save(db, job_id, progress)
        if state in FINAL:
            job_rows.freeze(db, job_id)
        return job_rows.existing(db, job_id)

    @writes
    def save_checkpoint(
        self, db: sqlite3.Connection, job_id: str, checkpoint: Checkpoint, progress: SavedProgress
    ) -> None:
        job_rows.open_number(db, job_id)
        job_rows.save_checkpoint(db, job_id, checkpoint)
        job_rows.touch(db, job_id, self.database.clock(), progress=progress)

    async def prune(self, *, before: datetime) -> int:
        while await self._forget_items():
            pass
        return await self._forget_jobs(before)

    @writes
    def _forget_items(self, db: sqlite3.Connection) -> bool:
        return job_items.forget_some(db)

    @writes
    def _forget_jobs(self, db: sqlite3.Connection, before: datetime) -> int:
        numbers = db.execute(_OLD, (before.isoformat(),)).fetchall()
        db.executemany("DELETE FROM failures WHERE job_number = ?", numbers)
        db.executemany("DELETE FROM jobs WHERE number = ?", numbers)
        return len(numbers)

    @reads
    def failures(
        self,
        db: sqlite3.Connection,
        job_id: str,
        *,
        limit: int,
        offset: int,
        codes: Collection[ErrorCode] = (),
    ) -> tuple[list[FailureRecord], int]:
        row: Row | None = db.execute("SELECT number FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            return [], 0
        chosen, given = "job_number = ?", (row[0], *codes)
        if codes:
            chosen += f" AND code IN ({file_rows.marks(len(codes))})"
        query = (
            "SELECT root_id, path, display_path, code, detail, at FROM failures"  # noqa: S608  # marks only
            f" WHERE {chosen} ORDER BY display_path, root_id, path LIMIT ? OFFSET ?"
        )
        rows = db.execute(query, (*given, limit, offset)).fetchall()
        query = f"SELECT count(*) FROM failures WHERE {chosen}"  # noqa: S608  # marks only
        return [failure_record(one) for one in rows], db.execute(query, given).fetchone()[0]

    @reads
    def failed_keys(
        self, db: sqlite3.Connection, job_id: str, keys: Sequence[FileKey]
    ) -> set[FileKey]:
        query = (
            "SELECT 1 FROM failures WHERE root_id = ? AND path = ?"
            " AND job_number = (SELECT number FROM jobs WHERE id = ?)"
        )
        # By primary key, each in microseconds: a retry only, where nothing else is slow.
        return {
            key
            for key in keys
            if db.execute(query, (key.root_id.bytes, key.path, job_id)).fetchone()
        }
