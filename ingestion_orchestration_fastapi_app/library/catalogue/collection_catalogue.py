"""Makes a collection's catalogue whole: a row for each point and no other, from the points."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import structlog
from anyio import Lock, sleep

from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    CATALOGUE_VERSION,
    key_of,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import StoreRead
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from ingestion_orchestration_fastapi_app.resources.fill_queue import FillQueue
from utils.problems import Problem

log = structlog.get_logger(__name__)

RETRY_S = 60.0  # after what may be the moment's fault
_A_STEP = 1024  # points


class CollectionCatalogue:
    """Jobs write their rows themselves: filled is what is older than the catalogue, or than what a
    row holds, and what a lost or restored ledger does not know. Runs beside all else, and goes on
    where it was cut off.
    """

    def __init__(self, ledger: Ledger, store: VectorStore) -> None:
        self._ledger = ledger
        self._store = store
        self._queue = FillQueue()
        self._filling = Lock()

    async def check(self, collection: CollectionRecord) -> None:
        """At start-up, after the collection's points. What is not whole is filled later."""
        if collection.active is None:  # it has no points
            await self._ledger.catalogue.set_version(collection.id, CATALOGUE_VERSION)
            return
        if self.is_whole(collection):
            rows = await self._ledger.catalogue.size(collection.id)
            if rows == await self._store.count(collection.bound().table):
                return
            await self._ledger.catalogue.set_version(collection.id, None)
        self._queue.ask(collection.id)

    @staticmethod
    def is_whole(collection: CollectionRecord) -> bool:
        """As far as is known."""
        return collection.catalogue_version == CATALOGUE_VERSION

    async def added(
        self, collection: CollectionRecord, point_ids: Collection[UUID]
    ) -> dict[UUID, int]:
        """When each of these that it knows was added, as numbers that grow with time."""
        return await self._ledger.browsing.added(collection.id, point_ids)

    async def serve(self) -> None:
        while True:
            collection_id = await self._queue.next()
            try:
                found = await self._ledger.collections.find_by_id(collection_id)
                if found is not None and found.active is not None and not await self.fill(found):
                    await sleep(RETRY_S)
                    self._queue.ask(collection_id)
            except Problem as exc:
                log.warning("catalogue_not_filled", collection_id=collection_id, error=exc.detail)
                if not (isinstance(exc, StoreRead) and exc.damaged_table):  # an import mends that
                    await sleep(RETRY_S)
                    self._queue.ask(collection_id)
            except Exception:  # a bug, too: nothing else depends on it
                log.exception("catalogue_not_filled", collection_id=collection_id)

    async def fill(self, collection: CollectionRecord) -> bool:
        """Safe beside imports and removals: what they write, or delete, stays so.

        False: points were left out, since a root of theirs is being moved.
        """
        async with self._filling:
            table, made, left = collection.bound().table, 0, 0
            log.info("catalogue_filling", collection=collection.name)
            async for ids in self._store.ids(table):
                for start in range(0, len(ids), _A_STEP):
                    group = list(dict.fromkeys(ids[start : start + _A_STEP]))
                    written, unknown = await self._write(collection, table, group)
                    made, left = made + written, left + unknown
            deleted = await self._forget_unknown(collection, table)
            version = None if left else CATALOGUE_VERSION
            await self._ledger.catalogue.set_version(collection.id, version)
            numbers = {"made": made, "deleted": deleted, "left": left}
            log.info("catalogue_filled", collection=collection.name, **numbers)
            return not left

    async def _write(
        self, collection: CollectionRecord, table: str, ids: Sequence[UUID]
    ) -> tuple[int, int]:
        """How many were written, and left out."""
        catalogue = self._ledger.catalogue
        lacking = await catalogue.lacking(collection.id, ids)
        if not lacking:
            return 0, 0
        points = await self._store.get(table, list(lacking))
        keyed = [(key_of(point, collection.roots), point) for point in points]
        known = [(key, point) for key, point in keyed if key is not None]
        await catalogue.put(collection.id, known)
        # A removal deletes a point first, and then its row: what is still there now, it finds.
        put = [point.id for _, point in known]
        there = {point.id for point in await self._store.get(table, put)}
        await catalogue.forget(collection.id, [one for one in put if one not in there])
        return len(put), len(keyed) - len(known)

    async def _forget_unknown(self, collection: CollectionRecord, table: str) -> int:
        """Rows of no point; looked for only where there are more rows than points."""
        catalogue, deleted = self._ledger.catalogue, 0
        if await catalogue.size(collection.id) <= await self._store.count(table):
            return 0
        after: UUID | None = None
        while ids := await catalogue.point_ids(collection.id, after=after, limit=_A_STEP):
            after = ids[-1]
            there = {point.id for point in await self._store.get(table, ids)}
            unknown = [one for one in ids if one not in there]
            await catalogue.forget(collection.id, unknown)
            deleted += len(unknown)
        return deleted
