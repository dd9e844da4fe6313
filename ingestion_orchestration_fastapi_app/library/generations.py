"""Generations beside the one that answers: begun, switched to, removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    NewGeneration,
    new_table_name,
)
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from ingestion_orchestration_fastapi_app.library.roots import CollectionRoots
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.contract import ClipCapabilities

log = structlog.get_logger(__name__)


class CollectionGenerations:
    """`drop` drops a table that the ledger has among the dropped ones."""

    def __init__(
        self,
        ledger: Ledger,
        store: VectorStore,
        roots: CollectionRoots,
        drop: Callable[[str], Awaitable[None]],
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._roots = roots
        self._drop = drop

    async def begin(self, collection: CollectionRecord, clip: ClipCapabilities) -> Generation:
        """One that fills, with its table; or the one that there is of the model. Idempotent."""
        taken = await self._ledger.generations.taken_tables()
        table = new_table_name(collection.name, taken.union(await self._store.tables()))
        new = NewGeneration(table, clip.model, clip.weights, clip.dim, clip.fingerprint)
        generation = await self._ledger.generations.create(collection.id, new)
        if generation.synced_version is None:
            version = await self._store.create(generation.table, dim=generation.dim)
            await self._ledger.generations.set_synced_version(generation.id, version)
        await self._roots.put(collection, generation, list(collection.roots))
        return generation

    async def activate(self, collection_id: int, generation_id: int) -> CollectionRecord:
        """It answers from now on; who asked before gets the answer of the one before. Idempotent.

        What of its table is not where the roots are now is brought there first. Raises StoreRead
        where that cannot be read: it is not activated then.
        """
        collection = await self._found(collection_id)
        found = (one for one in collection.generations if one.id == generation_id)
        generation = next(found, None)
        if generation is None:
            raise CollectionNotFound("The generation was removed.")
        await self._roots.put_back(collection, generation)
        await self._ledger.generations.activate(generation_id)
        now = await self._found(collection_id)
        await self._roots.put_all(now)
        log.info("generation_activated", collection=now.name, table=generation.table)
        return now

    async def remove(self, generation: Generation) -> None:
        """With its table. Idempotent; ValueError for the active one."""
        await self._ledger.generations.remove(generation.id)
        await self._drop(generation.table)

    async def _found(self, collection_id: int) -> CollectionRecord:
        found = await self._ledger.collections.find_by_id(collection_id)
        if found is None:
            raise CollectionNotFound("The collection was deleted.")
        return found
