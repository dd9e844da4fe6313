"""What the store may hold, and decodings that began."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from tests.memory_ledger.state import Intent, Row, State, has_point


class MemoryArtefacts:
    """Implements `ArtefactRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def begin_write(
        self, job_id: str, generation_id: int, outcomes: Mapping[UUID, Outcome]
    ) -> None:
        await checkpoint()
        self._state.open(job_id)
        made = {point_id: Intent(job_id, outcome) for point_id, outcome in outcomes.items()}
        self._intents(generation_id).update(made)

    async def pending_writes(self, job_id: str) -> dict[UUID, Outcome]:
        await checkpoint()
        kept = self._state.collections[self._state.open(job_id).collection_id]
        return {
            point_id: one.outcome
            for intents in kept.intents.values()
            for point_id, one in intents.items()
            if one.job_id == job_id and one.outcome is not None
        }

    async def maybe_written(self, generation_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
        await checkpoint()
        stored = {row.point_id for row in self._stored(generation_id)}
        return (set(self._intents(generation_id)) | stored).intersection(point_ids)

    async def begin_delete(self, generation_id: int, point_ids: Sequence[UUID]) -> None:
        await checkpoint()
        self._intents(generation_id).update(dict.fromkeys(point_ids, Intent(is_to_delete=True)))

    async def pending_deletes(self, generation_id: int, *, limit: int) -> list[UUID]:
        await checkpoint()
        found = self._state.generation(generation_id)
        there = (
            set()
            if found is None
            else {
                row.point_id
                for row in found[0].files.values()
                if not artefacts.is_removed(row.record.artefacts)
            }
        )
        intents = self._intents(generation_id).items()
        return [one for one, made in intents if made.is_to_delete and one not in there][:limit]

    async def end_delete(self, synced: SyncedVersion, point_ids: Sequence[UUID]) -> None:
        await checkpoint()
        for one in point_ids:
            self._intents(synced.generation_id).pop(one, None)
        self._state.set_synced(synced)

    async def reconcile(
        self, generation_id: int, stored_ids: AsyncIterator[Sequence[UUID]]
    ) -> tuple[int, int]:
        stored = {one async for ids in stored_ids for one in ids}
        rows, intents = self._stored(generation_id), self._intents(generation_id)
        unknown = stored - {row.point_id for row in rows} - set(intents)
        intents.update(dict.fromkeys(unknown, Intent()))
        lost = [row for row in rows if row.point_id not in stored]
        self._disbelieve(generation_id, lost)
        return len(unknown), len(lost)

    async def surely_stored(self, generation_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
        await checkpoint()
        stored = {row.point_id for row in self._stored(generation_id)}
        return stored.intersection(point_ids) - set(self._intents(generation_id))

    async def count_stored(self, generation_id: int) -> int:
        await checkpoint()
        return len(self._stored(generation_id))

    async def correct(
        self, generation_id: int, *, lost: Sequence[UUID], unknown: Sequence[UUID]
    ) -> None:
        await checkpoint()
        rows = [row for row in self._stored(generation_id) if row.point_id in lost]
        self._disbelieve(generation_id, rows)
        for one in (*lost, *unknown):
            self._intents(generation_id).setdefault(one, Intent())

    def _intents(self, generation_id: int) -> dict[UUID, Intent]:
        found = self._state.generation(generation_id)
        return {} if found is None else found[0].intents.setdefault(generation_id, {})

    def _stored(self, generation_id: int) -> list[Row]:
        found = self._state.generation(generation_id)
        if found is None:
            return []
        kept, generation = found
        model = generation.fingerprint
        return [row for row in kept.files.values() if has_point(row.record, model)]

    def _disbelieve(self, generation_id: int, rows: Sequence[Row]) -> None:
        found = self._state.generation(generation_id)
        lost = (artefacts.Kind.VECTOR, found and found[1].fingerprint)
        for row in rows:
            left = [
                replace(one, state=artefacts.State.FAILED) if (one.kind, one.model) == lost else one
                for one in row.record.artefacts
                if (one.kind, one.model) != lost or one.is_verdict
            ]
            row.record = replace(row.record, artefacts=tuple(left))

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
