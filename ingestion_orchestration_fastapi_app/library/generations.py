"""Generations beside the one that answers: begun, switched to, removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from ingestion_orchestration_fastapi_app.domain.files.deletion import guarded
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    NewGeneration,
    new_table_name,
)
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    GenerationNotFound,
    GenerationStateProblem,
    SwitchGuarded,
)
from ingestion_orchestration_fastapi_app.library.catalogue.collection_catalogue import (
    CollectionCatalogue,
)
from ingestion_orchestration_fastapi_app.library.roots import CollectionRoots
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from ingestion_orchestration_fastapi_app.resources.collection_writers import CollectionWriters
from utils.contract import ClipCapabilities

log = structlog.get_logger(__name__)


class CollectionGenerations:
    """`drop` drops a table that the ledger has among the dropped ones."""

    def __init__(
        self,
        ledger: Ledger,
        store: VectorStore,
        roots: CollectionRoots,
        words: CollectionWords,
        catalogue: CollectionCatalogue,
        writers: CollectionWriters,
        drop: Callable[[str], Awaitable[None]],
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._roots = roots
        self._words = words
        self._catalogue = catalogue
        self._writers = writers
        self._drop = drop

    async def begin(self, collection: CollectionRecord, clip: ClipCapabilities) -> Generation:
        """One that fills, with its table; or the one that there is of the model. Idempotent."""
        taken = await self._ledger.generations.taken_tables()
        table = new_table_name(collection.name, taken.union(await self._store.tables()))
        new = NewGeneration(table, clip.model, clip.weights, clip.dim, clip.fingerprint)
        generation = await self._ledger.generations.create(collection.id, new)
        if generation.synced_version is None:
            await self._create(collection, generation)
        return generation

    async def prepare(self, collection: CollectionRecord, generation: Generation) -> int:
        """Before a job fills it: its table is there, whole, and where the roots are; the ledger
        believes what is in it. Returns how many images were lost. Safe to repeat.
        """
        lost = 0
        if generation.synced_version is None or not await self._store.exists(generation.table):
            await self._create(collection, generation)
            lost = await self._reconciled(generation)
        elif mended := await self._store.mend(generation.table, dim=generation.dim):
            lost = await self._reconciled(generation)
            await self._ledger.generations.set_synced_version(generation.id, mended.version)
        await self._roots.put_back(collection, generation)
        await self._roots.put(collection, generation, list(collection.roots))
        return lost

    async def _create(self, collection: CollectionRecord, generation: Generation) -> None:
        version = await self._store.create(generation.table, dim=generation.dim)
        await self._ledger.generations.set_synced_version(generation.id, version)
        await self._roots.put(collection, generation, list(collection.roots))

    async def _reconciled(self, generation: Generation) -> int:
        stored = self._store.ids(generation.table)
        _, lost = await self._ledger.artefacts.reconcile(generation.id, stored)
        return lost

    async def activate(self, collection_id: int, generation_id: int) -> CollectionRecord:
        """It answers from now on; who asked before gets the answer of the one before. Idempotent.

        What of its table is not where the roots are now is brought there first. Raises StoreRead
        where that cannot be read, GenerationNotFound: it is not activated then.
        """
        async with self._writers.of(collection_id):
            return await self.switch(collection_id, generation_id)

    async def switch(self, collection_id: int, generation_id: int) -> CollectionRecord:
        """As `activate`, for who holds the collection's writer."""
        collection = await self._found(collection_id)
        generation = generation_of(collection, generation_id)
        await self._roots.put_back(collection, generation)
        await self._ledger.generations.activate(generation_id)
        now = await self._found(collection_id)
        await self._roots.put_all(now)
        await self._words.compare(now)
        await self._catalogue.check(now)
        log.info("generation_activated", collection=now.name, table=generation.table)
        return now

    async def missing(self, collection: CollectionRecord, generation: Generation) -> int:
        """How many images of the generation that answers it lacks."""
        active = collection.active
        if active is None or active.id == generation.id:
            return 0
        return await self._ledger.generations.count_missing(active.id, generation.id)

    async def check_switch(
        self, collection: CollectionRecord, generation: Generation, *, percent: float
    ) -> None:
        """Raises SwitchGuarded where so many images would not be found that somebody must say that
        it is meant.
        """
        missing = await self.missing(collection, generation)
        images = 0
        if missing:
            images = await self._ledger.artefacts.count_stored(collection.bound().id)
        check_found(generation, missing=missing, images=images, percent=percent)

    async def remove(self, collection_id: int, generation: Generation) -> None:
        """With its table. Idempotent. No job may write to it; who removes points, or switches, is
        waited for. Raises GenerationStateProblem for the active one.
        """
        async with self._writers.of(collection_id):
            active = (await self._found(collection_id)).active
            if active is not None and active.id == generation.id:
                raise GenerationStateProblem(
                    f"The generation {generation.id} answers: let another one answer first."
                )
            await self._ledger.generations.remove(generation.id)
        await self._drop(generation.table)

    async def _found(self, collection_id: int) -> CollectionRecord:
        found = await self._ledger.collections.find_by_id(collection_id)
        if found is None:
            raise CollectionNotFound("The collection was deleted.")
        return found


def generation_of(collection: CollectionRecord, generation_id: int) -> Generation:
    """Raises GenerationNotFound."""
    found = (one for one in collection.generations if one.id == generation_id)
    generation = next(found, None)
    if generation is None:
        known = ", ".join(str(one.id) for one in collection.generations) or "none"
        raise GenerationNotFound(
            f"The collection {collection.name!r} has no generation {generation_id}; these are "
            f"there: {known}."
        )
    return generation


def check_found(generation: Generation, *, missing: int, images: int, percent: float) -> None:
    """Raises SwitchGuarded where of so many images so many are missing in the generation."""
    if guarded(missing, images - missing, percent=percent):
        raise SwitchGuarded(
            f"{missing:,} of {images:,} images have no vector by {generation.model}, and would "
            "not be found: fill the generation first (reembed), or use force."
        )
