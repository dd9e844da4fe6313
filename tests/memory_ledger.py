"""The ledger's in-memory twin: the same rules, the same suite of tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileRecord,
    Outcome,
    Root,
    Verdict,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome, FileStart
from ingestion_orchestration_fastapi_app.domain.jobs.records import FailureRecord, SavedProgress
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.errors import (
    CollectionDropping,
    CollectionExists,
    CollectionNotFound,
    JobStateProblem,
    ModelMismatch,
)
from tests.memory_roots import MemoryRoots
from tests.memory_rows import ByteCache, Row, judged
from utils.contract import ErrorCode


class MemoryLedger(MemoryRoots):
    """Implements `Ledger`. Every method lets others run once, as the real one does."""

    async def create_collection(self, name: str, roots: Sequence[Root] = ()) -> CollectionRecord:
        await checkpoint()
        if any(shelf.record.name == name for shelf in self._shelves.values()):
            raise CollectionExists(f"The collection {name!r} exists already.")
        if name in self._dropped:
            raise CollectionDropping(f"The collection {name!r} is still being deleted.")
        ordered = tuple(sorted(roots, key=lambda one: one.path))
        record = CollectionRecord(
            next(self._ids), name, None, None, None, None, None, ordered, None
        )
        self._shelves[record.id] = ByteCache(record)
        return record

    async def collection(self, name: str) -> CollectionRecord | None:
        return next((one for one in await self.collections() if one.name == name), None)

    async def collections(self) -> list[CollectionRecord]:
        await checkpoint()
        return sorted((s.record for s in self._shelves.values()), key=lambda one: one.name)

    async def delete_collection(self, collection_id: int) -> None:
        await checkpoint()
        for job in self._jobs.values():
            if job.collection_id == collection_id and job.state not in FINAL:
                raise JobStateProblem(
                    f"Job {job.id} of this collection is not finished: it is {job.state}. "
                    "Cancel it first, or let it end."
                )
        shelf = self._shelves.pop(collection_id, None)
        if shelf is not None:
            self._dropped.add(shelf.record.name)
        for job in [job for job in self._jobs.values() if job.collection_id == collection_id]:
            del self._jobs[job.id], self._failures[job.id]

    async def dropped_tables(self) -> list[str]:
        await checkpoint()
        return sorted(self._dropped)

    async def end_drop(self, name: str) -> None:
        await checkpoint()
        self._dropped.discard(name)

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

    async def put_watch(self, collection_id: int, watch: Watch) -> None:
        await checkpoint()
        if collection_id not in self._shelves:
            raise CollectionNotFound("The collection was deleted.")
        self._watch(collection_id, watch.directory, watch)

    async def end_watch(self, collection_id: int, directory: bytes) -> None:
        await checkpoint()
        if collection_id in self._shelves:
            self._watch(collection_id, directory)

    def _watch(self, collection_id: int, directory: bytes, *watches: Watch) -> None:
        shelf = self._shelves[collection_id]
        others = [one for one in shelf.record.watches if one.directory != directory]
        ordered = sorted((*others, *watches), key=lambda one: one.directory)
        shelf.record = replace(shelf.record, watches=tuple(ordered))

    async def recall(
        self, collection_id: int, keys: Sequence[FileKey]
    ) -> dict[FileKey, FileRecord]:
        await checkpoint()
        shelf = self._shelves.get(collection_id)
        files = shelf.files if shelf else {}
        return {key: files[key].record for key in keys if key in files}

    async def enrol(self, job_id: str, collection_id: int, files: Sequence[FileStart]) -> None:
        await checkpoint()
        job = self._open(job_id)
        for one in {one.key: one for one in files}.values():
            self._take(job_id, collection_id, one)
        self._jobs[job_id] = replace(job, updated_at=self._clock())

    def _take(self, job_id: str, collection_id: int, one: FileStart | FileOutcome) -> Row:
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

    async def decode_starts(self, collection_id: int) -> dict[UUID, DecodeStart]:
        await checkpoint()
        return dict(self._shelves[collection_id].decode_starts)

    async def note_decoding(
        self, collection_id: int, begun: Sequence[DecodeStart], ended: Sequence[UUID]
    ) -> None:
        await checkpoint()
        starts = self._shelves[collection_id].decode_starts
        for point_id in ended:
            starts.pop(point_id, None)
        starts.update({start.point_id: start for start in begun})

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
        settlements: Sequence[FileOutcome],
        *,
        synced_version: int | None,
        progress: SavedProgress,
    ) -> None:
        await checkpoint()
        job = self._open(job_id)
        shelf = self._shelves[collection_id]
        for one in {one.key: one for one in settlements}.values():  # the last word counts
            row = self._take(job_id, collection_id, one)
            row.record = judged(row.record, one)
            shelf.decode_starts.pop(one.point_id, None)
            if one.verdict is Verdict.STORED and one.stored_fingerprint is not None:
                shelf.intents.pop(one.point_id, None)
                shelf.doomed.discard(one.point_id)
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
