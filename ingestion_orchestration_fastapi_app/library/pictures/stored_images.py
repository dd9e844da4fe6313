"""Stored images by id, as what is shown, sent or said of them needs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.ledger.catalogue import CatalogueRepository
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore


class StoredImages:
    """The catalogue is asked, which takes a tenth of what the vectors' table does; that, of images
    that the catalogue does not know, as those that it is still being filled with.

    Raises CollectionNotFound, ImageNotFound, StoreRead. What may not be looked at any more
    (`is_allowed`) is not there.
    """

    def __init__(
        self,
        collections: Collections,
        catalogue: CatalogueRepository,
        store: VectorStore,
        *,
        is_allowed: Callable[[bytes], bool],
    ) -> None:
        self._collections = collections
        self._catalogue = catalogue
        self._store = store
        self._is_allowed = is_allowed

    async def one(self, collection: str, image_id: UUID) -> StoredImage:
        for image in await self.several(collection, [image_id]):
            return image
        raise _not_there(collection, image_id)

    async def several(self, collection: str, image_ids: Sequence[UUID]) -> list[StoredImage]:
        """Those that are there, in any order."""
        async with self._collections.reading(collection) as record:
            if record.active is None:
                return []
            found = await self._catalogue.images(record.id, image_ids)
            unknown = set(image_ids).difference(one.id for one in found)
            if unknown:
                points = await self._store.get(record.active.table, list(unknown))
                found += map(StoredImage.of, points)
        return [one for one in found if self._is_allowed(one.path)]

    async def points(self, collection: str, image_ids: Sequence[UUID]) -> list[Point]:
        """Those that are there, in the order given, with all that their files say."""
        async with self._collections.reading(collection) as record:
            found: list[Point] = []
            if record.active is not None:
                found = await self._store.get(record.active.table, image_ids)
        there = {point.id: point for point in found if self._is_allowed(point.path)}
        return [there[one] for one in image_ids if one in there]

    async def point(self, collection: str, image_id: UUID) -> Point:
        for point in await self.points(collection, [image_id]):
            return point
        raise _not_there(collection, image_id)


def _not_there(collection: str, image_id: UUID) -> ImageNotFound:
    return ImageNotFound(f"Collection {collection!r} holds no image {image_id}.")
