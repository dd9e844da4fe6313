"""Collections and watched folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.catalogue import CATALOGUE_VERSION
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    GenerationState,
    NewGeneration,
    table_name,
)
from ingestion_orchestration_fastapi_app.errors import (
    CollectionDropping,
    CollectionExists,
    CollectionNotFound,
    JobStateProblem,
)
from tests.memory_ledger.state import Kept, State


class MemoryCollections:
    """Implements `CollectionRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def create(
        self,
        name: str,
        roots: Sequence[Root] = (),
        *,
        identity: str,
        generations: Sequence[tuple[NewGeneration, GenerationState]] = (),
    ) -> CollectionRecord:
        await checkpoint()
        if any(kept.record.name == name for kept in self._state.collections.values()):
            raise CollectionExists(f"The collection {name!r} exists already.")
        if table_name(name) in self._state.dropped:
            raise CollectionDropping(f"The collection {name!r} is still being deleted.")
        ordered = tuple(sorted(roots, key=lambda one: one.path))
        record = CollectionRecord(
            next(self._state.ids),
            name,
            (),
            ordered,
            None,
            identity,
            catalogue_version=None if generations else CATALOGUE_VERSION,
        )
        kept = self._state.collections[record.id] = Kept(record)
        for new, state in generations:
            self._state.add_generation(kept, new, state)
        return kept.record

    async def find(self, name: str) -> CollectionRecord | None:
        return next((one for one in await self.list_all() if one.name == name), None)

    async def find_by_id(self, collection_id: int) -> CollectionRecord | None:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        return None if kept is None else kept.record

    async def list_all(self) -> list[CollectionRecord]:
        await checkpoint()
        return sorted(
            (s.record for s in self._state.collections.values()), key=lambda one: one.name
        )

    async def rename(self, collection_id: int, name: str) -> None:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        if kept is None:
            raise CollectionNotFound("The collection was deleted.")
        others = [one for one in self._state.collections.values() if one is not kept]
        if any(one.record.name == name for one in others):
            raise CollectionExists(f"The collection {name!r} exists already.")
        for of in self._state.albums.values():
            if of.album.collection == kept.record.name:
                of.album = replace(of.album, collection=name)
        kept.record = replace(kept.record, name=name)
        for job in self._state.jobs.values():
            if job.collection_id == collection_id:
                request = replace(job.request, collection=name)
                self._state.jobs[job.id] = replace(job, request=request)

    async def delete(self, collection_id: int) -> None:
        await checkpoint()
        for job in self._state.jobs.values():
            if job.collection_id == collection_id and job.state not in FINAL:
                raise JobStateProblem(
                    f"Job {job.id} of this collection is not finished: it is {job.state}. "
                    "Cancel it first, or let it end."
                )
        kept = self._state.collections.pop(collection_id, None)
        if kept is not None:
            self._state.dropped.update(kept.record.tables)
            table = table_name(kept.record.name)
            if not kept.record.generations and table not in self._state.tables():
                self._state.dropped.add(table)
        for job in [job for job in self._state.jobs.values() if job.collection_id == collection_id]:
            del self._state.jobs[job.id], self._state.failures[job.id], self._state.items[job.id]

    async def dropped_tables(self) -> list[str]:
        await checkpoint()
        return sorted(self._state.dropped)

    async def end_drop(self, table: str) -> None:
        await checkpoint()
        self._state.dropped.discard(table)

    async def put_words_table(
        self, collection_id: int, table: str, *, synced_version: int | None
    ) -> None:
        await checkpoint()
        if collection_id not in self._state.collections:
            raise CollectionNotFound("The collection was deleted.")
        kept = self._state.collections[collection_id]
        before = kept.record.words_table
        if before not in (None, table):
            self._state.dropped.add(before)
        kept.record = replace(kept.record, words_table=table, words_version=synced_version)

    async def put_watch(self, collection_id: int, watch: Watch) -> None:
        await checkpoint()
        if collection_id not in self._state.collections:
            raise CollectionNotFound("The collection was deleted.")
        self._watch(collection_id, watch.directory, watch)

    async def end_watch(self, collection_id: int, directory: bytes) -> None:
        await checkpoint()
        if collection_id in self._state.collections:
            self._watch(collection_id, directory)

    def _watch(self, collection_id: int, directory: bytes, *watches: Watch) -> None:
        kept = self._state.collections[collection_id]
        others = [one for one in kept.record.watches if one.directory != directory]
        ordered = sorted((*others, *watches), key=lambda one: one.directory)
        kept.record = replace(kept.record, watches=tuple(ordered))
