"""Jobs, with their failures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from anyio.lowlevel import checkpoint as turn

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
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
from tests.memory_ledger.state import Items, State
from utils.contract import ErrorCode, JobCounts, JobState


class MemoryJobs:
    """Implements `JobRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def create(self, job_id: str, collection_id: int, request: JobRequest) -> JobRecord:
        await turn()
        kept = self._state.collections.get(collection_id)
        if kept is None and collection_id != NO_COLLECTION:
            raise CollectionNotFound("The collection was deleted.")
        if kept is not None:
            self._state.check_no_change(collection_id)
        now = self._state.clock()
        self._state.jobs[job_id] = JobRecord(
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
        self._state.failures[job_id] = {}
        self._state.items[job_id] = Items()
        if kept is not None:
            kept.record = replace(kept.record, last_job_id=job_id)
        return self._state.jobs[job_id]

    async def find(self, job_id: str) -> JobRecord | None:
        await turn()
        return self._state.counted(job_id) if job_id in self._state.jobs else None

    async def list_newest(
        self, *, limit: int, offset: int, kind: str | None = None
    ) -> list[JobRecord]:
        found, _ = await self.page(JobSelection(kind=kind), limit=limit, offset=offset)
        return found

    async def page(
        self, selection: JobSelection, *, limit: int, offset: int
    ) -> tuple[list[JobRecord], int]:
        await turn()
        chosen = [one for one, job in reversed(self._state.jobs.items()) if selection.matches(job)]
        return [self._state.counted(one) for one in chosen[offset : offset + limit]], len(chosen)

    async def list_unfinished(self) -> list[JobRecord]:
        await turn()
        return [
            self._state.counted(one.id)
            for one in self._state.jobs.values()
            if one.state not in FINAL
        ]

    async def move(
        self,
        job_id: str,
        state: JobState,
        *,
        reason: str | None = None,
        reason_code: ErrorCode | None = None,
        progress: SavedProgress | None = None,
    ) -> JobRecord:
        await turn()
        if (
            job_id in self._state.jobs
            and self._state.jobs[job_id].state is state
            and state in FINAL
        ):
            return self._state.jobs[job_id]
        before = self._state.open(job_id).state
        if not may_move(before, state):
            raise JobStateProblem(f"The job {job_id} is {before} and cannot be {state}.")
        now = self._state.clock()
        job = self._state.counted(job_id)  # what a final state freezes
        self._state.jobs[job_id] = replace(
            job,
            state=state,
            reason=reason,
            reason_code=reason_code,
            progress=progress or job.progress,
            started_at=job.started_at or (now if state is JobState.RUNNING else None),
            updated_at=now,
            finished_at=now if state in FINAL else None,
        )
        return self._state.jobs[job_id]

    async def save_checkpoint(
        self, job_id: str, checkpoint: Checkpoint, progress: SavedProgress
    ) -> None:
        await turn()
        job = self._state.open(job_id)
        self._state.jobs[job_id] = replace(
            job, checkpoint=checkpoint, progress=progress, updated_at=self._state.clock()
        )

    async def prune(self, *, before: datetime) -> int:
        await turn()
        retried = {
            job.request.retry_of for job in self._state.jobs.values() if job.state not in FINAL
        }
        newest = {job.collection_id: job.id for job in self._state.jobs.values()}
        undoable = {
            row.job_id for kept in self._state.collections.values() for row in kept.trash.values()
        }
        old = [
            job
            for job in self._state.jobs.values()
            if job.finished_at is not None
            and job.finished_at < before
            and job.id not in retried
            and job.id != newest[job.collection_id]
            and job.id not in undoable
        ]
        for job in old:
            del self._state.jobs[job.id], self._state.failures[job.id], self._state.items[job.id]
        return len(old)

    async def failures(
        self, job_id: str, *, limit: int, offset: int, codes: Collection[ErrorCode] = ()
    ) -> tuple[list[FailureRecord], int]:
        await turn()
        listed = {
            key: one
            for key, one in self._state.failures.get(job_id, {}).items()
            if not codes or one.code in codes
        }
        ordered = sorted(
            listed, key=lambda key: (listed[key].display_path, key.root_id.bytes, key.path)
        )
        return [listed[key] for key in ordered[offset : offset + limit]], len(listed)

    async def failed_keys(self, job_id: str, keys: Sequence[FileKey]) -> set[FileKey]:
        await turn()
        return set(keys).intersection(self._state.failures.get(job_id, {}))
