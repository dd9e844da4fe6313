"""The tables of collections: found, made, opened, reconciled with the ledger, mended."""

from __future__ import annotations

from contextlib import suppress

import structlog

from ingestion_orchestration_fastapi_app.domain.files.identity import new_identity
from ingestion_orchestration_fastapi_app.domain.library.collection import (
    CollectionRecord,
    Opened,
)
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
    new_table_name,
)
from ingestion_orchestration_fastapi_app.domain.library.table_label import (
    Found,
    TableLabel,
    found_of,
)
from ingestion_orchestration_fastapi_app.errors import StoreFault, StoreRead
from ingestion_orchestration_fastapi_app.library.damaged_tables import (
    DamagedTables,
    logged,
    table_gone,
)
from ingestion_orchestration_fastapi_app.library.roots import CollectionRoots
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.problems import Problem

log = structlog.get_logger(__name__)


class CollectionTables:
    def __init__(
        self,
        ledger: Ledger,
        store: VectorStore,
        roots: CollectionRoots,
        damaged: DamagedTables,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._roots = roots
        self._damaged = damaged
        self._unreconciled: dict[int, int] = {}  # images lost so far, of mendings that are not over

    async def origin(self, name: str, *, wanted: str | None = None) -> tuple[str, Found | None]:
        """The identity of a new collection, the wanted one where it is free, and what tables say of
        it that outlived their ledger.

        A new identity is also none that any such table says, which may be found later.
        """
        taken = {one.identity for one in await self._ledger.collections.list_all()}
        labels = await self._orphans()
        found = found_of(name, labels)
        if found is not None and found.identity not in taken:
            return found.identity, found
        said = {one.identity for one in labels.values() if one.identity is not None}
        if wanted is not None and wanted not in taken | said:
            return wanted, None
        return new_identity(name, taken | said), None

    async def claim(self, found: Found) -> None:
        """A table that does not say its model is the collection's, whatever that is called later.

        What cannot be written is found by its name, as long as the collection keeps its own.
        """
        try:
            label = TableLabel(found.identity, found.roots)
            if await self._store.label(found.table) != label:
                await self._store.put_label(found.table, label)
        except Problem as exc:
            log.warning("table_not_labelled", table=found.table, error=exc.detail)

    async def _orphans(self) -> dict[str, TableLabel]:
        """Labels of tables that the ledger does not know."""
        known = await self._ledger.generations.taken_tables()
        labels = {}
        for table in await self._store.tables():
            if table not in known:
                label = await self._label(table)
                if label is not None:
                    labels[table] = label
        return labels

    async def _label(self, table: str) -> TableLabel | None:
        try:
            return await self._store.label(table)
        except StoreFault:  # its newest version is torn; or it is no table of points
            with suppress(ValueError, StoreRead):  # torn while it was created; or damaged
                await self._store.open(table, synced_version=None)
                return await self._store.label(table)
            return None

    async def mend(self, collection: CollectionRecord) -> int | None:
        """Before a job: what of the table is damaged goes, and its files are not believed stored.

        Returns how many images are lost, also by a try before that did not come to its end; None
        where nothing was damaged. The table then knows the collection's roots. For a collection
        that no job writes to. Raises StoreRead, StoreWrite.
        """
        active = collection.bound()
        known = collection.id not in self._unreconciled
        self._unreconciled.setdefault(collection.id, 0)  # also where it is cut off
        mended = await self._store.mend(active.table, dim=active.dim)
        if collection.id in self._damaged:  # it was never opened
            self._unreconciled[collection.id] += await self.check(collection, active)
        if mended is not None or not known:
            stored = self._store.ids(active.table)
            unknown, lost = await self._ledger.artefacts.reconcile(active.id, stored)
            self._unreconciled[collection.id] += lost
            if mended is not None:
                await self._ledger.generations.set_synced_version(active.id, mended.version)
            log.warning(
                "collection_mended",
                collection=collection.name,
                lost_rows=0 if mended is None else mended.lost_rows,
                unknown_points=unknown,
                lost_points=self._unreconciled[collection.id],
            )
        self._damaged.end(collection.id)
        await self._roots.put(collection, active, list(collection.roots))
        lost_images = self._unreconciled.pop(collection.id)
        if mended is None:
            return lost_images or None
        return max(mended.lost_rows, lost_images)

    async def check(self, collection: CollectionRecord, generation: Generation) -> int:
        """Opens the newest version that is whole; ids are compared where the ledger lags or leads.

        Returns how many images the ledger knew that are not there.

        A ledger that was restored or lost, a crash between store and ledger, and a torn newest
        version all show as a version other than the one last synced.
        """
        synced_version = generation.synced_version
        opened = await self._opened(
            collection, generation.table, dim=generation.dim, synced_version=synced_version
        )
        if not opened.restored and opened.version == synced_version:
            return 0
        unknown, lost = await self._ledger.artefacts.reconcile(
            generation.id, self._store.ids(generation.table)
        )
        log.info(
            "collection_reconciled",
            collection=collection.name,
            version=opened.version,
            restored=opened.restored,
            unknown_points=unknown,
            lost_points=lost,
        )
        is_older = opened.restored or opened.version < (synced_version or 0)
        # First, what is to be done with its roots: with its version it counts as looked through.
        if is_older:
            await self._roots.begin_put_back(collection, generation)
        elif generation.state is GenerationState.ACTIVE:
            await self._roots.adopt(collection, generation.table)
        await self._ledger.generations.set_synced_version(generation.id, opened.version)
        if is_older:
            await self._roots.put_back(collection, generation)
        return lost

    async def check_quietly(self, collection: CollectionRecord, generation: Generation) -> None:
        """Of one that does not answer: what is wrong with it is said to who works with it."""
        try:
            await self.check(collection, generation)
        except Exception as exc:  # a bug, too: the collection must be served
            log.exception("generation_not_opened", table=generation.table, **logged(exc))

    async def first(self, collection: CollectionRecord, *, dim: int) -> str:
        """The name of the table of a collection that is not bound yet, made where it is not there.

        Whose it is by what is in it is known once it is checked.
        """
        labels = await self._orphans()
        own = (one for one, label in labels.items() if label.identity == collection.identity)
        table = next(own, None)
        if table is None:
            taken = await self._ledger.generations.taken_tables()
            others = (one for one, label in labels.items() if label.identity is not None)
            table = new_table_name(collection.name, taken.union(others))
        try:
            await self._opened(collection, table, dim=dim, synced_version=None)
        except StoreRead:  # of a table that outlived its ledger
            await self._store.mend(table, dim=dim)
        return table

    async def _opened(
        self, collection: CollectionRecord, table: str, *, dim: int, synced_version: int | None
    ) -> Opened:
        if not await self._store.exists(table):
            await self._create(collection, table, dim=dim)
        try:
            return await self._store.open(table, synced_version=synced_version, dim=dim)
        except ValueError:  # it was torn while it was being created, and is set aside now
            await self._create(collection, table, dim=dim)
            return await self._store.open(table, synced_version=synced_version, dim=dim)

    async def _create(self, collection: CollectionRecord, table: str, *, dim: int) -> None:
        """Raises StoreRead where images were in the table: nobody is to find an empty one."""
        for one in collection.generations:
            images = await self._ledger.artefacts.count_stored(one.id) if one.table == table else 0
            if images:
                raise table_gone(collection.name, images, table=table)
        await self._store.create(table, dim=dim)
