"""The half of the SQLite ledger that knows of jobs: its connections, its clock, its jobs."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.adapters.sqlite import faults
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import (
    failures_table,
    history,
    jobs_table,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.writer import Work, Writer
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.jobs.records import (
    FailureRecord,
    JobRecord,
    JobRequest,
    SavedProgress,
)
from utils.contract import ErrorCode, JobState

T = TypeVar("T")
Clock = Callable[[], datetime]


class SqliteJobs:
    """What `SqliteLedger` is made of besides files and collections."""

    def __init__(
        self,
        writer: Writer,
        readers: Sequence[sqlite3.Connection],
        limiter: CapacityLimiter,
        clock: Clock,
    ) -> None:
        self._write = writer.write
        self._readers = list(readers)  # the idle ones; the limiter lets no more in than there are
        self._limiter = limiter
        self._clock = clock
        self._runs = itertools.count()

    async def _read(self, work: Work[T]) -> T:
        """Runs `work` in a worker thread, in one snapshot."""
        return await to_thread.run_sync(self._snapshot, work, limiter=self._limiter)

    def _snapshot(self, work: Work[T]) -> T:
        connection = self._readers.pop()
        try:
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                if connection.in_transaction:  # SQLite itself ends it after some of its errors
                    connection.execute("ROLLBACK")
        except sqlite3.Error as exc:
            if faults.is_outside(exc):
                raise faults.problem(exc) from exc
            raise
        finally:
            self._readers.append(connection)

    async def create_job(self, job_id: str, collection_id: int, request: JobRequest) -> JobRecord:
        now = self._clock()
        return await self._write(
            lambda db: jobs_table.create(db, job_id, collection_id, request, now)
        )

    async def job(self, job_id: str) -> JobRecord | None:
        return await self._read(lambda db: jobs_table.by_id(db, job_id))

    async def jobs(self, *, limit: int, offset: int, id_prefix: str = "") -> list[JobRecord]:
        return await self._read(lambda db: jobs_table.newest(db, limit, offset, id_prefix))

    async def unfinished_jobs(self) -> list[JobRecord]:
        return await self._read(jobs_table.unfinished)

    async def move_job(
        self,
        job_id: str,
        state: JobState,
        *,
        reason: str | None = None,
        reason_code: ErrorCode | None = None,
        progress: SavedProgress | None = None,
    ) -> JobRecord:
        """Raises JobNotFound; JobStateProblem where `job_states` has no such move."""
        now = self._clock()
        return await self._write(
            lambda db: jobs_table.move(
                db,
                job_id,
                state,
                reason=reason,
                reason_code=reason_code,
                progress=progress,
                now=now,
            )
        )

    async def prune_jobs(self, *, before: datetime) -> int:
        return await self._write(lambda db: history.prune(db, before))

    async def failures(
        self, job_id: str, *, limit: int, offset: int
    ) -> tuple[list[FailureRecord], int]:
        return await self._read(lambda db: failures_table.page(db, job_id, limit, offset))

    async def failed_among(self, job_id: str, keys: Sequence[FileKey]) -> set[FileKey]:
        return await self._read(lambda db: failures_table.among(db, job_id, keys))
