"""Generations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.artefacts import (
    Kind,
    is_stored,
    refusal,
)
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.records import LackingFile
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
    NewGeneration,
    SyncedVersion,
)
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, ModelMismatch
from tests.memory_ledger.state import Kept, Row, State, has_point


class MemoryGenerations:
    """Implements `GenerationRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def bind(
        self, collection_id: int, new: NewGeneration, *, synced_version: int | None
    ) -> None:
        await checkpoint()
        kept = self._kept(collection_id)
        if any(one.fingerprint != new.fingerprint for one in kept.record.generations):
            raise ModelMismatch("The collection is bound to another model.")
        if not kept.record.generations:
            self._state.add_generation(kept, new, GenerationState.ACTIVE, synced_version)

    async def create(self, collection_id: int, new: NewGeneration) -> Generation:
        await checkpoint()
        kept = self._kept(collection_id)
        for one in kept.record.generations:
            if one.fingerprint == new.fingerprint:
                return one
        return self._state.add_generation(kept, new, GenerationState.FILLING)

    async def activate(self, generation_id: int) -> None:
        await checkpoint()
        found = self._state.generation(generation_id)
        if found is None:
            raise CollectionNotFound("The generation was removed.")
        kept, generation = found
        if generation.state is GenerationState.ACTIVE:
            return
        active, now = kept.record.active, self._state.clock()
        if active is not None:
            self._put(kept, replace(active, state=GenerationState.RETIRED))
        self._put(kept, replace(generation, state=GenerationState.ACTIVE, activated_at=now))

    async def remove(self, generation_id: int) -> None:
        await checkpoint()
        found = self._state.generation(generation_id)
        if found is None:
            return
        kept, generation = found
        if generation.state is GenerationState.ACTIVE:
            raise ValueError("the active generation stays")
        kept.intents.pop(generation_id, None)
        lost = (Kind.VECTOR, generation.fingerprint)
        for row in kept.files.values():
            made = [one for one in row.record.artefacts if (one.kind, one.model) != lost]
            row.record = replace(row.record, artefacts=tuple(made))
        left = tuple(one for one in kept.record.generations if one.id != generation_id)
        kept.record = replace(kept.record, generations=left)
        self._state.dropped.add(generation.table)

    async def set_synced_version(
        self, generation_id: int, version: int, *, only_newer: bool = False
    ) -> None:
        await checkpoint()
        self._state.set_synced(SyncedVersion(generation_id, version), only_newer=only_newer)

    async def lacking(
        self, source_id: int, target_id: int, *, refused: bool, after: FileKey | None, limit: int
    ) -> list[LackingFile]:
        await checkpoint()
        begin = (b"", b"") if after is None else (after.root_id.bytes, after.path)
        found = []
        for kept, key, row, target in self._of_source(source_id, target_id):
            artefacts = row.record.artefacts
            is_open = refused or refusal(artefacts, target) is None
            is_after = (key.root_id.bytes, key.path) > begin
            if is_open and is_after and not is_stored(artefacts, target):
                absolute = self._state.absolute(kept.record.id, key)
                found.append(LackingFile(row.record.row, key, absolute, row.point_id))
        return found[:limit]

    async def count_missing(self, source_id: int, target_id: int) -> int:
        await checkpoint()
        of_source = self._of_source(source_id, target_id)
        return sum(not has_point(row.record, target) for _, _, row, target in of_source)

    def _of_source(
        self, source_id: int, target_id: int
    ) -> Iterator[tuple[Kept, FileKey, Row, str]]:
        """By key, with the target's model: its files that have a point."""
        source, target = self._state.generation(source_id), self._state.generation(target_id)
        if source is None or target is None:
            return
        kept, generation = source
        for key in sorted(kept.files, key=lambda one: (one.root_id.bytes, one.path)):
            row = kept.files[key]
            if has_point(row.record, generation.fingerprint):
                yield kept, key, row, target[1].fingerprint

    async def taken_tables(self) -> set[str]:
        await checkpoint()
        return self._state.tables() | self._state.dropped

    def _kept(self, collection_id: int) -> Kept:
        if collection_id not in self._state.collections:
            raise CollectionNotFound("The collection was deleted.")
        return self._state.collections[collection_id]

    @staticmethod
    def _put(kept: Kept, generation: Generation) -> None:
        there = kept.record.generations
        all_of_it = tuple(generation if one.id == generation.id else one for one in there)
        kept.record = replace(kept.record, generations=all_of_it)
