"""Filters as an SQL condition on the catalogue. What a user wrote is only ever a parameter."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue import interned
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.paths_sql import (
    Places,
    shown_folded,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.sql import (
    ALWAYS,
    NEVER,
    Sql,
    all_of,
    any_of,
)
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.library.catalogue import moment_number
from ingestion_orchestration_fastapi_app.domain.library.filters import Box, Circle, Filters
from utils.contract.filters import Orientation
from utils.text.folded import folded
from utils.text.storable import storable

_OF_TEXTS = "SELECT id FROM catalogue_texts WHERE collection_id = ? AND kind = ? AND {}"
_WITH_KEYWORD = "c.id IN (SELECT entry_id FROM catalogue_keywords WHERE text_id IN ({}))"
# From what is said, which is little, to the pictures: there is an index for them by content.
_SAID = "c.sha256 IN (SELECT s.sha256 FROM annotations s WHERE {})"
_FAVOURITE = _SAID.format("s.favourite = 1")
_TAGGED = "c.sha256 IN (SELECT s.sha256 FROM annotation_tags s WHERE s.folded = ?)"
_OF_ALBUM = """c.sha256 IN (SELECT s.sha256 FROM albums a CROSS JOIN album_images s
    WHERE a.id = ? AND s.album = a.number AND s.is_in = ?)"""
_INT64_MAX = 2**63 - 1
SHAPES = {
    Orientation.LANDSCAPE: 1,
    Orientation.PORTRAIT: -1,
    Orientation.SQUARE: 0,
}


def prepare(db: sqlite3.Connection) -> None:
    """What the conditions need of their connection."""
    db.create_function("shown_folded", 1, shown_folded, deterministic=True)
    db.create_function("is_around", 5, _is_around, deterministic=True)


def _is_around(
    latitude: float, longitude: float, of_latitude: float, of_longitude: float, radius_km: float
) -> bool:
    return Circle(of_latitude, of_longitude, radius_km).holds(latitude, longitude)


def condition(db: sqlite3.Connection, collection_id: int, filters: Filters) -> Sql:
    """The same meaning as `Filters.matches`, for rows `c` of the collection; itself included."""
    of_collection = Sql("c.collection_id = ?", (collection_id,))
    places = Places(collection_id, roots_of(db, collection_id))
    return all_of(of_collection, _tree(places, filters))


def roots_of(db: sqlite3.Connection, collection_id: int) -> list[Root]:
    """By path."""
    query = "SELECT root_id, path FROM roots WHERE collection_id = ? ORDER BY path"
    rows = db.execute(query, (collection_id,)).fetchall()
    return [Root(UUID(bytes=root_id), path) for root_id, path in rows]


def _tree(places: Places, filters: Filters) -> Sql:
    parts = [*_own(places, filters), *(_tree(places, one) for one in filters.all_of)]
    if filters.any_of:
        parts.append(any_of(*(_tree(places, one) for one in filters.any_of)))
    for one in filters.none_of:
        inner = _tree(places, one)
        parts.append(Sql(f"NOT ({inner.text})", inner.given))
    return all_of(*parts) if parts else ALWAYS


def _own(places: Places, filters: Filters) -> Iterator[Sql]:
    if filters.within is not None:
        yield places.within(filters.within)
    if filters.outside:
        hidden = places.within(filters.outside)
        yield Sql(f"NOT ({hidden.text})", hidden.given)
    if filters.ids is not None:
        ids = json.dumps([one.hex.upper() for one in sorted(filters.ids)])
        yield Sql("hex(c.point_id) IN (SELECT value FROM json_each(?))", (ids,))
    if filters.path_prefix:
        yield places.beginning_with(storable(folded(filters.path_prefix)))
    if filters.folder_prefix is not None:
        folder = storable(filters.folder_prefix)
        yield places.beginning_with(folder) if filters.subfolders else places.right_in(folder)
    yield from _time(filters)
    yield from _texts(places.collection_id, filters)
    yield from _globe(filters)
    yield from _numbers(filters)
    if filters.formats is not None:
        formats = tuple(map(storable, filters.formats))
        yield Sql(f"c.format IN ({file_rows.marks(len(formats))})", formats)
    if filters.orientation is not None:
        yield Sql("c.shape = ?", (SHAPES[filters.orientation],))
    if filters.has_caption is not None:
        yield Sql("c.captioned" if filters.has_caption else "NOT c.captioned")
    if filters.favourite is not None:
        yield Sql(_FAVOURITE if filters.favourite else f"NOT {_FAVOURITE}")
    for tag in filters.tags:
        yield Sql(_TAGGED, (storable(folded(tag.strip())),))
    for album, is_in in filters.albums:
        yield Sql(_OF_ALBUM, (album.bytes, is_in))


def _time(filters: Filters) -> Iterator[Sql]:
    for sign, moment in ((">=", filters.taken_after), ("<=", filters.taken_before)):
        if moment:
            if moment.tzinfo is not None:
                raise ValueError("filters compare the camera's wall clock: give it without a zone")
            text = f"(c.taken_at IS NOT NULL AND c.taken_at {sign} ?)"
            yield Sql(text, (moment_number(moment),))


def _texts(collection_id: int, filters: Filters) -> Iterator[Sql]:
    for kind, part in ((interned.CAMERA, filters.camera), (interned.LENS, filters.lens)):
        if part:
            texts = _OF_TEXTS.format("instr(folded, ?) > 0")
            given = (collection_id, kind, storable(folded(part)))
            yield Sql(f"c.{kind}_id IN ({texts})", given)
    names = ((interned.CAMERA, filters.cameras), (interned.LENS, filters.lenses))
    for kind, wholes in names:
        if wholes is not None:  # a camera without a make, or a model, has a space in its place
            texts = _OF_TEXTS.format(f"trim(folded, ' ') IN ({file_rows.marks(len(wholes))})")
            yield Sql(
                f"c.{kind}_id IN ({texts})",
                (collection_id, kind, *(storable(folded(one)) for one in wholes)),
            )
    for word in filters.keywords:
        texts = _OF_TEXTS.format("folded = ?")
        word_folded = storable(folded(word))
        yield Sql(_WITH_KEYWORD.format(texts), (collection_id, interned.KEYWORD, word_folded))


def _globe(filters: Filters) -> Iterator[Sql]:
    if filters.has_gps is not None:
        yield Sql(f"c.latitude IS {'NOT ' if filters.has_gps else ''}NULL")
    if filters.box is not None:
        yield box_sql(filters.box)
    circle = filters.circle
    if circle is not None and circle.is_globe:
        yield Sql("c.latitude IS NOT NULL")
    elif circle is not None:
        given = (circle.latitude, circle.longitude, circle.radius_km)
        around = Sql("is_around(c.latitude, c.longitude, ?, ?, ?)", given)
        yield all_of(box_sql(circle.bounds), around)  # the box first: it has an index


def box_sql(box: Box) -> Sql:
    there = Sql("c.latitude IS NOT NULL AND c.latitude BETWEEN ? AND ?", (box.south, box.north))
    spans = (Sql("c.longitude BETWEEN ? AND ?", span) for span in box.spans)
    return all_of(there, any_of(*spans))


def _numbers(filters: Filters) -> Iterator[Sql]:
    if filters.rating_min is not None or filters.rating_max is not None:
        yield _rated(filters.rating_min, filters.rating_max)
    yield from _between("c.width_px", filters.min_width_px, filters.max_width_px)
    yield from _between("c.height_px", filters.min_height_px, filters.max_height_px)
    yield from _between("c.width_px * c.height_px", filters.min_pixels, filters.max_pixels)
    yield from _between("c.size_bytes", filters.min_size_bytes, filters.max_size_bytes)


def _rated(least: int | None, most: int | None) -> Sql:
    """What people say wins over what the file says."""
    own = all_of(*_between("s.rating", least, most))
    files = all_of(*_between("c.rating", least, most))
    unrated = Sql(f"NOT {_SAID.format('s.rating IS NOT NULL')}")
    return any_of(Sql(_SAID.format(own.text), own.given), all_of(files, unrated))


def _between(column: str, least: int | None, most: int | None) -> Iterator[Sql]:
    """A number that the column cannot hold is beyond all of them."""
    if least is not None and least > _INT64_MAX:
        yield NEVER
    elif least is not None:
        yield Sql(f"({column} IS NOT NULL AND {column} >= ?)", (least,))
    if most is not None:
        greatest = min(most, _INT64_MAX)
        yield Sql(f"({column} IS NOT NULL AND {column} <= ?)", (greatest,))
