"""Files, and what became of them in jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileRecord,
    Outcome,
    Verdict,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.files.records import (
    FileOutcome,
    FileStart,
    UnseenFile,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import FailureRecord, SavedProgress
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from tests.memory_ledger.state import Row, State, judged
from utils.contract import ErrorCode


class MemoryFiles:
    """Implements `FileRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def recall(
        self, collection_id: int, keys: Sequence[FileKey]
    ) -> dict[FileKey, FileRecord]:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        files = kept.files if kept else {}
        return {key: files[key].record for key in keys if key in files}

    async def register(self, job_id: str, collection_id: int, files: Sequence[FileStart]) -> None:
        await checkpoint()
        job = self._state.open(job_id)
        for one in {one.key: one for one in files}.values():
            self._take(job_id, collection_id, one)
        self._state.jobs[job_id] = replace(job, updated_at=self._state.clock())

    def _take(self, job_id: str, collection_id: int, one: FileStart | FileOutcome) -> Row:
        unknown = FileRecord(
            job_id, one.outcome, None, False, None, None, None, None, None, stale=False
        )
        files = self._state.collections[collection_id].files
        row = files.setdefault(one.key, Row(one.point_id, unknown))
        before = self._state.jobs.get(row.record.job_id)
        if before is not None and before.state not in FINAL:
            self._state.failures[before.id].pop(one.key, None)
        row.record = replace(row.record, job_id=job_id, outcome=one.outcome)
        if one.outcome is Outcome.FAILED:
            self._state.failures[job_id][one.key] = FailureRecord(
                one.display_path,
                one.code or ErrorCode.INTERNAL,
                one.detail or "",
                self._state.clock(),
            )
        return row

    async def complete(
        self,
        job_id: str,
        collection_id: int,
        outcomes: Sequence[FileOutcome],
        *,
        synced_version: int | None,
        progress: SavedProgress,
    ) -> None:
        await checkpoint()
        job = self._state.open(job_id)
        kept = self._state.collections[collection_id]
        for one in {one.key: one for one in outcomes}.values():  # the last word counts
            row = self._take(job_id, collection_id, one)
            row.record = judged(row.record, one)
            kept.decode_starts.pop(one.point_id, None)
            if one.verdict is Verdict.STORED and one.stored_fingerprint is not None:
                kept.intents.pop(one.point_id, None)
                kept.doomed.discard(one.point_id)
        if synced_version is not None:
            kept.record = replace(kept.record, synced_version=synced_version)
        self._state.jobs[job_id] = replace(job, updated_at=self._state.clock(), progress=progress)

    async def fail_pending(self, job_id: str, code: ErrorCode, detail: str) -> int:
        await checkpoint()
        job = self._state.open(job_id)
        kept = self._state.collections[job.collection_id]
        roots = {root.id: root.path for root in kept.record.roots}
        failed = 0
        for key, row in kept.files.items():
            if row.record.job_id == job_id and row.record.outcome is Outcome.PENDING:
                row.record = replace(row.record, outcome=Outcome.FAILED)
                path = roots.get(key.root_id, b"").rstrip(b"/") + b"/" + key.path
                self._state.failures[job_id][key] = FailureRecord(
                    display_text(path), code, detail, self._state.clock()
                )
                failed += 1
        self._state.jobs[job_id] = replace(job, updated_at=self._state.clock())
        return failed

    async def seen_contents(
        self, job_id: str, *, after: int, limit: int
    ) -> list[tuple[int, bytes]]:
        await checkpoint()
        records = [
            row.record for row in self._state.files(self._state.open(job_id).collection_id).values()
        ]
        stored = (Outcome.UNCHANGED, Outcome.CACHED, Outcome.EMBEDDED)
        found = [
            (number, one.sha256)
            for number, one in enumerate(records, start=1)
            if one.job_id == job_id and one.sha256 is not None
            if one.stored_fingerprint is not None and one.outcome in stored
        ]
        return [one for one in found if one[0] > after][:limit]

    async def delete_files(
        self,
        job_id: str,
        collection_id: int,
        files: Sequence[UnseenFile],
        *,
        synced_version: int,
    ) -> int:
        await checkpoint()
        job = self._state.open(job_id)
        kept = self._state.collections[collection_id]
        rows = [row for row in (kept.files.get(file.key) for file in files) if row is not None]
        removed = sum(self._state.had(row) for row in rows)
        for file in files:
            row = kept.files.pop(file.key, None)
            before = self._state.jobs.get(row.record.job_id) if row is not None else None
            if before is not None and before.state not in FINAL:
                self._state.failures[before.id].pop(file.key, None)
            kept.intents.pop(file.point_id, None)
            kept.doomed.discard(file.point_id)
        kept.record = replace(kept.record, synced_version=synced_version)
        progress = replace(job.progress, removed=job.progress.removed + removed)
        self._state.jobs[job_id] = replace(job, updated_at=self._state.clock(), progress=progress)
        return removed
