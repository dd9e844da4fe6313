"""Of the ledger's in-memory twin: files that are gone, and the devices that folders were on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, Outcome
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.files.records import UnmetFile
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from tests.memory_jobs import MemoryJobs
from tests.memory_rows import Row


class MemoryRemoval(MemoryJobs):
    """The part of `MemoryLedger` that knows of removal."""

    async def unmet(
        self,
        job_id: str | None,
        collection_id: int,
        directory: bytes,
        *,
        recursive: bool = True,
        after: FileKey | None,
        limit: int,
    ) -> list[UnmetFile]:
        await checkpoint()
        if job_id is not None:
            self._open(job_id)
        found = [
            UnmetFile(
                key,
                self._absolute(collection_id, key),
                row.point_id,
                self._had(row),
                sha256=row.record.sha256,
            )
            for key, row in self._in(collection_id, directory, recursive=recursive)
            if row.record.job_id != job_id and (after is None or _order(key) > _order(after))
        ]
        return sorted(found, key=lambda one: _order(one.key))[:limit]

    async def met_contents(self, job_id: str, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        await checkpoint()
        records = [row.record for row in self._files(self._open(job_id).collection_id).values()]
        stored = (Outcome.UNCHANGED, Outcome.CACHED, Outcome.EMBEDDED)
        found = [
            (number, one.sha256)
            for number, one in enumerate(records, start=1)
            if one.job_id == job_id and one.sha256 is not None
            if one.stored_fingerprint is not None and one.outcome in stored
        ]
        return [one for one in found if one[0] > after][:limit]

    async def totals(
        self, collection_id: int, directory: bytes, *, recursive: bool
    ) -> tuple[int, int]:
        await checkpoint()
        rows = [row for _, row in self._in(collection_id, directory, recursive=recursive)]
        return len(rows), sum(row.record.stored_fingerprint is not None for row in rows)

    def _in(
        self, collection_id: int, directory: bytes, *, recursive: bool
    ) -> list[tuple[FileKey, Row]]:
        paths = {key: self._absolute(collection_id, key) for key in self._files(collection_id)}
        return [
            (key, row)
            for key, row in self._files(collection_id).items()
            if is_within(paths[key], directory)
            and (recursive or paths[key].rpartition(b"/")[0] == directory.rstrip(b"/"))
        ]

    def _files(self, collection_id: int) -> dict[FileKey, Row]:
        shelf = self._shelves.get(collection_id)
        return shelf.files if shelf else {}

    def _absolute(self, collection_id: int, key: FileKey) -> bytes:
        roots = {root.id: root.path for root in self._shelves[collection_id].record.roots}
        return roots[key.root_id].rstrip(b"/") + b"/" + key.path

    def _had(self, row: Row) -> bool:
        doomed = {one for shelf in self._shelves.values() for one in shelf.doomed}
        return row.record.stored_fingerprint is not None or row.point_id in doomed

    async def known_at(self, collection_id: int, paths: Sequence[bytes]) -> list[bytes]:
        await checkpoint()
        stored = [
            self._absolute(collection_id, key)
            for key, row in self._files(collection_id).items()
            if row.record.stored_fingerprint is not None
        ]
        return [path for path in paths if any(is_within(one, path) for one in stored)]

    async def is_unchanged_below(self, job_id: str, collection_id: int, folder: bytes) -> bool:
        await checkpoint()
        before = self._shelves[collection_id].known_before.get(folder)
        return any(
            row.record.job_id == job_id
            and row.record.outcome is Outcome.UNCHANGED
            and (before is None or key in before)
            for key, row in self._in(collection_id, folder, recursive=True)
        )

    async def doom(self, collection_id: int, point_ids: Sequence[UUID]) -> None:
        await checkpoint()
        shelf = self._shelves[collection_id]
        shelf.intents.update(dict.fromkeys(point_ids))
        shelf.doomed.update(point_ids)

    async def forget(
        self,
        job_id: str,
        collection_id: int,
        files: Sequence[UnmetFile],
        *,
        synced_version: int,
    ) -> int:
        await checkpoint()
        job = self._open(job_id)
        shelf = self._shelves[collection_id]
        rows = [row for row in (shelf.files.get(file.key) for file in files) if row is not None]
        removed = sum(self._had(row) for row in rows)
        for file in files:
            row = shelf.files.pop(file.key, None)
            before = self._jobs.get(row.record.job_id) if row is not None else None
            if before is not None and before.state not in FINAL:
                self._failures[before.id].pop(file.key, None)
            shelf.intents.pop(file.point_id, None)
            shelf.doomed.discard(file.point_id)
        shelf.record = replace(shelf.record, synced_version=synced_version)
        progress = replace(job.progress, removed=job.progress.removed + removed)
        self._jobs[job_id] = replace(job, updated_at=self._clock(), progress=progress)
        return removed

    async def devices(self, collection_id: int) -> dict[bytes, int]:
        await checkpoint()
        return dict(self._shelves[collection_id].devices)

    async def note_devices(
        self, collection_id: int, found: Mapping[bytes, int], *, replace: bool
    ) -> None:
        await checkpoint()
        shelf = self._shelves[collection_id]
        known = shelf.devices
        for path, device in found.items():
            if replace:
                shelf.known_before.pop(path, None)
            elif known.get(path, device) != device:
                shelf.known_before.setdefault(path, frozenset(shelf.files))
        merged = {**known, **found} if replace else {**found, **known}
        shelf.devices = merged


def _order(key: FileKey) -> tuple[bytes, bytes]:
    return key.root_id.bytes, key.path
