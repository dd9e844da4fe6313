"""Filters as an SQL condition. What a user wrote only ever becomes a quoted literal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.lance.reading.folded_columns import (
    CAMERA,
    KEYWORD_END,
    KEYWORDS,
    LENS,
    PATH,
)
from ingestion_orchestration_fastapi_app.domain.library.filters import Box, Circle, Filters
from utils.contract.filters import Orientation
from utils.text.folded import folded
from utils.text.storable import storable

_RANGE = "(path > X'{0}2f' AND path < X'{0}30')"
_PIXELS = "cast(width_px AS bigint) * height_px"  # of two of 32 bits, 64 hold each product
_INT32_MAX = 2**31 - 1
_INT64_MAX = 2**63 - 1
_ORIENTATIONS = {
    Orientation.LANDSCAPE: ">",
    Orientation.PORTRAIT: "<",
    Orientation.SQUARE: "=",
}


def condition(filters: Filters) -> str | None:
    """The same meaning as `Filters.matches`; None where nothing is asked.

    Raises ValueError where something is asked that only the ledger knows: it must be ids by then.
    """
    if filters.has_caption is not None or filters.favourite is not None or filters.tags:
        raise ValueError("what only the ledger knows must be ids before a table is asked")
    parts = [
        *_within(filters),
        *_outside(filters),
        *_ids(filters),
        *_time(filters),
        *_camera(filters),
        *_place(filters),
        *_words(filters),
        *_path(filters),
        *_picture(filters),
        *_tree(filters),
    ]
    return " AND ".join(parts) if parts else None


def _tree(filters: Filters) -> Iterable[str]:
    for one in filters.all_of:
        yield f"({_nested(one)})"
    if filters.any_of:
        yield f"({' OR '.join(f'({_nested(one)})' for one in filters.any_of)})"
    for one in filters.none_of:
        if one.ids and one == Filters(ids=one.ids):  # they are known, and so quicker
            yield id_in(sorted(one.ids), negated=True)
            continue
        # A comparison with what is not known is null, and NOT leaves it so. Null is false here.
        yield f"NOT coalesce(({_nested(one)}), false)"


def _nested(filters: Filters) -> str:
    return condition(filters) or "true"


def id_in(ids: Iterable[UUID], *, negated: bool = False) -> str:
    listed = ", ".join(text(str(point_id)) for point_id in ids)
    return f"id {'NOT ' if negated else ''}IN ({listed})"


def text(value: str) -> str:
    """A literal. The dialect knows no escape but the doubled quote."""
    return "'" + storable(value).replace("'", "''") + "'"


def _within(filters: Filters) -> Iterable[str]:
    if filters.within is not None:
        yield _in_any(filters.within) if filters.within else "false"


def _outside(filters: Filters) -> Iterable[str]:
    if filters.outside:
        yield f"NOT {_in_any(filters.outside)}"  # a path is never null


def _in_any(folders: Iterable[bytes]) -> str:
    """By bytes, since a name need be no text: what lies in a folder is between `/` and `0`."""
    named = (folder.rstrip(b"/").hex() for folder in folders)
    return f"({' OR '.join(_RANGE.format(one) for one in named)})"


def _ids(filters: Filters) -> Iterable[str]:
    if filters.ids is not None:
        yield id_in(sorted(filters.ids)) if filters.ids else "false"


def _time(filters: Filters) -> Iterable[str]:
    if filters.taken_after:
        yield f"taken_at >= {_timestamp(filters.taken_after)}"
    if filters.taken_before:
        yield f"taken_at <= {_timestamp(filters.taken_before)}"


def _camera(filters: Filters) -> Iterable[str]:
    if filters.camera:
        # Not LIKE: a camera's name may hold its wildcards.
        yield f"strpos({CAMERA}, {text(folded(filters.camera))}) > 0"
    if filters.lens:
        yield f"strpos({LENS}, {text(folded(filters.lens))}) > 0"
    if filters.cameras is not None:
        yield _any_of(f"btrim({CAMERA})", filters.cameras)
    if filters.lenses is not None:
        yield _any_of(LENS, filters.lenses)


def _any_of(expression: str, names: Iterable[str]) -> str:
    listed = ", ".join(text(folded(name)) for name in names)
    return f"{expression} IN ({listed})" if listed else "false"


def _place(filters: Filters) -> Iterable[str]:
    if filters.has_gps is not None:
        yield f"latitude IS {'NOT ' if filters.has_gps else ''}NULL"
    if filters.box is not None:
        yield _box(filters.box)
    if filters.circle is not None:
        yield _circle(filters.circle)


def _box(box: Box) -> str:
    spans = [f"longitude BETWEEN {_number(west)} AND {_number(east)}" for west, east in box.spans]
    latitudes = f"latitude BETWEEN {_number(box.south)} AND {_number(box.north)}"
    return f"({latitudes} AND ({' OR '.join(spans)}))"


def _circle(circle: Circle) -> str:
    if circle.is_globe:
        return "latitude IS NOT NULL"
    north, east = (
        f"power(sin(radians({column} - ({_number(centre)})) / 2), 2)"
        for column, centre in (("latitude", circle.latitude), ("longitude", circle.longitude))
    )
    across = f"{_number(math.cos(math.radians(circle.latitude)))} * cos(radians(latitude))"
    exact = f"{north} + {across} * {east} <= {_number(circle.most_haversine)}"
    return f"({_box(circle.bounds)} AND {exact})"  # the box first: it costs least


def _number(value: float) -> str:
    return f"cast('{value!r}' AS double)"  # a literal of many digits may become a decimal


def _words(filters: Filters) -> Iterable[str]:
    if filters.rating_min is not None:
        yield f"rating >= {int(filters.rating_min)}"
    if filters.rating_max is not None:
        yield f"rating <= {int(filters.rating_max)}"
    for word in filters.keywords:
        whole = text(f"{KEYWORD_END}{folded(word)}{KEYWORD_END}")
        held = f"keywords IS NOT NULL AND strpos({KEYWORDS}, {whole}) > 0"
        yield "false" if KEYWORD_END in word else held


def _path(filters: Filters) -> Iterable[str]:
    if filters.path_prefix:
        yield f"starts_with({PATH}, {text(folded(filters.path_prefix))})"
    folder = filters.folder_prefix
    if folder is not None:
        yield f"starts_with({PATH}, {text(folder)})"
        if not filters.subfolders:
            yield f"strpos(substr({PATH}, {len(folder) + 1}), '/') = 0"


def _picture(filters: Filters) -> Iterable[str]:
    if filters.formats is not None:
        formats = ", ".join(text(name) for name in filters.formats)
        yield f"format IN ({formats})" if formats else "false"
    width = filters.min_width_px, filters.max_width_px
    height = filters.min_height_px, filters.max_height_px
    pixels = filters.min_pixels, filters.max_pixels
    size = filters.min_size_bytes, filters.max_size_bytes
    yield from _between("width_px", *width, greatest=_INT32_MAX)
    yield from _between("height_px", *height, greatest=_INT32_MAX)
    yield from _between(_PIXELS, *pixels, greatest=_INT64_MAX)
    yield from _between("size_bytes", *size, greatest=_INT64_MAX)
    if filters.orientation is not None:
        yield f"width_px {_ORIENTATIONS[filters.orientation]} height_px"


def _between(column: str, least: int | None, most: int | None, *, greatest: int) -> Iterable[str]:
    """Lance refuses a number that the column cannot hold."""
    if least:
        yield f"{column} >= {int(least)}" if least <= greatest else "false"
    if most is not None and most < greatest:
        yield f"{column} <= {int(most)}"


def _timestamp(moment: datetime) -> str:
    if moment.tzinfo is not None:
        raise ValueError("filters compare the camera's wall clock: give times without a zone")
    # To the microsecond, as the column is: one of nanoseconds begins in 1677 and ends in 2262.
    return f"timestamp(6) '{moment.isoformat(sep=' ', timespec='microseconds')}'"
