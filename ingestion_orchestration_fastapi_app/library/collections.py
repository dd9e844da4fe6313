"""Collections from birth to deletion, and the start-up check of their tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import structlog
from anyio import Lock

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    is_collection_name,
    new_identity,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import (
    CollectionRecord,
    Mended,
    Opened,
)
from ingestion_orchestration_fastapi_app.errors import (
    CollectionDropping,
    CollectionExists,
    CollectionNotFound,
    ModelMismatch,
    StoreFault,
    StoreRead,
)
from ingestion_orchestration_fastapi_app.library.damaged_tables import (
    DamagedTables,
    logged,
    table_gone,
)
from ingestion_orchestration_fastapi_app.library.roots import CollectionRoots
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.contract import Capabilities
from utils.problems import Problem, ValidationProblem

log = structlog.get_logger(__name__)


class Collections:
    """What a collection is in ledger and store together."""

    def __init__(self, ledger: Ledger, store: VectorStore) -> None:
        self._ledger = ledger
        self._store = store
        self._dropping = Lock()
        self.damaged = DamagedTables()
        self.roots = CollectionRoots(ledger, store, check=self.damaged.check)
        self._unreconciled: set[int] = set()  # whose tables a mending may have changed

    async def check_all(self) -> None:
        """At start-up, before anything is served: tables are opened and reconciled with the ledger.

        One that cannot be used stops no other: it is damaged, and its calls are answered with
        ERR_STORE_READ, until the next import rebuilds it.
        """
        for name in await self._ledger.collections.dropped_tables():
            try:
                await self._drop(name)
            except Problem as exc:  # the next start, or who wants its name, tries again
                log.exception("table_not_dropped", collection=name, **logged(exc))
        for collection in await self._ledger.collections.list_all():
            if collection.dim is not None:
                with self.damaged.noted(collection):
                    lost = await self._check(collection, dim=collection.dim)
                    self.damaged.note_lost(collection, lost)
        for collection in await self._ledger.collections.list_all():
            if collection.root_changes:  # until it is done its jobs wait; what is there is served
                with self.damaged.noted(collection):
                    if collection.id in self.damaged:  # no import may, before it is done
                        await self.mend(collection)
                    await self.roots.finish_changes(collection)

    async def get(self, name: str) -> CollectionRecord:
        """Raises CollectionNotFound, also for what could never be a name."""
        found = await self.find(name)
        if found is None:
            raise CollectionNotFound(f"There is no collection named {name!r}.")
        return found

    async def find(self, name: str) -> CollectionRecord | None:
        return await self._ledger.collections.find(name) if is_collection_name(name) else None

    @asynccontextmanager
    async def reading(self, name: str) -> AsyncIterator[CollectionRecord]:
        """What cannot be read inside because the collection was deleted is CollectionNotFound.

        Raises StoreRead at once where its table is damaged.
        """
        collection = await self.get(name)
        self.damaged.check(collection)
        try:
            yield collection
        except StoreRead:
            now = await self.get(name)
            if now.id != collection.id:
                raise CollectionNotFound(f"The collection {name!r} was deleted.") from None
            raise

    async def create(self, name: str) -> CollectionRecord:
        """Raises ValidationProblem, CollectionExists; StoreWrite where an old table does not go."""
        if not is_collection_name(name):
            raise ValidationProblem(
                "A collection's name is 1 to 63 letters, digits, '_', '.' or '-', "
                "and begins with a letter or digit."
            )
        while True:
            try:
                identity, roots = await self._origin(name)
                return await self._ledger.collections.create(name, roots, identity=identity)
            except CollectionDropping:
                await self._drop(name)

    async def found_or_created(self, name: str) -> CollectionRecord:
        """However many ask for it at once."""
        while True:
            found = await self.find(name)
            if found is not None:
                return found
            with suppress(CollectionExists):
                return await self.create(name)

    async def delete(self, name: str) -> None:
        """Raises CollectionNotFound; JobStateProblem while a job of it is unfinished.

        The ledger forgets it first, in one step: from then on nobody finds it, and no job can be
        started. It keeps the name until the table is gone, also over a crash.
        """
        collection = await self.get(name)
        await self._ledger.collections.delete(collection.id)
        self.damaged.end(collection.id)
        await self._drop(name)

    async def _drop(self, name: str) -> None:
        """The rest of a deletion; nothing where another call has done it."""
        async with self._dropping:
            if name in await self._ledger.collections.dropped_tables():
                await self._store.drop(name)
                await self._ledger.collections.end_drop(name)

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

    async def bind(self, name: str, capabilities: Capabilities) -> CollectionRecord:
        """Ties the collection to the service's model, and makes its table. Idempotent."""
        collection = await self.get(name)
        self.check_model(collection, capabilities)
        clip = capabilities.clip
        if collection.fingerprint is None:
            try:
                await self._check(collection, dim=clip.dim)
            except StoreRead:  # of a table that outlived its ledger
                await self._store.mend(collection.name, dim=clip.dim)
                await self._check(collection, dim=clip.dim)
            await self._ledger.collections.bind(
                collection.id,
                model=clip.model,
                weights=clip.weights,
                dim=clip.dim,
                fingerprint=clip.fingerprint,
            )
        return await self.get(name)

    async def _origin(self, name: str) -> tuple[str, list[Root]]:
        """Identity and roots of a new collection: what the ids of its points hang on.

        Where a table outlived its ledger they are the table's. One that knows no identity is older
        than that: the ids of its points are made of the name.
        """
        identity, roots = await self._origin_of_table(name)
        if identity is None and await self._store.exists(name):
            identity = name
        if identity is None:
            others = await self._ledger.collections.list_all()
            identity = new_identity(name, {one.identity for one in others})
        return identity, roots

    async def _origin_of_table(self, name: str) -> tuple[str | None, list[Root]]:
        try:
            return await self._store.identity(name), await self._store.roots(name)
        except StoreFault:  # its newest version is torn
            with suppress(ValueError, StoreRead):  # torn while it was created; or damaged
                await self._store.open(name, synced_version=None)
                return await self._store.identity(name), await self._store.roots(name)
            return None, []

    async def mend(self, collection: CollectionRecord) -> Mended | None:
        """Before a job: what of the table is damaged goes, and its files are not believed stored.

        The table then knows the collection's roots. For a collection that no job writes to.
        Raises StoreRead, StoreWrite.
        """
        assert collection.dim is not None, "it is bound"
        known = collection.id not in self._unreconciled
        self._unreconciled.add(collection.id)  # also where it is cut off
        mended = await self._store.mend(collection.name, dim=collection.dim)
        missed = 0
        if collection.id in self.damaged:  # it was never opened
            missed = await self._check(collection, dim=collection.dim)
        if mended is not None or not known:
            stored = self._store.ids(collection.name)
            unknown, lost = await self._ledger.artefacts.reconcile(collection.id, stored)
            if mended is not None:
                await self._ledger.collections.set_synced_version(collection.id, mended.version)
                mended = replace(mended, lost_rows=max(mended.lost_rows, missed + lost))
            log.warning(
                "collection_mended",
                collection=collection.name,
                lost_rows=0 if mended is None else mended.lost_rows,
                unknown_points=unknown,
                lost_points=lost,
            )
        self._unreconciled.discard(collection.id)
        self.damaged.end(collection.id)
        await self.roots.put(collection, list(collection.roots))
        return mended

    async def _check(self, collection: CollectionRecord, *, dim: int) -> int:
        """Opens the newest version that is whole; ids are compared where the ledger lags or leads.

        Returns how many images the ledger knew that are not there.

        A ledger that was restored or lost, a crash between store and ledger, and a torn newest
        version all show as a version other than the one last synced.
        """
        if not await self._store.exists(collection.name):
            await self._create(collection, dim=dim)
        try:
            opened = await self._opened(collection, dim=dim)
        except ValueError:  # it was torn while it was being created, and is set aside now
            await self._create(collection, dim=dim)
            opened = await self._opened(collection, dim=dim)
        lost = 0
        if opened.restored or opened.version != collection.synced_version:
            unknown, lost = await self._ledger.artefacts.reconcile(
                collection.id, self._store.ids(collection.name)
            )
            log.info(
                "collection_reconciled",
                collection=collection.name,
                version=opened.version,
                restored=opened.restored,
                unknown_points=unknown,
                lost_points=lost,
            )
            is_older = opened.restored or opened.version < (collection.synced_version or 0)
            await self._ledger.collections.set_synced_version(collection.id, opened.version)
            await self.roots.reconcile(collection, is_newer=not is_older)
        return lost

    async def _create(self, collection: CollectionRecord, *, dim: int) -> None:
        """Raises StoreRead where images were in the table: nobody is to find an empty one."""
        _, images = await self._ledger.folders.totals(collection.id, b"/", recursive=True)
        if images:
            raise table_gone(collection.name, images)
        await self._store.create(collection.name, dim=dim)

    async def _opened(self, collection: CollectionRecord, *, dim: int) -> Opened:
        return await self._store.open(
            collection.name, synced_version=collection.synced_version, dim=dim
        )
