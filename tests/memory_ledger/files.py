"""Files, and what became of them in jobs."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileRecord,
    Outcome,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, is_within
from ingestion_orchestration_fastapi_app.domain.files.records import (
    FileOutcome,
    FileStart,
    FolderCounts,
    UnseenFile,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import FailureRecord, SavedProgress
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.domain.library.picture import Placeholder
from tests.memory_ledger.state import Row, State, judged
from utils.contract import ErrorCode

_STORED = (artefacts.Kind.VECTOR, artefacts.State.STORED)


class MemoryFiles:
    """Implements `FileRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def recall(
        self, collection_id: int, keys: Sequence[FileKey], *, job_id: str | None = None
    ) -> dict[FileKey, FileRecord]:
        await checkpoint()
        if job_id is not None:
            self._state.open(job_id)
        items = self._state.items[job_id].files if job_id is not None else {}
        kept = self._state.collections.get(collection_id)
        files = kept.files if kept else {}
        known = {key: files[key].record for key in keys if key in files}
        return {key: replace(one, outcome=items.get(key)) for key, one in known.items()}

    async def register(
        self,
        job_id: str,
        collection_id: int,
        files: Sequence[FileStart],
        folders: Sequence[FolderCounts] = (),
    ) -> list[int]:
        await checkpoint()
        job = self._state.open(job_id)
        rows = [
            self._count(job_id, collection_id, one)
            for one in {one.key: one for one in files}.values()
        ]
        counted = self._state.items[job_id].folders
        for one in folders:
            unchanged, skipped = counted.get((one.root_id, one.path), (0, 0))
            counted[one.root_id, one.path] = (
                (one.unchanged, one.skipped)
                if one.is_whole
                else (max(unchanged, one.unchanged), max(skipped, one.skipped))
            )
        self._state.jobs[job_id] = replace(job, updated_at=self._state.clock())
        return [row.record.row for row in rows]

    def _count(self, job_id: str, collection_id: int, one: FileStart | FileOutcome) -> Row:
        row = self._row(collection_id, one)
        self._state.items[job_id].files[one.key] = one.outcome
        self._state.failures[job_id].pop(one.key, None)
        if one.outcome is Outcome.FAILED:
            self._state.failures[job_id][one.key] = FailureRecord(
                one.key,
                one.display_path,
                one.code or ErrorCode.INTERNAL,
                one.detail or "",
                self._state.clock(),
            )
        return row

    def _row(self, collection_id: int, one: FileStart | FileOutcome) -> Row:
        return self._state.file_row(collection_id, one.key, one.point_id)

    async def complete(
        self,
        job_id: str,
        collection_id: int,
        outcomes: Sequence[FileOutcome],
        *,
        synced: SyncedVersion | None,
        progress: SavedProgress,
        reader_version: str,
    ) -> None:
        await checkpoint()
        job = self._state.open(job_id)
        kept = self._state.collections[collection_id]
        for one in {one.key: one for one in outcomes}.values():  # the last word counts
            row = self._count(job_id, collection_id, one)
            row.record = judged(row.record, one, reader_version, self._state.clock())
            kept.decode_starts.pop(one.point_id, None)
            if one.catalogued is not None:
                kept.put_entry(one.key, one.catalogued, one.added_at or self._state.clock())
                if one.placeholder is not None:
                    drawn = Placeholder(one.catalogued.picture_key, one.placeholder)
                    kept.put_placeholders({one.catalogued.id: drawn})
            models = {made.model for made in one.points}
            for generation in kept.record.generations:
                if generation.fingerprint in models:
                    kept.intents.get(generation.id, {}).pop(one.point_id, None)
        if synced is not None:
            self._state.set_synced(synced)
        self._state.jobs[job_id] = replace(job, updated_at=self._state.clock(), progress=progress)

    async def fail_pending(self, job_id: str, code: ErrorCode, detail: str) -> int:
        await checkpoint()
        job = self._state.open(job_id)
        kept = self._state.collections[job.collection_id]
        roots = {root.id: root.path for root in kept.record.roots}
        failed = 0
        items = self._state.items[job_id].files
        for key, outcome in items.items():
            if outcome is Outcome.PENDING:
                items[key] = Outcome.FAILED
                path = roots.get(key.root_id, b"").rstrip(b"/") + b"/" + key.path
                self._state.failures[job_id][key] = FailureRecord(
                    key, display_text(path), code, detail, self._state.clock()
                )
                failed += 1
        self._state.jobs[job_id] = replace(job, updated_at=self._state.clock())
        return failed

    async def seen_contents(
        self, collection_id: int, *, seen: Container[int], after: int, limit: int
    ) -> list[tuple[int, bytes]]:
        await checkpoint()
        records = [row.record for row in self._state.files(collection_id).values()]
        found = [
            (one.row, one.sha256)
            for one in records
            if one.row in seen and one.row > after and one.sha256 is not None
            if any((made.kind, made.state) == _STORED for made in one.artefacts)
        ]
        return sorted(found)[:limit]

    async def stale(
        self, collection_id: int, point_ids: Sequence[UUID], *, model: str
    ) -> set[UUID]:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        stale = {
            row.point_id
            for row in (kept.files if kept else {}).values()
            if (made := artefacts.found(row.record.artefacts, artefacts.Kind.VECTOR, model))
            if made.state is artefacts.State.STALE
        }
        return stale & set(point_ids)

    async def with_content(
        self, collection_id: int, sha256: bytes, *, within: bytes
    ) -> list[bytes]:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        files = kept.files if kept else {}
        paths = [
            self._state.absolute(collection_id, key)
            for key, row in sorted(files.items(), key=lambda one: one[1].record.row)
            if row.record.sha256 == sha256
        ]
        return [path for path in paths if is_within(path, within)][:8]

    async def delete_files(
        self,
        job_id: str,
        collection_id: int,
        files: Sequence[UnseenFile],
        *,
        synced: Sequence[SyncedVersion],
    ) -> int:
        await checkpoint()
        job = self._state.open(job_id)
        kept = self._state.collections[collection_id]
        removed = sum(file.had_point for file in files if file.key in kept.files)
        for file in files:
            gone = kept.files.pop(file.key, None)
            if gone is not None:
                kept.catalogue.pop(gone.point_id, None)
            self._lose(collection_id, file.key)
        self._state.end_removal(collection_id, [file.point_id for file in files], job_id=job_id)
        for one in synced:
            for file in files:
                kept.intents.get(one.generation_id, {}).pop(file.point_id, None)
            self._state.set_synced(one)
        progress = replace(job.progress, removed=job.progress.removed + removed)
        self._state.jobs[job_id] = replace(job, updated_at=self._state.clock(), progress=progress)
        return removed

    def _lose(self, collection_id: int, key: FileKey) -> None:
        for job in self._state.jobs.values():
            if job.collection_id == collection_id and job.state not in FINAL:
                items = self._state.items[job.id]
                outcome = items.files.pop(key, None)
                if outcome is Outcome.FAILED:
                    self._state.failures[job.id].pop(key, None)
                elif outcome not in (None, Outcome.PENDING):
                    items.lost[outcome] += 1
