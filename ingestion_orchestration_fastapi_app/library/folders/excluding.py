"""Excludes folders from a collection: their points go, no file does, and no import goes in."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import structlog

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    Mark,
    MarkedFolder,
    absolute_folder,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.folders.marking import FolderMarking
from ingestion_orchestration_fastapi_app.library.removed_points import remove_points
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.problems import Problem

log = structlog.get_logger(__name__)

GROUP = 1024


class FolderExcluding:
    """What is to be excluded is written down first. From then on no import stores what lies in it,
    and what was cut off is seen through by the next start, or by who excludes something next.
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
        self._marking = FolderMarking(collections, ledger)
        self._reader_version = reader_version

    async def exclude(self, name: str, folder: bytes) -> tuple[MarkedFolder, int]:
        """Idempotent. Also how many points went.

        Raises CollectionNotFound, FolderNotFound, ValidationProblem, StoreRead, StoreWrite,
        DiskFull; ServiceOverloaded.
        """
        async with (
            self._collections.reading(name) as record,
            self._collections.writers.held(record.id),
        ):
            made = await self._marking.put(record, folder, Mark.EXCLUDED)
            removed = await self._finish(record.id)
        log.info("folder_excluded", collection=name, path=display_text(folder), removed=removed)
        return made, removed

    async def include(self, name: str, folder: bytes) -> None:
        """The next import takes it in again. Raises FolderNotFound, and as `exclude`."""
        record = await self._collections.get(name)
        async with self._collections.writers.held(record.id):
            await self._finish(record.id)  # a file that is half excluded would be lost
            await self._marking.take_back(record, folder, Mark.EXCLUDED)
        log.info("folder_included", collection=name, path=display_text(folder))

    async def finish_all(self) -> None:
        """At a start: what was cut off. One that cannot be written stops nobody else."""
        for record in await self._ledger.collections.list_all():
            if all(one.is_done for one in record.marked):
                continue
            try:
                async with self._collections.writers.held(record.id):
                    await self._finish(record.id)
            except Problem as exc:  # the next start, or who excludes something, goes on
                log.warning("folders_not_excluded", collection=record.name, error=exc.detail)
            except Exception:  # a bug, too: all else must be served
                log.exception("folders_not_excluded", collection=record.name)

    async def _finish(self, collection_id: int) -> int:
        removed = 0
        record = await self._collections.by_id(collection_id)
        for one in record.marked:
            folder = absolute_folder(one.place, record.roots)
            if one.is_done or folder is None:
                continue
            removed += await self._remove_known(record, folder)
            removed += await self._remove_stored(record, folder)
            await self._ledger.folder_marks.end(record.id, one.place)
        return removed

    async def _remove_known(self, record: CollectionRecord, folder: bytes) -> int:
        """What the ledger knows of, in whichever generation it is."""
        removed, after, page_of = 0, None, self._ledger.folders.not_seen_in_scan
        while page := await page_of(record.id, folder, after=after, limit=GROUP):
            last: FileKey = page[-1].key
            after = last
            ids = [one.point_id for one in page]
            if record.active is not None:
                there = await self._ledger.artefacts.maybe_written(record.active.id, ids)
                removed += len(there)
            await self._remove(record, ids)
        return removed

    async def _remove_stored(self, record: CollectionRecord, folder: bytes) -> int:
        """What a lost ledger does not know, and the table has."""
        if record.active is None:
            return 0
        removed, inside = 0, Filters(within=(folder,))
        while page := await self._store.page(
            record.active.table, limit=GROUP, offset=0, filters=inside
        ):
            await self._remove(record, [point.id for point in page])
            removed += len(page)
        return removed

    async def _remove(self, record: CollectionRecord, ids: Sequence[UUID]) -> None:
        synced = await remove_points(
            self._ledger, self._store, self._collections.words, self._collections.trash, record, ids
        )
        await self._ledger.folder_marks.exclude_points(
            record.id, ids, synced=synced, reader_version=self._reader_version
        )
