"""Has the indexes of collections built where they are due. No job waits for it."""

from __future__ import annotations

from contextlib import suppress

import structlog

from ingestion_orchestration_fastapi_app.domain.library.collection import (
    CollectionRecord,
    IndexState,
)
from ingestion_orchestration_fastapi_app.domain.library.generation import GenerationState
from ingestion_orchestration_fastapi_app.errors import StoreRead
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.problems import Problem

log = structlog.get_logger(__name__)


class IndexUpkeep:
    """One collection after the other: the store builds one index at a time anyway."""

    def __init__(self, ledger: Ledger, store: VectorStore, words: CollectionWords) -> None:
        self._ledger = ledger
        self._store = store
        self._words = words
        self._requests = words.index_requests

    async def serve(self) -> None:
        """Looks at every collection once, too: a build may have been cut off by the last stop."""
        for collection_id in await self._all():
            self._requests.ask(collection_id)
        while True:
            collection_id = await self._requests.next_due()
            if await self._is_built(collection_id):
                self._requests.done(collection_id)
            else:
                wait_s = self._requests.failed(collection_id)
                log.warning("index_waits", collection_id=collection_id, wait_s=wait_s)

    async def _all(self) -> list[int]:
        try:
            return [one.id for one in await self._ledger.collections.list_all()]
        except Problem:  # its own calls say so
            return []

    async def _is_built(self, collection_id: int) -> bool:
        try:
            collection = await self._ledger.collections.find_by_id(collection_id)
            return collection is None or await self.build(collection)
        except Problem as exc:  # the disk is full; or an import mends the table, and asks again
            log.warning("index_not_kept", collection_id=collection_id, error=exc.detail)
        except Exception:  # a bug, too: nothing else depends on it
            log.exception("index_not_kept", collection_id=collection_id)
        return False

    async def build(self, collection: CollectionRecord) -> bool:
        """Of all its tables, where due. False: one could not be built now."""
        is_built = True
        for generation in collection.generations:
            if generation.state is not GenerationState.RETIRED:
                table, version = generation.table, None
                if await self._store.exists(table) and (await self._store.size(table)).index_due:
                    version = await self._store.upkeep(table)
                    is_built &= (await self._store.size(table)).index is not IndexState.FAILED
                if version is not None:  # what a job has written meanwhile is newer
                    put = self._ledger.generations.set_synced_version
                    await put(generation.id, version, only_newer=True)
        return await self._words_are_built(collection) and is_built

    async def _words_are_built(self, collection: CollectionRecord) -> bool:
        """Who writes words does not wait."""
        words, state = self._words.store, self._words.state(collection)
        table, version = state.table, None
        if table is None or not (await words.size(table)).index_due:
            return True
        with suppress(StoreRead, ValueError):
            version = await words.upkeep(table)
        async with state.lock:
            if version is not None and state.table == table:
                state.version = max(version, state.version or 0)
        await self._words.settle(collection)
        return (await words.size(table)).index is not IndexState.FAILED
