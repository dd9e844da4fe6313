"""The catalogue: a row a point, by which pictures are browsed, counted and sorted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    Facet,
    FacetCounts,
    FolderCount,
    Listed,
    Neighbours,
    Order,
    PlaceCluster,
    Position,
    Viewport,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.picture import Placeholder
from ingestion_orchestration_fastapi_app.domain.library.point import Point


class CatalogueRepository(Protocol):
    """Its rows. They are written by `FileRepository.complete`, and go with their files."""

    async def put(self, collection_id: int, points: Sequence[tuple[FileKey, Point]]) -> None:
        """Of those that have no row of today's version: an import may have written a newer one."""

    async def lacking(self, collection_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
        """Those without a row of today's version."""

    async def unlike(
        self, collection_id: int, points: Sequence[tuple[FileKey, Point]]
    ) -> set[UUID]:
        """Those whose rows say something else than they do, or are not of today's version."""

    async def doubt(self, collection_id: int, point_ids: Sequence[UUID]) -> None:
        """Their rows lack what they should say: `put` writes them again."""

    async def forget(self, collection_id: int, point_ids: Sequence[UUID]) -> None:
        """Idempotent."""

    async def point_ids(self, collection_id: int, *, after: UUID | None, limit: int) -> list[UUID]:
        """Of all rows, by id."""

    async def size(self, collection_id: int) -> int:
        """How many rows there are."""

    async def images(self, collection_id: int, point_ids: Collection[UUID]) -> list[StoredImage]:
        """Of these those with a row of today's version, in any order, where their roots are now.
        None of a collection that is bound to no model.
        """

    async def placeholders(
        self, collection_id: int, pictures: Mapping[UUID, bytes]
    ) -> dict[UUID, bytes]:
        """Pixels by point, of those that are known of the very picture (its key) that is given."""

    async def without_placeholder(
        self, collection_id: int, point_ids: Collection[UUID]
    ) -> dict[UUID, bytes]:
        """Of these those with a row and no placeholder of today's version: their contents."""

    async def put_placeholders(self, collection_id: int, made: Mapping[UUID, Placeholder]) -> None:
        """By point. Of one without a row none is kept; a placeholder goes with its row."""

    async def set_version(self, collection_id: int, version: int | None) -> None:
        """At which the catalogue has a row for each point; None: it lacks some. It is in the
        collection's record.
        """


class BrowsingRepository(Protocol):
    """What is read of the catalogue. `filters` mean what `Filters.matches` says."""

    async def page(
        self,
        collection_id: int,
        filters: Filters,
        order: Order,
        *,
        after: Position | None,
        offset: int = 0,
        limit: int,
        is_dense: bool,
    ) -> list[Listed]:
        """`is_dense`: so many pictures match that it is best to walk through all in order."""

    async def added(self, collection_id: int, point_ids: Collection[UUID]) -> dict[UUID, int]:
        """When each of these was added, as of `Position.value`."""

    async def count(self, collection_id: int, filters: Filters, *, at_most: int | None) -> int: ...
    async def days(self, collection_id: int, filters: Filters) -> list[tuple[date | None, int]]:
        """How many were taken each day, the newest first; the last are those without a date."""

    async def facets(
        self, collection_id: int, filters: Mapping[Facet, Filters], *, top: int
    ) -> dict[Facet, FacetCounts]:
        """Of each facet by its filters."""

    async def places(
        self, collection_id: int, filters: Filters, viewport: Viewport
    ) -> list[PlaceCluster]: ...
    async def folders(self, collection_id: int, filters: Filters) -> list[FolderCount]:
        """Those in which pictures are, by root and path."""

    async def neighbours(
        self, collection_id: int, keys: Collection[FileKey]
    ) -> dict[FileKey, Neighbours]:
        """Of each of these files, be it a picture or not, whatever is hidden."""
