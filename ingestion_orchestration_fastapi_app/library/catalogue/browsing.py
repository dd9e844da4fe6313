"""Browsing: pages, timelines, facets, maps and folders of a collection, from its catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    FolderPlace,
    absolute_folder,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.library import cursor as cursors
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    Facet,
    FacetCounts,
    Neighbours,
    Order,
    PlaceCluster,
    Position,
    Sort,
    Viewport,
    page_cursor,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue.folder_tree import (
    Folder,
    folders_in,
    top_folders,
    with_counts,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue.timeline import (
    Step,
    Timeline,
    timeline,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import CursorRefused
from ingestion_orchestration_fastapi_app.library.allowed_roots import Shown
from ingestion_orchestration_fastapi_app.library.catalogue.own_conditions import without_own
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.folders.visible import visible
from ingestion_orchestration_fastapi_app.ports.ledger.catalogue import BrowsingRepository
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.contract.warnings import WarningCode, WarningDetail
from utils.problems import ValidationProblem

MOST_COUNTED = 10_000  # a page's total is exact below
MOST_BUCKETS = 5_000
MOST_CELLS = 4_096
_FOLDER_THREADS = 2
_FILLING = WarningDetail.of(WarningCode.CATALOGUE_INCOMPLETE)


@dataclass(frozen=True, slots=True)
class Asked:
    """`cursor` is of the page before; else the page begins at `offset`."""

    collection: str
    filters: Filters
    order: Order
    limit: int
    offset: int = 0
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ImagePage:
    """`total` is exact below MOST_COUNTED, and else that. `is_full`: more may follow; then there
    is a `cursor`, but where the catalogue was not asked.
    """

    collection: CollectionRecord
    points: Sequence[Point]
    total: int
    is_full: bool
    cursor: str | None = None
    warning_details: tuple[WarningDetail, ...] = ()

    @property
    def total_is_exact(self) -> bool:
        return self.total < MOST_COUNTED


@dataclass(frozen=True, slots=True)
class TimelineFound:
    collection: CollectionRecord
    timeline: Timeline
    cursor_of: Callable[[Position], str]
    warning_details: tuple[WarningDetail, ...]


class Browsing:
    """In the parts of a collection that `shown` gives (None: in all).

    Raises CollectionNotFound, StoreRead; CursorRefused for one of another list.
    """

    def __init__(
        self,
        collections: Collections,
        catalogue: BrowsingRepository,
        store: VectorStore,
        *,
        shown: Shown,
    ) -> None:
        self._collections = collections
        self._catalogue = catalogue
        self._store = store
        self._shown = shown
        self._threads = CapacityLimiter(_FOLDER_THREADS)

    async def page(self, asked: Asked) -> ImagePage:
        """An image that was removed while it was looked up is left out."""
        async with self._collections.reading(asked.collection) as collection:
            digest = _digest(collection, asked.filters, asked.order)
            after = _after(asked, digest)
            filters = self._filters(collection, asked.filters)
            if self._needs_no_catalogue(collection, asked):
                return await self._of_store(collection, asked, filters)
            count, page = self._catalogue.count, self._catalogue.page
            total = await count(collection.id, filters, at_most=MOST_COUNTED)
            listed = await page(
                collection.id,
                filters,
                asked.order,
                after=after,
                offset=asked.offset,
                limit=asked.limit,
                is_dense=total == MOST_COUNTED,
            )
            points: list[Point] = []
            if listed and collection.active is not None:
                ids = [one.id for one in listed]
                points = await self._store.get(collection.active.table, ids)
                points = await self._collections.words.joined(collection, points)
            is_full = len(listed) == asked.limit
            cursor = page_cursor.written(listed[-1].position, digest) if is_full else None
            warnings = self._warnings(collection)
            return ImagePage(collection, points, total, is_full, cursor, warnings)

    def _needs_no_catalogue(self, collection: CollectionRecord, asked: Asked) -> bool:
        """While it is being filled, as after an update, what could be listed before still can."""
        is_as_before = asked.order == Order(Sort.PATH) and asked.cursor is None
        is_filling = not self._collections.catalogue.is_whole(collection)
        return is_filling and is_as_before and not asked.filters.asks_ledger

    async def _of_store(
        self, collection: CollectionRecord, asked: Asked, filters: Filters
    ) -> ImagePage:
        """By the path as it is shown."""
        if collection.active is None:
            return ImagePage(collection, (), 0, is_full=False)
        table, page = collection.active.table, self._store.page
        points = await page(table, limit=asked.limit, offset=asked.offset, filters=filters)
        total = min(await self._store.count(table, filters), MOST_COUNTED)
        points = await self._collections.words.joined(collection, points)
        return ImagePage(collection, points, total, is_full=len(points) == asked.limit)

    async def timeline(
        self, name: str, filters: Filters, step: Step, *, is_descending: bool
    ) -> TimelineFound:
        async with self._collections.reading(name) as collection:
            allowed = self._filters(collection, filters)
            days = await self._catalogue.days(collection.id, allowed)
            found = timeline(days, step, is_descending=is_descending, most=MOST_BUCKETS)
            digest = _digest(collection, filters, Order(Sort.TAKEN_AT, is_descending))
            cursor_of = partial(page_cursor.written, asked=digest)
            return TimelineFound(collection, found, cursor_of, self._warnings(collection))

    async def facets(
        self, name: str, filters: Filters, *, top: int
    ) -> tuple[CollectionRecord, Mapping[Facet, FacetCounts], tuple[WarningDetail, ...]]:
        """A facet's own condition is dropped for it: what else could be chosen is to be seen."""
        async with self._collections.reading(name) as collection:
            allowed = self._filters(collection, filters)
            asked = {facet: without_own(facet, allowed) for facet in Facet}
            found = await self._catalogue.facets(collection.id, asked, top=top)
            return collection, found, self._warnings(collection)

    async def places(
        self, name: str, filters: Filters, viewport: Viewport
    ) -> tuple[CollectionRecord, list[PlaceCluster], tuple[WarningDetail, ...]]:
        async with self._collections.reading(name) as collection:
            allowed = self._filters(collection, filters)
            found = await self._catalogue.places(collection.id, allowed, viewport)
            return collection, found, self._warnings(collection)

    async def folders(
        self, name: str, path: str | None, *, include_hidden: bool = False
    ) -> tuple[CollectionRecord, list[Folder], tuple[WarningDetail, ...]]:
        async with self._collections.reading(name) as collection:
            shown = self._shown(collection)
            asked = replace(NO_FILTERS, include_hidden=include_hidden)
            filters = self._filters(collection, asked)
            counts = await self._catalogue.folders(collection.id, filters)
            roots = collection.roots
            if path is None:
                tops = [
                    top
                    for top in top_folders(roots, shown)
                    if not any(is_within(top, one) for one in filters.outside)
                ]
                look = partial(with_counts, tops, roots, counts)
            else:
                look = partial(folders_in, path, roots, counts)
            found = await to_thread.run_sync(look, limiter=self._threads)
            return collection, found, self._warnings(collection)

    async def neighbours(
        self, collection: CollectionRecord, keys: Iterable[FileKey]
    ) -> dict[FileKey, Neighbours]:
        """Of those of these files whose folders may be seen now."""
        shown, hidden = self._shown(collection), collection.hidden

        def is_seen(key: FileKey) -> bool:
            place = FolderPlace(key.root_id, key.path.rpartition(b"/")[0])
            folder = absolute_folder(place, collection.roots)
            return (
                folder is not None
                and (shown is None or any(is_within(folder, one) for one in shown))
                and not any(is_within(folder, one) for one in hidden)
            )

        return await self._catalogue.neighbours(collection.id, [*filter(is_seen, keys)])

    def _filters(self, collection: CollectionRecord, filters: Filters) -> Filters:
        return visible(filters, collection, self._shown)

    def _warnings(self, collection: CollectionRecord) -> tuple[WarningDetail, ...]:
        return () if self._collections.catalogue.is_whole(collection) else (_FILLING,)


def viewport(south: float, west: float, north: float, east: float, *, zoom: int) -> Viewport:
    """Cells of a quarter of a map's tile, and larger ones where more than MOST_CELLS would fit."""
    found = Viewport(south, west, north, east, 360 / 2**zoom / 4)
    while (found.width / found.cell) * ((north - south) / found.cell) > MOST_CELLS:
        found = replace(found, cell=found.cell * 2)
    return found


def _digest(collection: CollectionRecord, filters: Filters, order: Order) -> bytes:
    """Of all that must be the same on the next page."""
    return cursors.digest("images", collection.id, filters, order.sort.value, order.is_descending)


def _after(asked: Asked, digest: bytes) -> Position | None:
    if asked.cursor is None:
        return None
    if asked.offset:
        raise ValidationProblem("Send a cursor or an offset, not both.")
    found = page_cursor.read(asked.cursor)
    if found is None:
        raise CursorRefused("This is no cursor that a list of images gave.")
    position, of_list = found
    if of_list != digest or (asked.order.sort is Sort.PATH) != (position.key is not None):
        raise CursorRefused(
            "The cursor is of another list: its collection, filters, sorting or order differ. "
            "Begin anew."
        )
    return position
