"""The catalogue: what pictures are browsed, counted and sorted by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, Root
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.library.point import Point

CATALOGUE_VERSION = 1  # of what a row holds: rows of another one are made anew from the points


class Sort(StrEnum):
    TAKEN_AT = "taken_at"
    ADDED = "added"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Order:
    """Pictures without a date are the last by `TAKEN_AT`, whatever the direction.

    By `PATH` a folder's own pictures come before those in folders below it.
    """

    sort: Sort
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """Where a listed picture stands: what it is sorted by, and its row.

    `value`: of `TAKEN_AT` a `moment_number`, or None; of `ADDED` microseconds. By `PATH` there is
    a `key` in its place.
    """

    value: int | None
    row: int
    key: FileKey | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    id: UUID
    position: Position


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A stored picture beside a file in its folder."""

    id: UUID
    name: bytes


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The pictures just before and just after a file, by the bytes of their names."""

    previous: Neighbour | None = None
    next: Neighbour | None = None


class Facet(StrEnum):
    CAMERA = "camera"
    LENS = "lens"
    YEAR = "year"
    FOLDER = "folder"
    KEYWORD = "keyword"
    FORMAT = "format"
    RATING = "rating"
    PLACE = "place"
    ORIENTATION = "orientation"
    CAPTION = "caption"
    FAVOURITE = "favourite"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """The most frequent values, the first first, ties by value. `distinct`: how many there are.

    Texts that differ only in case are one value, written as it is most often. What is so or not has
    the values `true` and `false`. `without`: how many pictures have none of all values; None where
    a picture may have several.
    """

    values: tuple[FacetValue, ...]
    distinct: int
    without: int | None = None


@dataclass(frozen=True, slots=True)
class Viewport:
    """Degrees. Where `west` is above `east` it crosses the antimeridian. `cell` is the side of the
    grid's cells.
    """

    south: float
    west: float
    north: float
    east: float
    cell: float

    @property
    def crosses_antimeridian(self) -> bool:
        return self.west > self.east

    @property
    def width(self) -> float:
        return self.east - self.west + (360 if self.crosses_antimeridian else 0)


@dataclass(frozen=True, slots=True)
class PlaceCluster:
    """Pictures of one cell: how many, their mean place, and one of them."""

    count: int
    latitude: float
    longitude: float
    sample: UUID


@dataclass(frozen=True, slots=True)
class FolderCount:
    """`path` is relative to the root; `images` are those right in it."""

    root_id: UUID
    path: bytes
    images: int


MICROSECONDS_A_DAY = 86_400_000_000


def moment_number(moment: datetime) -> int:
    """Microseconds since the year 1 began: never negative, so that a division rounds down."""
    seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
    days = moment.toordinal() - 1
    return days * MICROSECONDS_A_DAY + seconds * 1_000_000 + moment.microsecond


def moment_of(number: int) -> datetime:
    """The other way, in UTC."""
    return datetime(1, 1, 1, tzinfo=UTC) + timedelta(microseconds=number)


def day_of(number: int) -> date:
    """Of days since the year 1 began."""
    return date.fromordinal(number + 1)


def key_of(point: Point, roots: tuple[Root, ...]) -> FileKey | None:
    """None while its root is being moved, or is none of these."""
    root = next((one.path for one in roots if one.id == point.root_id), None)
    if root is None or not is_within(point.path, root):
        return None
    return FileKey(point.root_id, point.path[len(root.rstrip(b"/")) + 1 :])
