"""The ledger's in-memory twin: the same rules, the same suite of tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.core.files import (
    FileKey,
    FileRecord,
    Outcome,
    Root,
    Verdict,
)
from ingestion_orchestration_fastapi_app.core.identity import display_text
from ingestion_orchestration_fastapi_app.core.job_states import FINAL
from ingestion_orchestration_fastapi_app.core.records import (
    CollectionRecord,
    Enrolment,
    FailureRecord,
    JobProgress,
    JobRecord,
    JobRequest,
    Settlement,
)
from ingestion_orchestration_fastapi_app.errors import (
    CollectionExists,
    CollectionNotFound,
    JobNotFound,
    JobStateProblem,
    ModelMismatch,
)
from tests.memory_rows import Row, Shelf, judged
from utils.contract import ErrorCode, JobCounts, JobState


def utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryLedger:
    """Implements `Ledger`. Every method lets others run once, as the real one does."""

    def __init__(self, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._ids = count(1)
        self._shelves: dict[int, Shelf] = {}
        self._jobs: dict[str, JobRecord] = {}  # counts and errors are set by a final state only
        self._failures: dict[str, dict[FileKey, FailureRecord]] = {}

    async def create_collection(self, name: str) -> CollectionRecord:
        await checkpoint()
        if any(shelf.record.name == name for shelf in self._shelves.values()):
            raise CollectionExists(f"The collection {name!r} exists already.")
        record = CollectionRecord(next(self._ids), name, None, None, None, None, None, (), None)
        self._shelves[record.id] = Shelf(record)
        return record

    async def collection(self, name: str) -> CollectionRecord | None:
        return next((one for one in await self.collections() if one.name == name), None)

    async def collections(self) -> list[CollectionRecord]:
        await checkpoint()
        return sorted((s.record for s in self._shelves.values()), key=lambda one: one.name)

    async def delete_collection(self, collection_id: int) -> None:
        await checkpoint()
        self._shelves.pop(collection_id, None)
        for job in [job for job in self._jobs.values() if job.collection_id == collection_id]:
            del self._jobs[job.id], self._failures[job.id]

    async def bind_collection(
        self, collection_id: int, *, model: str, weights: str, dim: int, fingerprint: str
    ) -> None:
        await checkpoint()
        if collection_id not in self._shelves:
            raise CollectionNotFound("The collection was deleted.")
        shelf = self._shelves[collection_id]
        if shelf.record.fingerprint not in (None, fingerprint):
            raise ModelMismatch("The collection is bound to another model.")
        shelf.record = replace(
            shelf.record, model=model, weights=weights, dim=dim, fingerprint=fingerprint
        )

    async def add_root(self, collection_id: int, root: Root) -> None:
        await checkpoint()
        shelf = self._shelves[collection_id]
        if root.id not in {one.id for one in shelf.record.roots}:
            roots = sorted((*shelf.record.roots, root), key=lambda one: one.path)
            shelf.record = replace(shelf.record, roots=tuple(roots))

    async def create_job(self, job_id: str, collection_id: int, request: JobRequest) -> JobRecord:
        await checkpoint()
        if collection_id not in self._shelves:
            raise CollectionNotFound("The collection was deleted.")
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
            progress=JobProgress(),
            created_at=now,
            started_at=None,
            updated_at=now,
            finished_at=None,
        )
        self._failures[job_id] = {}
        shelf = self._shelves[collection_id]
        shelf.record = replace(shelf.record, last_job_id=job_id)
        return self._jobs[job_id]

    async def job(self, job_id: str) -> JobRecord | None:
        await checkpoint()
        return self._counted(job_id) if job_id in self._jobs else None

    async def jobs(self, *, limit: int, offset: int) -> list[JobRecord]:
        await checkpoint()
        return [self._counted(one) for one in reversed(self._jobs)][offset : offset + limit]

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
        progress: JobProgress | None = None,
    ) -> JobRecord:
        await checkpoint()
        if job_id in self._jobs and self._jobs[job_id].state is state and state in FINAL:
            return self._jobs[job_id]
        self._open(job_id)
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

    async def failures(
        self, job_id: str, *, limit: int, offset: int
    ) -> tuple[list[FailureRecord], int]:
        await checkpoint()
        listed = self._failures.get(job_id, {})
        ordered = sorted(
            listed, key=lambda key: (listed[key].display_path, key.root_id.bytes, key.path)
        )
        return [listed[key] for key in ordered[offset : offset + limit]], len(listed)

    async def recall(
        self, collection_id: int, keys: Sequence[FileKey]
    ) -> dict[FileKey, FileRecord]:
        await checkpoint()
        shelf = self._shelves.get(collection_id)
        files = shelf.files if shelf else {}
        return {key: files[key].record for key in keys if key in files}

    async def enrol(self, job_id: str, collection_id: int, files: Sequence[Enrolment]) -> None:
        await checkpoint()
        job = self._open(job_id)
        for one in {one.key: one for one in files}.values():
            self._take(job_id, collection_id, one)
        self._jobs[job_id] = replace(job, updated_at=self._clock())

    def _take(self, job_id: str, collection_id: int, one: Enrolment | Settlement) -> Row:
        unknown = FileRecord(
            job_id, one.outcome, None, False, None, None, None, None, None, stale=False
        )
        files = self._shelves[collection_id].files
        row = files.setdefault(one.key, Row(one.point_id, unknown))
        before = self._jobs.get(row.record.job_id)
        if before is not None and before.state not in FINAL:
            self._failures[before.id].pop(one.key, None)
        row.record = replace(row.record, job_id=job_id, outcome=one.outcome)
        if one.outcome is Outcome.FAILED:
            self._failures[job_id][one.key] = FailureRecord(
                one.display_path, one.code or ErrorCode.INTERNAL, one.detail or "", self._clock()
            )
        return row

    async def intend(
        self, job_id: str, collection_id: int, outcomes: Mapping[UUID, Outcome]
    ) -> None:
        await checkpoint()
        self._open(job_id)
        made = {point_id: (job_id, outcome) for point_id, outcome in outcomes.items()}
        self._shelves[collection_id].intents.update(made)

    async def intended(self, job_id: str) -> dict[UUID, Outcome]:
        await checkpoint()
        intents = self._shelves[self._open(job_id).collection_id].intents
        return {one: whose[1] for one, whose in intents.items() if whose and whose[0] == job_id}

    async def may_exist(self, collection_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
        await checkpoint()
        shelf = self._shelves[collection_id]
        rows = [row for row in shelf.files.values() if row.record.stored_fingerprint]
        return (set(shelf.intents) | {row.point_id for row in rows}).intersection(point_ids)

    async def settle(
        self,
        job_id: str,
        collection_id: int,
        settlements: Sequence[Settlement],
        *,
        synced_version: int | None,
        progress: JobProgress,
    ) -> None:
        await checkpoint()
        job = self._open(job_id)
        shelf = self._shelves[collection_id]
        for one in {one.key: one for one in settlements}.values():  # the last word counts
            row = self._take(job_id, collection_id, one)
            row.record = judged(row.record, one)
            if one.verdict is Verdict.STORED and one.stored_fingerprint is not None:
                shelf.intents.pop(one.point_id, None)
        if synced_version is not None:
            shelf.record = replace(shelf.record, synced_version=synced_version)
        self._jobs[job_id] = replace(job, updated_at=self._clock(), progress=progress)

    async def set_synced_version(self, collection_id: int, version: int) -> None:
        await checkpoint()
        shelf = self._shelves[collection_id]
        shelf.record = replace(shelf.record, synced_version=version)

    async def fail_pending(self, job_id: str, code: ErrorCode, detail: str) -> int:
        await checkpoint()
        job = self._open(job_id)
        shelf = self._shelves[job.collection_id]
        roots = {root.id: root.path for root in shelf.record.roots}
        failed = 0
        for key, row in shelf.files.items():
            if row.record.job_id == job_id and row.record.outcome is Outcome.PENDING:
                row.record = replace(row.record, outcome=Outcome.FAILED)
                path = roots.get(key.root_id, b"").rstrip(b"/") + b"/" + key.path
                self._failures[job_id][key] = FailureRecord(
                    display_text(path), code, detail, self._clock()
                )
                failed += 1
        self._jobs[job_id] = replace(job, updated_at=self._clock())
        return failed

    async def reconcile(
        self, collection_id: int, stored_ids: AsyncIterator[Sequence[UUID]]
    ) -> tuple[int, int]:
        stored = {one async for ids in stored_ids for one in ids}
        shelf = self._shelves[collection_id]
        rows = [row for row in shelf.files.values() if row.record.stored_fingerprint]
        unknown = stored - {row.point_id for row in rows} - set(shelf.intents)
        shelf.intents.update(dict.fromkeys(unknown))
        lost = [row for row in rows if row.point_id not in stored]
        for row in lost:
            row.record = replace(row.record, stored_fingerprint=None, stale=False)
            if row.record.verdict is Verdict.STORED:
                row.record = replace(
                    row.record, stat=None, settled=False, verdict=None, sha256=None
                )
        return len(unknown), len(lost)
