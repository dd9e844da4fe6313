"""What the store may hold, and decodings that began."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.file import Outcome, Verdict
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from tests.memory_ledger.state import Row, State


class MemoryArtefacts:
    """Implements `ArtefactRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def begin_write(
        self, job_id: str, collection_id: int, outcomes: Mapping[UUID, Outcome]
    ) -> None:
        await checkpoint()
        self._state.open(job_id)
        made = {point_id: (job_id, outcome) for point_id, outcome in outcomes.items()}
        kept = self._state.collections[collection_id]
        kept.intents.update(made)
        kept.being_deleted.difference_update(made)

    async def pending_writes(self, job_id: str) -> dict[UUID, Outcome]:
        await checkpoint()
        intents = self._state.collections[self._state.open(job_id).collection_id].intents
        return {one: whose[1] for one, whose in intents.items() if whose and whose[0] == job_id}

    async def maybe_written(self, collection_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
        await checkpoint()
        kept = self._state.collections[collection_id]
        rows = [row for row in kept.files.values() if row.record.stored_fingerprint]
        return (set(kept.intents) | {row.point_id for row in rows}).intersection(point_ids)

    async def begin_delete(self, collection_id: int, point_ids: Sequence[UUID]) -> None:
        await checkpoint()
        kept = self._state.collections[collection_id]
        kept.intents.update(dict.fromkeys(point_ids))
        kept.being_deleted.update(point_ids)

    async def reconcile(
        self, collection_id: int, stored_ids: AsyncIterator[Sequence[UUID]]
    ) -> tuple[int, int]:
        stored = {one async for ids in stored_ids for one in ids}
        kept = self._state.collections[collection_id]
        rows = [row for row in kept.files.values() if row.record.stored_fingerprint]
        unknown = stored - {row.point_id for row in rows} - set(kept.intents)
        kept.intents.update(dict.fromkeys(unknown))
        lost = [row for row in rows if row.point_id not in stored]
        _not_stored(lost)
        return len(unknown), len(lost)

    async def surely_stored(self, collection_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
        await checkpoint()
        kept = self._state.collections[collection_id]
        rows = [row for row in kept.files.values() if row.record.stored_fingerprint]
        return {row.point_id for row in rows}.intersection(point_ids) - set(kept.intents)

    async def correct(
        self, collection_id: int, *, lost: Sequence[UUID], unknown: Sequence[UUID]
    ) -> None:
        await checkpoint()
        kept = self._state.collections[collection_id]
        rows = [row for row in kept.files.values() if row.record.stored_fingerprint]
        _not_stored([row for row in rows if row.point_id in lost])
        for one in (*lost, *unknown):
            kept.intents.setdefault(one, None)

    async def decode_starts(self, collection_id: int) -> dict[UUID, DecodeStart]:
        await checkpoint()
        return dict(self._state.collections[collection_id].decode_starts)

    async def note_decoding(
        self, collection_id: int, begun: Sequence[DecodeStart], ended: Sequence[UUID]
    ) -> None:
        await checkpoint()
        starts = self._state.collections[collection_id].decode_starts
        for point_id in ended:
            starts.pop(point_id, None)
        starts.update({start.point_id: start for start in begun})


def _not_stored(rows: Sequence[Row]) -> None:
    for row in rows:
        row.record = replace(row.record, stored_fingerprint=None, stale=False)
        if row.record.verdict is Verdict.STORED:
            row.record = replace(
                row.record,
                stat=None,
                mtime_trusted=False,
                verdict=None,
                sha256=None,
                judged_at=None,
            )
