"""The jobs of the ledger's in-memory twin, with their failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.access.sessions import SessionRecord
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.jobs.records import (
    FailureRecord,
    JobRecord,
    JobRequest,
    SavedProgress,
)
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL, may_move
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    JobNotFound,
    JobStateProblem,
)
from tests.memory_rows import ByteCache
from utils.contract import ErrorCode, JobCounts, JobState


def utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryJobs:
    """The half of `MemoryLedger` that knows of jobs."""

    def __init__(self, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._ids = count(1)
        self._allowed: set[bytes] = set()
        self._shelves: dict[int, ByteCache] = {}
        self._dropped: set[str] = set()
        self._jobs: dict[str, JobRecord] = {}  # counts and errors are set by a final state only
        self._sessions: dict[bytes, SessionRecord] = {}
        self._failures: dict[str, dict[FileKey, FailureRecord]] = {}

    async def create_job(self, job_id: str, collection_id: int, request: JobRequest) -> JobRecord:
        await checkpoint()
        if collection_id not in self._shelves:
            raise CollectionNotFound("The collection was deleted.")
        self._check_no_change(collection_id)
        now = self._clock()
        self._jobs[job_id] = JobRecord(
            id=job_id,
            collection_id=collection_id,
            request=request,
            state=JobState.QUEUED,
            reason=None,
            reason_code=None,
            counts=JobCounts(),
            errors_by_code={},
            progress=SavedProgress(),
            created_at=now,
            started_at=None,
            updated_at=now,
            finished_at=None,
        )
        self._failures[job_id] = {}
        shelf = self._shelves[collection_id]
        shelf.record = replace(shelf.record, last_job_id=job_id)
        return self._jobs[job_id]

    def _check_no_change(self, collection_id: int) -> None:
        if self._shelves[collection_id].record.root_changes:
            raise JobStateProblem("A root of the collection is being re-pointed or forgotten.")

    async def job(self, job_id: str) -> JobRecord | None:
        await checkpoint()
        return self._counted(job_id) if job_id in self._jobs else None

    async def jobs(self, *, limit: int, offset: int, id_prefix: str = "") -> list[JobRecord]:
        await checkpoint()
        named = [one for one in reversed(self._jobs) if one.startswith(id_prefix)]
        return [self._counted(one) for one in named[offset : offset + limit]]

    async def unfinished_jobs(self) -> list[JobRecord]:
        await checkpoint()
        return [self._counted(one.id) for one in self._jobs.values() if one.state not in FINAL]

    def _counted(self, job_id: str) -> JobRecord:
        job = self._jobs[job_id]
        if job.state in FINAL:
            return job
        rows = self._shelves[job.collection_id].files.values()
        outcomes = Counter(row.record.outcome for row in rows if row.record.job_id == job_id)
        counts = JobCounts(
            found=outcomes.total(), **{str(key): files for key, files in outcomes.items()}
        )
        errors = Counter(str(one.code) for one in self._failures[job_id].values())
        return replace(job, counts=counts, errors_by_code=dict(errors))

    def _open(self, job_id: str) -> JobRecord:
        if job_id not in self._jobs:
            raise JobNotFound(f"There is no job {job_id}.")
        if self._jobs[job_id].state in FINAL:
            raise JobStateProblem(f"The job {job_id} has ended.")
        return self._jobs[job_id]

    async def move_job(
        self,
        job_id: str,
        state: JobState,
        *,
        reason: str | None = None,
        reason_code: ErrorCode | None = None,
        progress: SavedProgress | None = None,
    ) -> JobRecord:
        await checkpoint()
        if job_id in self._jobs and self._jobs[job_id].state is state and state in FINAL:
            return self._jobs[job_id]
        before = self._open(job_id).state
        if not may_move(before, state):
            raise JobStateProblem(f"The job {job_id} is {before} and cannot be {state}.")
        now = self._clock()
        job = self._counted(job_id)  # what a final state freezes
        self._jobs[job_id] = replace(
            job,
            state=state,
            reason=reason,
            reason_code=reason_code,
            progress=progress or job.progress,
            started_at=job.started_at or (now if state is JobState.RUNNING else None),
            updated_at=now,
            finished_at=now if state in FINAL else None,
        )
        return self._jobs[job_id]

    async def prune_jobs(self, *, before: datetime) -> int:
        await checkpoint()
        retried = {job.request.retry_of for job in self._jobs.values() if job.state not in FINAL}
        newest = {job.collection_id: job.id for job in self._jobs.values()}
        old = [
            job
            for job in self._jobs.values()
            if job.finished_at is not None
            and job.finished_at < before
            and job.id not in retried
            and job.id != newest[job.collection_id]
        ]
        for job in old:
            del self._jobs[job.id], self._failures[job.id]
        return len(old)

    async def failures(
        self, job_id: str, *, limit: int, offset: int
    ) -> tuple[list[FailureRecord], int]:
        await checkpoint()
        listed = self._failures.get(job_id, {})
        ordered = sorted(
            listed, key=lambda key: (listed[key].display_path, key.root_id.bytes, key.path)
        )
        return [listed[key] for key in ordered[offset : offset + limit]], len(listed)

    async def failed_among(self, job_id: str, keys: Sequence[FileKey]) -> set[FileKey]:
        await checkpoint()
        return set(keys).intersection(self._failures.get(job_id, {}))

    async def add_session(self, session: SessionRecord) -> None:
        await checkpoint()
        kept = [one for one in self._sessions.values() if one.expires_at > session.created_at]
        kept = sorted(kept, key=lambda one: one.expires_at)[-999:]
        self._sessions = {one.token_hash: one for one in [*kept, session]}

    async def session(self, token_hash: bytes) -> SessionRecord | None:
        await checkpoint()
        return self._sessions.get(token_hash)

    async def end_session(self, token_hash: bytes) -> None:
        await checkpoint()
        self._sessions.pop(token_hash, None)
