"""Thumbnails by content, and made anew where the cache has let one go."""

from __future__ import annotations

from uuid import UUID

from ingestion_orchestration_fastapi_app.core.files import File, FileStat, Picture, Point, Root
from ingestion_orchestration_fastapi_app.core.records import Skipped
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from ingestion_orchestration_fastapi_app.pipeline.budget import MemoryBudget
from ingestion_orchestration_fastapi_app.pipeline.collections import Collections
from ingestion_orchestration_fastapi_app.pipeline.ports import (
    ContentCache,
    Library,
    Preparation,
    VectorStore,
)
from utils.contract import ClipUpload
from utils.problems import Rejected

THUMBNAIL_ONLY = ClipUpload(side_px=64, crop="center")  # the model's pixels are not wanted here


class Thumbnails:
    """Raises CollectionNotFound, ImageNotFound."""

    def __init__(
        self,
        collections: Collections,
        store: VectorStore,
        cache: ContentCache,
        library: Library,
        preparation: Preparation,
        budget: MemoryBudget,
    ) -> None:
        self._collections = collections
        self._store = store
        self._cache = cache
        self._library = library
        self._preparation = preparation
        self._budget = budget

    async def point(self, collection: str, image_id: UUID) -> Point:
        record = await self._collections.get(collection)
        points = []
        if record.fingerprint is not None:
            points = await self._store.get(record.name, [image_id])
        if not points:
            raise ImageNotFound(f"Collection {collection!r} holds no image {image_id}.")
        return points[0]

    async def webp(self, point: Point) -> bytes:
        version = self._preparation.version
        pictures = await self._cache.pictures(version, [point.sha256])
        picture = pictures.get(point.sha256) or await self._made_anew(point)
        return picture.thumbnail

    async def _made_anew(self, point: Point) -> Picture:
        with self._budget.share() as memory:
            folder, _, name = point.path.rpartition(b"/")
            file = File(Root(point.root_id, folder), name, FileStat(point.size_bytes, 0, 0))
            opened = await self._library.open(file)
            if isinstance(opened, (Rejected, Skipped)):
                raise ImageNotFound(f"The file cannot be read: {opened.detail}")
            try:
                await memory.reserve(opened.need_bytes)
                content = await opened.read()
            finally:
                await opened.close()
            if isinstance(content, Rejected) or content.sha256 != point.sha256:
                raise ImageNotFound("The file has changed since it was stored.")
            prepared = await self._preparation.prepare(content, THUMBNAIL_ONLY)
        if isinstance(prepared, Rejected):
            raise ImageNotFound(f"The file cannot be decoded: {prepared.detail}")
        await self._cache.put_pictures(self._preparation.version, {point.sha256: prepared.picture})
        return prepared.picture
