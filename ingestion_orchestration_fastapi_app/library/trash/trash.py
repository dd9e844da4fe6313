"""Keeps points before they are removed, and throws them away when their time is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from anyio import sleep

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.roots import relative_path
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import GenerationState
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.library.words import Caption
from ingestion_orchestration_fastapi_app.domain.trash.trashed import Removal, TrashLimits
from ingestion_orchestration_fastapi_app.errors import StoreRead
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.problems import Problem

log = structlog.get_logger(__name__)

EVERY_S = 3600.0
ROWS_A_STEP = 2048  # other writes wait for no more than these
DEFAULT_LIMITS = TrashLimits()


class Trash:
    """Where it cannot be written nothing is removed: who removes waits, or says so."""

    def __init__(
        self, ledger: Ledger, store: VectorStore, words: CollectionWords, limits: TrashLimits
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._words = words
        self.limits = limits

    async def keep(
        self, collection: CollectionRecord, ids: Sequence[UUID], *, job_id: str | None
    ) -> None:
        """For who holds the collection's writer, before the points are removed. Safe to repeat.

        `collection` is as it is now. `job_id`: of the job that removes them; None: somebody has
        forgotten them. Raises StoreRead where they cannot be read; StoreWrite, DiskFull.
        """
        if not self.limits.size_bytes:
            return
        found: defaultdict[UUID, dict[str, Point]] = defaultdict(dict)
        for generation in collection.generations:
            try:
                points = await self._store.get(generation.table, ids, vectors=True)
            except StoreRead as exc:
                if generation.state is GenerationState.ACTIVE:
                    raise
                log.warning("generation_not_kept", table=generation.table, error=exc.detail)
                continue
            for point in points:
                found[point.id][generation.fingerprint] = point
        removals = await self._removals(collection, found)
        if removals:
            await self._ledger.trash.put(
                collection.id, removals, job_id=job_id, limit_bytes=self.limits.size_bytes
            )

    async def _removals(
        self, collection: CollectionRecord, found: Mapping[UUID, Mapping[str, Point]]
    ) -> list[Removal]:
        words = await self._words.found(collection, list(found))
        removals = []
        for point_id, points in found.items():
            any_of_it = next(iter(points.values()))
            path = relative_path(any_of_it, collection.identity)
            if path is None:  # of no file: nobody could find it again
                continue
            said = words.get(point_id)
            caption = None
            if said is not None and said.caption is not None:
                caption = Caption(said.caption, said.caption_fingerprint)
            key = FileKey(any_of_it.root_id, path)
            removals.append(Removal(key, point_id, points, caption))
        return removals

    async def empty(self, collection: CollectionRecord) -> int:
        """At once, and for good. Returns how many points went."""
        emptied = 0
        while gone := await self._ledger.trash.empty(collection.id, at_most=ROWS_A_STEP):
            emptied += gone
        log.info("trash_emptied", collection=collection.name, points=emptied)
        return emptied

    async def trim(self) -> int:
        """Throws away what is too old, or too much. Returns how many points went."""
        before = datetime.now(UTC) - timedelta(days=self.limits.days)
        trimmed, trim = 0, self._ledger.trash.trim
        while gone := await trim(
            before=before, limit_bytes=self.limits.size_bytes, at_most=ROWS_A_STEP
        ):
            trimmed += gone
        if trimmed:
            log.info("trash_trimmed", points=trimmed)
        return trimmed

    async def trim_repeatedly(self) -> None:
        """Until cancelled. A ledger that cannot be written now is tried again the next hour."""
        while True:
            try:
                await self.trim()
            except Problem as exc:
                log.warning("trash_not_trimmed", code=exc.code, detail=exc.detail)
            except Exception:  # a bug: what is old stays, and the service goes on
                log.exception("trash_not_trimmed")
            await sleep(EVERY_S)
