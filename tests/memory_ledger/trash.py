"""What was removed, and how it comes back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.trash.trashed import (
    OfContents,
    OfJob,
    OfPoints,
    Removal,
    RestoredGroup,
    Trashed,
    TrashedFile,
    TrashSize,
    Which,
)
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from tests.memory_ledger.forgotten import take_back
from tests.memory_ledger.state import Intent, Kept, State, TrashRow


class MemoryTrash:
    """Implements `TrashRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(
        self,
        collection_id: int,
        removals: Sequence[Removal],
        *,
        job_id: str | None,
        limit_bytes: int,
    ) -> None:
        await checkpoint()
        kept = self._kept(collection_id)
        if job_id is not None:
            self._state.open(job_id)
        for one in removals:
            self._put(kept, one, job_id)
        self._drop_beyond(limit_bytes)

    def _put(self, kept: Kept, one: Removal, job_id: str | None) -> None:
        row = kept.files.get(one.key)
        content = None if row is None else row.record.sha256
        before = kept.trash.get(one.point_id)
        if before is not None and (before.is_whole or before.one.file.sha256 != content):
            del kept.trash[one.point_id]
            before = None
        if before is not None:
            points = {**before.one.points, **one.points}
            caption = one.caption or before.one.caption
            before.one = replace(before.one, points=points, caption=caption)
        else:
            entry = kept.catalogue.get(one.point_id)
            added_at = None if entry is None else entry.added_at
            file = TrashedFile(None, False, None, (), added_at)
            if row is not None:
                known = row.record
                file = TrashedFile(
                    known.stat, known.mtime_trusted, known.sha256, known.artefacts, added_at
                )
            trashed = Trashed(
                next(self._state.trash_numbers),
                one.key,
                one.point_id,
                file,
                one.points,
                one.caption,
                job_id is None,
            )
            kept.trash[one.point_id] = TrashRow(trashed, job_id, self._state.clock())

    async def page(
        self, collection_id: int, which: Which, *, after: int, limit: int
    ) -> list[Trashed]:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        rows = [] if kept is None else kept.trash.values()
        found = [row.one for row in rows if row.is_whole and _is_meant(row, which)]
        ordered = sorted(found, key=lambda one: one.number)
        return [one for one in ordered if one.number > after][:limit]

    async def begin_restore(
        self,
        collection_id: int,
        files: Sequence[tuple[FileKey, UUID]],
        points: Mapping[int, Collection[UUID]],
    ) -> None:
        await checkpoint()
        kept = self._kept(collection_id)
        for key, point_id in files:
            self._state.file_row(collection_id, key, point_id)
        for generation_id, ids in points.items():
            intents = kept.intents.setdefault(generation_id, {})
            for one in ids:
                known = intents.get(one)
                if known is None or known.is_to_delete:
                    intents[one] = Intent()

    async def restore(self, collection_id: int, group: RestoredGroup) -> None:
        await checkpoint()
        job = None if group.account is None else self._state.open(group.account[0])
        kept, now = self._kept(collection_id), self._state.clock()
        for sha256 in group.taken_back:
            take_back(kept, sha256)
        for one in group.restored:
            row, file = kept.files[one.key], one.file
            made = sorted(file.artefacts, key=lambda made: (made.kind, made.model))
            row.record = replace(
                row.record,
                stat=file.stat,
                mtime_trusted=file.mtime_trusted,
                sha256=file.sha256,
                artefacts=tuple(made),
            )
            if one.shown is not None:
                kept.put_entry(one.key, one.shown, file.added_at or now)
        for synced in group.synced:
            for one in group.restored:
                kept.intents.get(synced.generation_id, {}).pop(one.point_id, None)
            self._state.set_synced(synced)
        gone = {one.number for one in group.restored}.union(group.emptied)
        kept.trash = {one: row for one, row in kept.trash.items() if row.one.number not in gone}
        if job is not None and group.account is not None:
            _, checkpoint_of_job, progress = group.account
            self._state.jobs[job.id] = replace(
                job, updated_at=now, checkpoint=checkpoint_of_job, progress=progress
            )

    async def count_of_job(self, job_id: str, *, after: int = 0) -> int:
        await checkpoint()
        of_job = [row for _, row in self._rows() if row.is_whole and row.job_id == job_id]
        return sum(row.one.number > after for row in of_job)

    async def size(self, collection_id: int) -> TrashSize:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        rows = [] if kept is None else list(kept.trash.values())
        if not rows:
            return TrashSize()
        times = sorted(row.at for row in rows)
        return TrashSize(len(rows), sum(row.size_bytes for row in rows), times[0], times[-1])

    async def trim(self, *, before: datetime, limit_bytes: int, at_most: int) -> int:
        await checkpoint()
        old = [(kept, row) for kept, row in self._rows() if row.at < before][:at_most]
        for kept, row in old:
            del kept.trash[row.one.point_id]
        return len(old) + self._drop_beyond(limit_bytes, at_most=at_most - len(old))

    async def empty(self, collection_id: int, *, at_most: int) -> int:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        gone = [] if kept is None else list(kept.trash)[:at_most]
        for one in gone:
            assert kept is not None
            del kept.trash[one]
        return len(gone)

    def _drop_beyond(self, limit_bytes: int, *, at_most: int | None = None) -> int:
        beyond = sum(row.size_bytes for _, row in self._rows()) - limit_bytes
        dropped = 0
        whole = [(kept, row) for kept, row in self._rows() if row.is_whole]
        for kept, row in sorted(whole, key=lambda one: one[1].one.number):
            if beyond <= 0 or dropped == at_most:
                break
            del kept.trash[row.one.point_id]
            beyond -= row.size_bytes
            dropped += 1
        return dropped

    def _rows(self) -> list[tuple[Kept, TrashRow]]:
        return [
            (kept, row) for kept in self._state.collections.values() for row in kept.trash.values()
        ]

    def _kept(self, collection_id: int) -> Kept:
        kept = self._state.collections.get(collection_id)
        if kept is None:
            raise CollectionNotFound("The collection was deleted.")
        return kept


def _is_meant(row: TrashRow, which: Which) -> bool:
    match which:
        case OfJob(job_id):
            return row.job_id == job_id
        case OfPoints(ids):
            return row.one.point_id in ids
        case OfContents(hashes):
            return row.job_id is None and row.one.file.sha256 in hashes
