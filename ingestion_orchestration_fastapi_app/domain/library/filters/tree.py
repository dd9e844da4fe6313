"""Conditions on a point: one meaning, told to every store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    NO_ANNOTATION,
    Annotation,
)
from ingestion_orchestration_fastapi_app.domain.library.filters.places import Box, Circle
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from utils.contract.filters import Orientation
from utils.text.folded import folded


@dataclass(frozen=True, slots=True)
class Filters:
    """All given conditions must hold, those of `all_of` too, one of `any_of`, and none of
    `none_of`; None and () ask nothing.

    What a point does not say meets no condition: one without a date was taken neither before a
    time nor after it, and meets `none_of` both.

    `camera` is found in "make model", `lens` in the lens's name; `cameras` and `lenses` are whole
    names, any of them. Every one of `keywords` must be a
    whole keyword of the point. `path_prefix` and `folder` (absolute; what lies below it counts
    unless `subfolders` is False) are compared with the display path. All of these without regard
    to case and to how letters are composed. `formats` are lower-case names as in `Point.format`.
    Times and sizes are inclusive; sides are those of the picture as it is shown. `box` and `circle`
    are where it was taken.

    `within` are the folders that may be shown, absolute, `outside` those that are hidden; `ids` the
    only points that may. Who asks gives none of them: `library/folders/visible.py` does, which by
    `include_hidden` hides nothing; that is no condition. `favourite` and `tags` (every one, whole,
    without regard to case) are what people say in Photoseek, and their rating wins over the file's.
    That and `has_caption` are known to no store of vectors: `library/ledger_conditions.py` makes
    `ids` of them before.

    `album`: put into it by hand; `kept_out_of`: taken out of what its search finds. No point says
    so of itself: `with_album_ids` makes `ids` of both before a point is judged.
    """

    taken_after: datetime | None = None
    taken_before: datetime | None = None
    camera: str | None = None
    lens: str | None = None
    cameras: tuple[str, ...] | None = None
    lenses: tuple[str, ...] | None = None
    rating_min: int | None = None
    rating_max: int | None = None
    keywords: tuple[str, ...] = ()
    path_prefix: str | None = None
    folder: str | None = None
    subfolders: bool = True
    formats: tuple[str, ...] | None = None
    min_width_px: int | None = None
    max_width_px: int | None = None
    min_height_px: int | None = None
    max_height_px: int | None = None
    min_pixels: int | None = None
    max_pixels: int | None = None
    orientation: Orientation | None = None
    min_size_bytes: int | None = None
    max_size_bytes: int | None = None
    has_gps: bool | None = None
    box: Box | None = None
    circle: Circle | None = None
    has_caption: bool | None = None
    favourite: bool | None = None
    tags: tuple[str, ...] = ()
    album: UUID | None = None
    kept_out_of: UUID | None = None
    ids: frozenset[UUID] | None = None
    within: tuple[bytes, ...] | None = None
    outside: tuple[bytes, ...] = ()
    include_hidden: bool = False
    all_of: tuple[Filters, ...] = ()
    any_of: tuple[Filters, ...] = ()
    none_of: tuple[Filters, ...] = ()

    def matches(self, point: Point) -> bool:
        """The meaning of the filters, for stores that have no query language."""
        assert not self.albums, "their ids are asked for"
        return (
            self.shows(point)
            and self._matches_time(point)
            and self._matches_camera(point)
            and self._matches_place(point)
            and self._matches_words(point)
            and self._matches_path(point)
            and self._matches_picture(point)
            and all(one.matches(point) for one in self.all_of)
            and (not self.any_of or any(one.matches(point) for one in self.any_of))
            and not any(one.matches(point) for one in self.none_of)
        )

    def shows(self, point: Point) -> bool:
        """Whether it lies where something may be shown, and is not hidden."""
        if any(is_within(point.path, one) for one in self.outside):
            return False
        return self.within is None or any(is_within(point.path, one) for one in self.within)

    @property
    def nodes(self) -> Iterator[Filters]:
        """Itself and all that it is made of."""
        yield self
        for one in (*self.all_of, *self.any_of, *self.none_of):
            yield from one.nodes

    @property
    def asks_ledger(self) -> bool:
        """Whether something is asked that no store of vectors knows."""
        return any(
            one.has_caption is not None or one.favourite is not None or one.tags or one.albums
            for one in self.nodes
        )

    @property
    def albums(self) -> tuple[tuple[UUID, bool], ...]:
        """Which it asks for itself; True: what was put in, False: what was taken out."""
        asked = ((self.album, True), (self.kept_out_of, False))
        return tuple((album, is_in) for album, is_in in asked if album is not None)

    @property
    def asks_rating(self) -> bool:
        """A store of vectors knows what the file says of it alone."""
        return any(one.rating_min is not None or one.rating_max is not None for one in self.nodes)

    @property
    def asks_people(self) -> bool:
        """Whether what people say in Photoseek counts."""
        return self.asks_rating or any(one.favourite is not None or one.tags for one in self.nodes)

    @property
    def folder_prefix(self) -> str | None:
        """What the folded display path of all in the folder begins with."""
        return None if self.folder is None else folded(self.folder.rstrip("/")) + "/"

    def _matches_time(self, point: Point) -> bool:
        taken_at = point.metadata.taken_at
        if self.taken_after and (taken_at is None or taken_at < self.taken_after):
            return False
        return not (self.taken_before and (taken_at is None or taken_at > self.taken_before))

    def _matches_camera(self, point: Point) -> bool:
        metadata = point.metadata
        camera = folded(f"{metadata.camera_make or ''} {metadata.camera_model or ''}")
        if self.camera and folded(self.camera) not in camera:
            return False
        lens = folded(metadata.lens or "")
        if self.lens and folded(self.lens) not in lens:
            return False
        return (self.cameras is None or camera.strip(" ") in map(folded, self.cameras)) and (
            self.lenses is None or lens in map(folded, self.lenses)
        )

    def _matches_place(self, point: Point) -> bool:
        latitude, longitude = point.metadata.latitude, point.metadata.longitude
        if self.has_gps is not None and self.has_gps != (latitude is not None):
            return False
        if latitude is None or longitude is None:
            return self.box is None and self.circle is None
        return all(
            place is None or place.holds(latitude, longitude) for place in (self.box, self.circle)
        )

    def _matches_words(self, point: Point) -> bool:
        metadata = point.metadata
        said = point.annotation or NO_ANNOTATION
        rating = metadata.rating if said.rating is None else said.rating
        if not is_between(rating, self.rating_min, self.rating_max):
            return False
        if self.favourite is not None and self.favourite != bool(said.favourite):
            return False
        if not is_tagged(said, self.tags):
            return False
        if self.has_caption is not None and self.has_caption != (point.caption is not None):
            return False
        held = set(map(folded, metadata.keywords))
        return all(folded(word) in held for word in self.keywords)

    def _matches_path(self, point: Point) -> bool:
        path = folded(point.display_path)
        if not path.startswith(folded(self.path_prefix or "")):
            return False
        if self.ids is not None and point.id not in self.ids:
            return False
        folder = self.folder_prefix
        if folder is None:
            return True
        return path.startswith(folder) and (self.subfolders or "/" not in path[len(folder) :])

    def _matches_picture(self, point: Point) -> bool:
        width, height = point.width_px, point.height_px
        return (
            (self.formats is None or point.format in self.formats)
            and is_between(width, self.min_width_px, self.max_width_px)
            and is_between(height, self.min_height_px, self.max_height_px)
            and is_between(width * height, self.min_pixels, self.max_pixels)
            and is_between(point.size_bytes, self.min_size_bytes, self.max_size_bytes)
            and self.orientation in (None, orientation(width, height))
        )


def with_album_ids(filters: Filters, ids: Mapping[tuple[UUID, bool], frozenset[UUID]]) -> Filters:
    """The same meaning, by the ids that each of `Filters.albums` stands for."""
    if not any(one.albums for one in filters.nodes):
        return filters
    found = (Filters(ids=ids[one]) for one in filters.albums)
    return replace(
        filters,
        album=None,
        kept_out_of=None,
        all_of=(*(with_album_ids(one, ids) for one in filters.all_of), *found),
        any_of=tuple(with_album_ids(one, ids) for one in filters.any_of),
        none_of=tuple(with_album_ids(one, ids) for one in filters.none_of),
    )


def is_tagged(said: Annotation, tags: tuple[str, ...]) -> bool:
    """With all of them, without regard to case."""
    held = set(map(folded, said.tags))
    return all(folded(tag.strip()) in held for tag in tags)


def orientation(width_px: int, height_px: int) -> Orientation:
    """Of a picture as it is shown."""
    if width_px == height_px:
        return Orientation.SQUARE
    return Orientation.LANDSCAPE if width_px > height_px else Orientation.PORTRAIT


def is_between(number: int | None, least: int | None, most: int | None) -> bool:
    if number is None:
        return least is None and most is None
    return (least is None or number >= least) and (most is None or number <= most)


NO_FILTERS = Filters()
