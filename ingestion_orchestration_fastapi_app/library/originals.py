"""The originals of stored pictures, opened where the ledger, or their content, says they are it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, FileStat
from ingestion_orchestration_fastapi_app.domain.files.roots import relative_path
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger

T = TypeVar("T")


class Originals(Generic[T]):
    """`open_stored` blocks: it runs in a thread of `limiter`. It is told how the file looked when
    this content was read, None where nobody knows; then it reads the file to be sure.
    """

    def __init__(
        self,
        collections: Collections,
        ledger: Ledger,
        open_stored: Callable[[Point, FileStat | None], T],
        *,
        limiter: CapacityLimiter,
    ) -> None:
        self._collections = collections
        self._ledger = ledger
        self._open_stored = open_stored
        self.limiter = limiter

    async def open(self, collection: str, point: Point) -> T:
        """Raises CollectionNotFound; ImageNotFound: what is there is not what was imported."""
        seen = await self._seen(collection, point)
        return await to_thread.run_sync(self._open_stored, point, seen, limiter=self.limiter)

    async def _seen(self, collection: str, point: Point) -> FileStat | None:
        record = await self._collections.get(collection)
        relative = relative_path(point, record.name)
        if relative is None:
            return None
        key = FileKey(point.root_id, relative)
        file = (await self._ledger.files.recall(record.id, [key])).get(key)
        is_sure = file is not None and file.mtime_trusted and file.sha256 == point.sha256
        return file.stat if file is not None and is_sure else None
