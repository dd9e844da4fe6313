"""Collections from birth to deletion, and the start-up check of their tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import structlog
from anyio import Lock

from ingestion_orchestration_fastapi_app.domain.files.identity import (
    is_collection_name,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import (
    CollectionRecord,
)
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    NewGeneration,
    table_name,
)
from ingestion_orchestration_fastapi_app.domain.library.table_label import Found
from ingestion_orchestration_fastapi_app.domain.trash.trashed import TrashLimits
from ingestion_orchestration_fastapi_app.errors import (
    CollectionDropping,
    CollectionExists,
    CollectionNotFound,
    ModelMismatch,
    StoreRead,
)
from ingestion_orchestration_fastapi_app.library.catalogue.collection_catalogue import (
    CollectionCatalogue,
)
from ingestion_orchestration_fastapi_app.library.collection_tables import CollectionTables
from ingestion_orchestration_fastapi_app.library.damaged_tables import (
    DamagedTables,
    logged,
)
from ingestion_orchestration_fastapi_app.library.generations import CollectionGenerations
from ingestion_orchestration_fastapi_app.library.roots import CollectionRoots
from ingestion_orchestration_fastapi_app.library.trash.trash import DEFAULT_LIMITS, Trash
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from ingestion_orchestration_fastapi_app.ports.words import WordStore
from ingestion_orchestration_fastapi_app.resources.collection_writers import CollectionWriters
from utils.contract import Capabilities
from utils.problems import Problem, ValidationProblem

log = structlog.get_logger(__name__)


class Collections:
    """What a collection is in ledger and store together."""

    def __init__(
        self,
        ledger: Ledger,
        store: VectorStore,
        words: WordStore,
        *,
        trash: TrashLimits = DEFAULT_LIMITS,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._dropping = Lock()
        self.damaged = DamagedTables()
        self.writers = CollectionWriters()
        self.words = CollectionWords(ledger, store, words)
        self.trash = Trash(ledger, store, self.words, trash)
        self.catalogue = CollectionCatalogue(ledger, store)
        self.roots = CollectionRoots(
            ledger, store, self.words, check=self.damaged.check, writers=self.writers
        )
        self.generations = CollectionGenerations(
            ledger,
            store,
            self.roots,
            self.words,
            self.catalogue,
            self.writers,
            self._drop,
        )
        self.tables = CollectionTables(ledger, store, self.roots, self.damaged)

    async def check_all(self) -> None:
        """At start-up, before anything is served: tables are opened and reconciled with the ledger.

        One that cannot be used stops no other: it is damaged, and its calls are answered with
        ERR_STORE_READ, until the next import rebuilds it.
        """
        for table in await self._ledger.collections.dropped_tables():
            try:
                await self._drop(table)
            except Problem as exc:  # the next start, or who wants its name, tries again
                log.exception("table_not_dropped", table=table, **logged(exc))
        for collection in await self._ledger.collections.list_all():
            await self._checked(collection)
        for collection in await self._ledger.collections.list_all():
            if collection.id not in self.damaged and not collection.root_changes:
                await self.roots.put_all(collection)
        for collection in await self._ledger.collections.list_all():
            if collection.root_changes:  # until it is done its jobs wait; what is there is served
                with self.damaged.noted(collection):
                    if collection.id in self.damaged:  # no import may, before it is done
                        await self.tables.mend(collection)
                    await self.roots.finish_changes(collection)

    async def _checked(self, collection: CollectionRecord) -> None:
        active = collection.active
        if active is not None:
            with self.damaged.noted(collection):
                lost = await self.tables.check(collection, active)
                self.damaged.note_lost(collection, lost)
                await self.words.check(collection)
                await self.catalogue.check(collection)
        else:
            await self.catalogue.check(collection)
        for other in collection.generations:
            if other != active:
                await self.tables.check_quietly(collection, other)

    async def get(self, name: str) -> CollectionRecord:
        """Raises CollectionNotFound, also for what could never be a name."""
        found = await self.find(name)
        if found is None:
            raise CollectionNotFound(f"There is no collection named {name!r}.")
        return found

    async def by_id(self, collection_id: int) -> CollectionRecord:
        """Whatever it is called by now. Raises CollectionNotFound."""
        found = await self._ledger.collections.find_by_id(collection_id)
        if found is None:
            raise CollectionNotFound("The collection was deleted.")
        return found

    async def find(self, name: str) -> CollectionRecord | None:
        return await self._ledger.collections.find(name) if is_collection_name(name) else None

    @asynccontextmanager
    async def reading(self, name: str) -> AsyncIterator[CollectionRecord]:
        """What cannot be read inside because the collection was deleted is CollectionNotFound.

        Raises StoreRead at once where its table is damaged; a damage that is found inside is
        remembered, until an import has mended the table.
        """
        collection = await self.get(name)
        self.damaged.check(collection)
        mended = self.damaged.mended(collection.id)
        try:
            yield collection
        except StoreRead as exc:
            self.damaged.note(collection, exc, mended=mended)
            if await self._ledger.collections.find_by_id(collection.id) is None:
                raise CollectionNotFound(f"The collection {name!r} was deleted.") from None
            raise

    async def create(self, name: str, *, identity: str | None = None) -> CollectionRecord:
        """With that identity, where it is not taken: the ids of its images are then those of
        another library's.

        Raises ValidationProblem, CollectionExists; StoreWrite where an old table does not go.
        """
        _check_name(name)
        while True:
            try:
                identity, found = await self.tables.origin(name, wanted=identity)
                if found is None:
                    return await self._ledger.collections.create(name, identity=identity)
                return await self._adopted(name, found)
            except CollectionDropping:
                await self._drop(table_name(name))

    async def _adopted(self, name: str, found: Found) -> CollectionRecord:
        """What tables say of a collection that a lost ledger knew."""
        made = await self._ledger.collections.create(
            name,
            list(found.roots),
            identity=found.identity,
            generations=found.generations,
        )
        log.warning("collection_adopted", collection=name, table=found.table)
        if made.active is None:
            await self.tables.claim(found)
        await self._checked(made)
        return await self.by_id(made.id)

    async def found_or_created(self, name: str, *, identity: str | None = None) -> CollectionRecord:
        """However many ask for it at once."""
        while True:
            found = await self.find(name)
            if found is not None:
                return found
            with suppress(CollectionExists):
                return await self.create(name, identity=identity)

    async def rename(self, name: str, new: str) -> CollectionRecord:
        """Its tables keep their names, and say the new one; all else of it stays. Idempotent.

        Raises ValidationProblem, CollectionNotFound, CollectionExists.
        """
        _check_name(new)
        collection = await self.get(name)
        await self._ledger.collections.rename(collection.id, new)
        renamed = await self.by_id(collection.id)
        if not renamed.root_changes:  # else who ends them tells the tables
            await self.roots.put_all(renamed)
        return renamed

    async def delete(self, name: str) -> None:
        """Raises CollectionNotFound; JobStateProblem while a job of it is unfinished.

        The ledger forgets it first, in one step: from then on nobody finds it, and no job can be
        started. It remembers the tables until they are gone, also over a crash.
        """
        collection = await self.get(name)
        await self._ledger.collections.delete(collection.id)
        self.damaged.end(collection.id)
        for table in {*collection.tables, table_name(name)}:
            await self._drop(table)
        await self.trash.trim()

    async def _drop(self, table: str) -> None:
        """The rest of a deletion; nothing where another call has done it."""
        async with self._dropping:
            if table in await self._ledger.collections.dropped_tables():
                await self._store.drop(table)
                await self._ledger.collections.end_drop(table)

    def check_model(self, collection: CollectionRecord, capabilities: Capabilities) -> None:
        """Raises ModelMismatch. A collection that is not yet bound fits any model."""
        clip = capabilities.clip
        if collection.fingerprint is not None and collection.fingerprint != clip.fingerprint:
            raise ModelMismatch(
                f"Collection {collection.name!r} was made by {collection.model} "
                f"({collection.fingerprint}); the inference service runs {clip.model} "
                f"({clip.fingerprint}). Use another collection, or start the service with "
                "the collection's model."
            )

    async def bind(self, collection_id: int, capabilities: Capabilities) -> CollectionRecord:
        """Ties the collection to the service's model, and makes its table. Idempotent."""
        self.check_model(await self.by_id(collection_id), capabilities)
        clip = capabilities.clip
        made_with = NewGeneration("", clip.model, clip.weights, clip.dim, clip.fingerprint)
        return await self.bind_model(collection_id, made_with)

    async def bind_model(self, collection_id: int, made_with: NewGeneration) -> CollectionRecord:
        """As `bind`, without a service; the table is named here. Raises ModelMismatch."""
        collection = await self.by_id(collection_id)
        if collection.active is None:
            table = await self.tables.first(collection, dim=made_with.dim)
            bind = self._ledger.generations.bind
            await bind(collection.id, replace(made_with, table=table), synced_version=None)
            collection = await self.by_id(collection_id)
        if collection.bound().synced_version is None:  # also where that was cut off
            await self.tables.check(collection, collection.bound())
        return await self.by_id(collection_id)


def _check_name(name: str) -> None:
    if not is_collection_name(name):
        raise ValidationProblem(
            "A collection's name is 1 to 63 letters, digits, '_', '.' or '-', "
            "and begins with a letter or digit."
        )
