"""Forgets images: their points go, no file does, and no import takes their content in again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import structlog

from ingestion_orchestration_fastapi_app.domain.files.forgotten import ForgottenImage
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.removed_points import remove_points
from ingestion_orchestration_fastapi_app.library.trash.restoring import Restoring
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.problems import Problem

log = structlog.get_logger(__name__)

GROUP = 1024


class Forgetting:
    """What is to be forgotten is written down first. From then on no import stores it, and what was
    cut off is seen through by the next start, or by who forgets something next.
    """

    def __init__(
        self,
        collections: Collections,
        ledger: Ledger,
        store: VectorStore,
        *,
        reader_version: str,
    ) -> None:
        self._collections = collections
        self._ledger = ledger
        self._store = store
        self._reader_version = reader_version
        self._restoring = Restoring(collections, ledger, store)

    async def forget(self, name: str, images: Sequence[StoredImage]) -> int:
        """These, and every copy of their contents in the collection. Returns how many points went.

        Raises CollectionNotFound, StoreRead, StoreWrite, DiskFull; ServiceOverloaded.
        """
        contents = {one.sha256: ForgottenImage(one.sha256, one.display_path) for one in images}
        async with (
            self._collections.reading(name) as record,
            self._collections.writers.held(record.id),
        ):
            await self._ledger.forgotten.begin(record.id, list(contents.values()))
            # By their own ids, too: a file may be another by now, and its point of what it was.
            gone = [image.id for image in images]
            for start in range(0, len(gone), GROUP):
                await self._remove(record, gone[start : start + GROUP])
            copies = await self._finish(record)
        log.info("images_forgotten", collection=name, contents=len(contents))
        return len(gone) + copies

    async def take_back(self, name: str, sha256: bytes) -> None:
        """What of it is in the trash is there again at once, where the table answers; the rest the
        next import takes in. Raises ImageNotFound, and as `forget`.
        """
        record, forgotten = await self._collections.get(name), self._ledger.forgotten
        async with self._collections.writers.held(record.id):
            await self._finish(record)  # an import passes over a file that is half forgotten
            if not await forgotten.among(record.id, [sha256]):
                raise ImageNotFound(f"Collection {name!r} has not forgotten {sha256.hex()}.")
            if record.id not in self._collections.damaged:
                await self._restoring.copies(record.id, [sha256])
            await forgotten.take_back(record.id, sha256)

    async def finish_all(self) -> None:
        """At a start: what was cut off. One that cannot be written stops nobody else."""
        for collection_id in await self._ledger.forgotten.pending_collections():
            record = await self._ledger.collections.find_by_id(collection_id)
            if record is None:
                continue
            try:
                async with self._collections.writers.held(record.id):
                    await self._finish(record)
            except Problem as exc:  # the next start, or who forgets something, goes on
                log.warning("images_not_forgotten", collection=record.name, error=exc.detail)
            except Exception:  # a bug, too: all else must be served
                log.exception("images_not_forgotten", collection=record.name)

    async def _finish(self, record: CollectionRecord) -> int:
        removed = 0
        pending = self._ledger.forgotten.pending_points
        while ids := await pending(record.id, limit=GROUP):
            if record.active is not None:
                there = await self._ledger.artefacts.maybe_written(record.active.id, ids)
                removed += len(there)
            await self._remove(record, ids)
        await self._ledger.forgotten.end(record.id)
        return removed

    async def _remove(self, record: CollectionRecord, ids: Sequence[UUID]) -> None:
        synced = await remove_points(
            self._ledger, self._store, self._collections.words, self._collections.trash, record, ids
        )
        await self._ledger.forgotten.forget_points(
            record.id, ids, synced=synced, reader_version=self._reader_version
        )
