"""What is counted of the catalogue: facets, clusters of places."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue import interned
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.filters_sql import SHAPES
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.sql import Sql
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    Facet,
    FacetCounts,
    FacetValue,
    PlaceCluster,
    Viewport,
)
from utils.contract.filters import Orientation
from utils.text.folded import folded

# In the order of the index `catalogue_by_facets`.
_COLUMNS = {
    Facet.FOLDER: "folder_id",
    Facet.CAMERA: "camera_id",
    Facet.LENS: "lens_id",
    Facet.YEAR: "year",
    Facet.FORMAT: "format",
    Facet.RATING: "rating",
}
_TEXTS = frozenset({Facet.CAMERA, Facet.LENS, Facet.KEYWORD})
_SEVERAL = frozenset({Facet.KEYWORD, Facet.TAG})  # a picture may have several values of these
# Of these there are few values: each but the last, which all others have, is summed up.
_SUMS = {
    Facet.PLACE: {"true": "c.located"},
    Facet.CAPTION: {"true": "c.captioned"},
    Facet.ORIENTATION: {
        one.value: f"c.shape = {SHAPES[one]}" for one in (Orientation.LANDSCAPE, Orientation.SQUARE)
    },
}
_OTHERS = {
    Facet.PLACE: "false",
    Facet.CAPTION: "false",
    Facet.ORIENTATION: Orientation.PORTRAIT.value,
    Facet.FAVOURITE: "false",
}
_KEYWORDS = """
SELECT k.text_id, count(*) FROM catalogue c JOIN catalogue_keywords k ON k.entry_id = c.id
WHERE {} GROUP BY k.text_id
"""
_ALL_KEYWORDS = """
SELECT text_id, count(*) FROM catalogue_keywords WHERE text_id IN (
    SELECT id FROM catalogue_texts WHERE collection_id = ? AND kind = 'keyword')
GROUP BY text_id
"""
# From what is said to the pictures, by content: given a date or a place, SQLite would look through
# all that match for each thing that is said.
# The index of facets holds what files say; where people say another rating, that one counts.
_OWN_RATINGS = """
SELECT c.rating, s.rating, count(*) FROM annotations s
CROSS JOIN catalogue c INDEXED BY catalogue_by_content ON c.sha256 = s.sha256
WHERE s.rating IS NOT NULL AND {} GROUP BY 1, 2
"""
_FAVOURITES = """
SELECT count(*) FROM annotations s
CROSS JOIN catalogue c INDEXED BY catalogue_by_content ON c.sha256 = s.sha256
WHERE s.favourite = 1 AND {}
"""
_TAGS = """
SELECT s.folded, s.tag, count(*) FROM annotation_tags s
CROSS JOIN catalogue c INDEXED BY catalogue_by_content ON c.sha256 = s.sha256
WHERE {} GROUP BY 1, 2
"""


def facets(
    db: sqlite3.Connection,
    matching: Sql,
    wanted: Collection[Facet],
    *,
    of_most: int | None,
    is_all: bool,
    roots: Mapping[UUID, Root],
    top: int,
) -> dict[Facet, FacetCounts]:
    """`of_most`: the collection, where most of it matches; `is_all`: all."""
    counts, total = _counted(db, matching, wanted, in_order=of_most is not None)
    if Facet.KEYWORD in wanted:
        counts[Facet.KEYWORD] = _keywords(db, matching, of_most=of_most, is_all=is_all)
    found = {facet: _values(db, facet, counter, roots) for facet, counter in counts.items()}
    if Facet.TAG in wanted:
        found[Facet.TAG] = _tags(db, matching)
    return {facet: _shown(facet, values, total, top) for facet, values in found.items()}


def is_most(db: sqlite3.Connection, matching: Sql) -> bool:
    """Whether so much matches that to walk through all costs less than to look up and sort it."""
    (last,) = db.execute("SELECT max(id) FROM catalogue").fetchone()
    half = max(1, (last or 0) // 2)  # at least that: ids have gaps, and other collections have some
    some = f"SELECT count(*) FROM (SELECT 1 FROM catalogue c WHERE {matching.text} LIMIT ?)"  # noqa: S608  # constants
    return bool(db.execute(some, (*matching.given, half)).fetchone()[0] == half)


def _keywords(
    db: sqlite3.Connection, matching: Sql, *, of_most: int | None, is_all: bool
) -> Counter[object]:
    """Of most: those of all without those of what does not match."""
    if of_most is None:
        return _keywords_of(db, matching)
    counted = Counter(dict(db.execute(_ALL_KEYWORDS, (of_most,)).fetchall()))
    if not is_all:
        text = f"c.collection_id = ? AND NOT ({matching.text})"
        counted.subtract(_keywords_of(db, Sql(text, (of_most, *matching.given))))
    return +counted


def _keywords_of(db: sqlite3.Connection, matching: Sql) -> Counter[object]:
    return Counter(dict(db.execute(_KEYWORDS.format(matching.text), matching.given).fetchall()))


def _counted(
    db: sqlite3.Connection, matching: Sql, wanted: Collection[Facet], *, in_order: bool
) -> tuple[dict[Facet, Counter[object]], int]:
    """In one pass: by all columns together, and then by each. NULL is no value. And how many match.

    `in_order`: the index is walked for the groups; else what matches is looked up first.
    """
    by_column = [one for one in _COLUMNS if one in wanted]
    sums = [(facet, value) for facet in _SUMS if facet in wanted for value in _SUMS[facet]]
    counts: dict[Facet, Counter[object]] = {
        facet: Counter() for facet in wanted if facet in _COLUMNS or facet in _OTHERS
    }
    columns = [f"c.{_COLUMNS[facet]}" for facet in by_column]
    groups, index = [f"+{one}" for one in columns], ""
    if in_order and columns:  # by what the index begins with
        first = [f"c.{one}" for one in _COLUMNS.values()]
        groups, index = first[: first.index(columns[-1]) + 1], " INDEXED BY catalogue_by_facets"
    summed = [f"sum({_SUMS[facet][value]})" for facet, value in sums]
    query = (
        f"SELECT {', '.join(['count(*)', *summed, *columns])} FROM catalogue c{index}"  # noqa: S608  # constants
        f" WHERE {matching.text} {'GROUP BY' if groups else ''} {', '.join(groups)}"
    )
    total = 0
    for number, *row in db.execute(query, matching.given):
        total += number
        for (facet, value), sum_of_group in zip(sums, row, strict=False):
            counts[facet][value] += sum_of_group or 0
        for facet, column in zip(by_column, row[len(sums) :], strict=True):
            counts[facet][column] += number
    if Facet.RATING in wanted:
        own_ratings = _OWN_RATINGS.format(matching.text)
        for of_file, own, number in db.execute(own_ratings, matching.given):
            counts[Facet.RATING][of_file] -= number
            counts[Facet.RATING][own] += number
    if Facet.FAVOURITE in wanted:
        favourites = db.execute(_FAVOURITES.format(matching.text), matching.given)
        counts[Facet.FAVOURITE]["true"] = favourites.fetchone()[0]
    for facet, counter in counts.items():
        if facet in _OTHERS:
            counter[_OTHERS[facet]] = total - counter.total()
        del counter[None]
    return {facet: +counter for facet, counter in counts.items()}, total


def _values(
    db: sqlite3.Connection, facet: Facet, found: Counter[object], roots: Mapping[UUID, Root]
) -> list[tuple[str, int]]:
    if facet in _TEXTS:
        return _by_text(db, found)
    if facet is Facet.FOLDER:
        return _by_folder(db, found, roots)
    if facet is Facet.YEAR:
        return [(f"{year:04}", number) for year, number in found.items()]
    return [(str(value), number) for value, number in found.items()]


def _shown(facet: Facet, values: list[tuple[str, int]], total: int, top: int) -> FacetCounts:
    ordered = sorted(values, key=lambda one: (-one[1], one[0]))
    without = None if facet in _SEVERAL else total - sum(number for _, number in values)
    shown = tuple(FacetValue(*one) for one in ordered[:top])
    return FacetCounts(shown, len(ordered), without)


def _tags(db: sqlite3.Connection, matching: Sql) -> list[tuple[str, int]]:
    written: dict[str, list[tuple[int, str]]] = {}
    for compared, tag, number in db.execute(_TAGS.format(matching.text), matching.given):
        written.setdefault(compared, []).append((number, tag))
    return _written_as_most(written)


def _by_text(db: sqlite3.Connection, found: Counter[object]) -> list[tuple[str, int]]:
    """What is alike when folded, together."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for chunk in file_rows.chunks(found):
        marks = file_rows.marks(len(chunk))
        query = f"SELECT id, value, folded FROM catalogue_texts WHERE id IN ({marks})"  # noqa: S608  # marks only
        for number, value, compared in db.execute(query, chunk):
            shown = value.replace(interned.BETWEEN, " ").strip(" ")
            if shown:
                groups.setdefault(compared.strip(" "), []).append((found[number], shown))
    return _written_as_most(groups)


def _written_as_most(groups: Mapping[str, list[tuple[int, str]]]) -> list[tuple[str, int]]:
    """Of texts that are alike: as the most are written, and how many there are together."""
    return [(max(written)[1], sum(number for number, _ in written)) for written in groups.values()]


def _by_folder(
    db: sqlite3.Connection, found: Counter[object], roots: Mapping[UUID, Root]
) -> list[tuple[str, int]]:
    """What is alike when folded, together, as the filter takes it."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for chunk in file_rows.chunks(found):
        marks = file_rows.marks(len(chunk))
        query = f"SELECT id, root_id, path FROM catalogue_folders WHERE id IN ({marks})"  # noqa: S608  # marks only
        for number, root_id, path in db.execute(query, chunk):
            root = roots.get(UUID(bytes=root_id))
            above = b"" if root is None else root.path.rstrip(b"/")
            folder = above + b"/" + path if path else above or b"/"
            shown = display_text(folder)
            groups.setdefault(folded(shown), []).append((found[number], shown))
    return _written_as_most(groups)


def places(db: sqlite3.Connection, matching: Sql, viewport: Viewport) -> list[PlaceCluster]:
    """The largest first."""
    longitude = f"c.longitude + 360 * (c.longitude < {viewport.west!r})"
    across = " OR " if viewport.crosses_antimeridian else " AND "
    query = (
        f"SELECT count(*), avg(c.latitude), avg({longitude}), min(c.id) FROM catalogue c"  # noqa: S608  # numbers and constants
        f" WHERE {matching.text} AND c.latitude IS NOT NULL AND c.latitude BETWEEN ? AND ?"
        f" AND (c.longitude >= ?{across}c.longitude <= ?)"
        f" GROUP BY CAST((c.latitude - ?) / ? AS INTEGER), CAST(({longitude} - ?) / ? AS INTEGER)"
        " ORDER BY 1 DESC, 4"
    )
    box = (viewport.south, viewport.north, viewport.west, viewport.east)
    cell = viewport.cell
    # Half a cell aside: neither Greenwich nor the antimeridian is a border of two.
    grid = (
        (math.floor(viewport.south / cell) - 0.5) * cell,
        cell,
        (math.floor(viewport.west / cell) - 0.5) * cell,
        cell,
    )
    rows = db.execute(query, (*matching.given, *box, *grid)).fetchall()
    samples: dict[int, bytes] = {}
    for chunk in file_rows.chunks(row[3] for row in rows):
        ids = f"SELECT id, point_id FROM catalogue WHERE id IN ({file_rows.marks(len(chunk))})"  # noqa: S608  # marks only
        samples.update(db.execute(ids, chunk).fetchall())
    return [
        PlaceCluster(number, latitude, (longitude + 180) % 360 - 180, UUID(bytes=samples[row]))
        for number, latitude, longitude, row in rows
    ]
