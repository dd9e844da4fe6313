"""What is read of the catalogue."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.library.annotations import NO_ANNOTATION
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    Facet,
    FacetCounts,
    FacetValue,
    FolderCount,
    Listed,
    Neighbour,
    Neighbours,
    Order,
    PlaceCluster,
    Position,
    Sort,
    Viewport,
    moment_number,
)
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.filters.tree import (
    orientation,
    with_album_ids,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from tests.memory_ledger.state import Entry, State
from utils.text.folded import folded

FOLDED = (Facet.CAMERA, Facet.LENS, Facet.KEYWORD, Facet.TAG, Facet.FOLDER)


class MemoryBrowsing:
    """Implements `BrowsingRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

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
        await checkpoint()
        listed = [
            Listed(one.point.id, _position(one, order.sort))
            for one in self.matching(collection_id, filters)
        ]
        place = self._place(collection_id, order)
        listed = [one for one in listed if after is None or place(one.position) > place(after)]
        return sorted(listed, key=lambda one: place(one.position))[offset : offset + limit]

    def _place(self, collection_id: int, order: Order) -> Callable[[Position], tuple[object, ...]]:
        kept = self._state.collections.get(collection_id)
        roots = [] if kept is None else [root.id for root in kept.record.roots]
        way = -1 if order.is_descending else 1

        def numbers(position: Position) -> tuple[object, ...]:
            value = position.value
            return (value is None, way * (value or 0), way * position.row)

        def names(position: Position) -> tuple[object, ...]:
            assert position.key is not None
            folder, _, name = position.key.path.rpartition(b"/")
            root = way * roots.index(position.key.root_id)
            return (root, _Way(folder, way), _Way(name, way), way * position.row)

        return names if order.sort is Sort.PATH else numbers

    async def added(self, collection_id: int, point_ids: Collection[UUID]) -> dict[UUID, int]:
        await checkpoint()
        there = {one.point.id: one for one in self.matching(collection_id, NO_FILTERS)}
        return {one: moment_number(there[one].added_at) for one in point_ids if one in there}

    async def count(self, collection_id: int, filters: Filters, *, at_most: int | None) -> int:
        await checkpoint()
        found = len(self.matching(collection_id, filters))
        return found if at_most is None else min(found, at_most)

    async def days(self, collection_id: int, filters: Filters) -> list[tuple[date | None, int]]:
        await checkpoint()
        moments = [one.point.metadata.taken_at for one in self.matching(collection_id, filters)]
        dated = Counter(one.date() for one in moments if one is not None)
        days = sorted(dated, reverse=True)
        found: list[tuple[date | None, int]] = [(day, dated[day]) for day in days]
        undated = moments.count(None)
        return [*found, (None, undated)] if undated else found

    async def facets(
        self, collection_id: int, filters: Mapping[Facet, Filters], *, top: int
    ) -> dict[Facet, FacetCounts]:
        await checkpoint()
        found: dict[Facet, FacetCounts] = {}
        for facet, one in filters.items():
            told = [_values(facet, entry.point) for entry in self.matching(collection_id, one)]
            counts = Counter(value for values in told for value in values)
            is_text = facet in FOLDED
            has_several = facet in (Facet.KEYWORD, Facet.TAG)
            without = None if has_several else told.count([])
            found[facet] = replace(_counts(counts, top, folds=is_text), without=without)
        return found

    async def places(
        self, collection_id: int, filters: Filters, viewport: Viewport
    ) -> list[PlaceCluster]:
        await checkpoint()
        cells: defaultdict[tuple[int, int], list[tuple[float, float, Entry]]] = defaultdict(list)
        for one in self.matching(collection_id, filters):
            latitude, longitude = one.point.metadata.latitude, one.point.metadata.longitude
            if latitude is None or longitude is None:
                continue
            is_east, is_west = longitude >= viewport.west, longitude <= viewport.east
            is_in = is_east or is_west if viewport.crosses_antimeridian else is_east and is_west
            longitude += 0 if is_east else 360
            if is_in and viewport.south <= latitude <= viewport.north:
                cell = (
                    math.floor(latitude / viewport.cell + 0.5),
                    math.floor(longitude / viewport.cell + 0.5),
                )
                cells[cell].append((latitude, longitude, one))
        clusters = [
            (
                -len(found),
                min(one.row for _, _, one in found),
                PlaceCluster(
                    len(found),
                    sum(one[0] for one in found) / len(found),
                    (sum(one[1] for one in found) / len(found) + 180) % 360 - 180,
                    min((one for _, _, one in found), key=lambda one: one.row).point.id,
                ),
            )
            for found in cells.values()
        ]
        return [one for _, _, one in sorted(clusters, key=lambda one: one[:2])]

    async def folders(self, collection_id: int, filters: Filters) -> list[FolderCount]:
        await checkpoint()
        counts = Counter(
            (one.key.root_id, one.key.path.rpartition(b"/")[0])
            for one in self.matching(collection_id, filters)
        )
        found = [FolderCount(root_id, path, number) for (root_id, path), number in counts.items()]
        return sorted(found, key=lambda one: (one.root_id.bytes, one.path))

    async def neighbours(
        self, collection_id: int, keys: Collection[FileKey]
    ) -> dict[FileKey, Neighbours]:
        await checkpoint()
        found: dict[FileKey, Neighbours] = {}
        for key in keys:
            folder, _, name = key.path.rpartition(b"/")
            there = sorted(
                (beside, one.point.id)
                for one in self._state.entries(collection_id).values()
                for above, _, beside in [one.key.path.rpartition(b"/")]
                if (one.key.root_id, above) == (key.root_id, folder)
            )
            before = [Neighbour(point, one) for one, point in there if one < name]
            after = [Neighbour(point, one) for one, point in there if one > name]
            found[key] = Neighbours(before[-1] if before else None, after[0] if after else None)
        return found

    def matching(self, collection_id: int, filters: Filters) -> list[Entry]:
        """Where they are now."""
        filters = self._with_album_ids(collection_id, filters)
        found = []
        for one in self._state.entries(collection_id).values():
            path = self._state.absolute(collection_id, one.key)
            file = self._state.files(collection_id).get(one.key)
            made = [] if file is None else file.record.artefacts
            has_caption = any(made.kind is Kind.CAPTION and made.is_there for made in made)
            point = replace(
                one.point,
                path=path,
                display_path=display_text(path),
                caption="said" if has_caption else None,
                annotation=self._state.annotations.get(one.point.sha256),
            )
            if filters.matches(point):
                found.append(replace(one, point=point))
        return found

    def _with_album_ids(self, collection_id: int, filters: Filters) -> Filters:
        ids = {
            (album, is_in): frozenset(
                one.point.id
                for one in self._state.entries(collection_id).values()
                if album in self._state.albums
                and self._state.albums[album].contents.get(one.point.sha256) is is_in
            )
            for node in filters.nodes
            for album, is_in in node.albums
        }
        return with_album_ids(filters, ids)


class _Way:
    """Bytes in either direction."""

    def __init__(self, value: bytes, way: int) -> None:
        self.value = value
        self.way = way

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Way) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __lt__(self, other: _Way) -> bool:
        return self.value < other.value if self.way == 1 else self.value > other.value

    def __gt__(self, other: _Way) -> bool:
        return other < self


def _position(one: Entry, sort: Sort) -> Position:
    if sort is Sort.PATH:
        return Position(None, one.row, one.key)
    taken_at = one.point.metadata.taken_at
    if sort is Sort.ADDED:
        return Position(moment_number(one.added_at), one.row)
    return Position(None if taken_at is None else moment_number(taken_at), one.row)


def _values(facet: Facet, point: Point) -> list[str]:  # noqa: C901  # a line a facet
    metadata, said = point.metadata, point.annotation or NO_ANNOTATION
    camera = f"{metadata.camera_make or ''} {metadata.camera_model or ''}".strip(" ")
    match facet:
        case Facet.CAMERA:
            return [camera] if camera else []
        case Facet.LENS:
            return [metadata.lens] if metadata.lens else []
        case Facet.YEAR:
            return [] if metadata.taken_at is None else [f"{metadata.taken_at.year:04}"]
        case Facet.FOLDER:
            return [display_text(point.path.rpartition(b"/")[0])]
        case Facet.KEYWORD:
            return sorted(set(metadata.keywords))
        case Facet.FORMAT:
            return [point.format]
        case Facet.RATING:
            rating = metadata.rating if said.rating is None else said.rating
            return [] if rating is None else [str(rating)]
        case Facet.PLACE:
            return [_yes_or_no(metadata.latitude is not None)]
        case Facet.ORIENTATION:
            return [orientation(point.width_px, point.height_px).value]
        case Facet.CAPTION:
            return [_yes_or_no(point.caption is not None)]
        case Facet.FAVOURITE:
            return [_yes_or_no(bool(said.favourite))]
        case Facet.TAG:
            return list(said.tags)


def _yes_or_no(value: bool) -> str:
    return "true" if value else "false"


def _counts(counts: Counter[str], top: int, *, folds: bool) -> FacetCounts:
    groups: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for value, number in counts.items():
        groups[folded(value) if folds else value].append((number, value))
    values = [
        FacetValue(max(written)[1], sum(number for number, _ in written))
        for written in groups.values()
    ]
    ordered = sorted(values, key=lambda one: (-one.count, one.value))
    return FacetCounts(tuple(ordered[:top]), len(ordered))
