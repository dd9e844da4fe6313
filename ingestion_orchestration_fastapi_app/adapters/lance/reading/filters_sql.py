"""Filters as an SQL condition. What a user wrote only ever becomes a quoted literal."""

from __future__ import annotations

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
from ingestion_orchestration_fastapi_app.adapters.lance.rows import storable
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from utils.text.folded import folded

_INT32_MAX = 2**31 - 1


def condition(filters: Filters) -> str | None:
    """The same meaning as `Filters.matches`; None where nothing is asked."""
    parts = [
        *_within(filters),
        *_time(filters),
        *_camera(filters),
        *_place(filters),
        *_words(filters),
        *_picture(filters),
    ]
    return " AND ".join(parts) if parts else None


def id_in(ids: Iterable[UUID]) -> str:
    return f"id IN ({', '.join(text(str(point_id)) for point_id in ids)})"


def text(value: str) -> str:
    """A literal. The dialect knows no escape but the doubled quote."""
    return "'" + storable(value).replace("'", "''") + "'"


def _within(filters: Filters) -> Iterable[str]:
    """By bytes, since a name need be no text: what lies in a folder is between `/` and `0`."""
    if filters.within is not None:
        folders = [folder.rstrip(b"/").hex() for folder in filters.within]
        ranges = [f"(path > X'{one}2f' AND path < X'{one}30')" for one in folders]
        yield f"({' OR '.join(ranges)})" if ranges else "false"


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


def _place(filters: Filters) -> Iterable[str]:
    if filters.has_gps is not None:
        yield f"latitude IS {'NOT ' if filters.has_gps else ''}NULL"


def _words(filters: Filters) -> Iterable[str]:
    if filters.rating_min is not None:
        yield f"rating >= {int(filters.rating_min)}"
    for word in filters.keywords:
        whole = text(f"{KEYWORD_END}{folded(word)}{KEYWORD_END}")
        held = f"keywords IS NOT NULL AND strpos({KEYWORDS}, {whole}) > 0"
        yield "false" if KEYWORD_END in word else held


def _picture(filters: Filters) -> Iterable[str]:
    if filters.path_prefix:
        yield f"starts_with({PATH}, {text(folded(filters.path_prefix))})"
    if filters.formats is not None:
        formats = ", ".join(text(name) for name in filters.formats)
        yield f"format IN ({formats})" if formats else "false"
    for column, least in (("width_px", filters.min_width_px), ("height_px", filters.min_height_px)):
        if least:  # Lance refuses a number that the column cannot hold
            yield f"{column} >= {int(least)}" if least <= _INT32_MAX else "false"


def _timestamp(moment: datetime) -> str:
    if moment.tzinfo is not None:
        raise ValueError("filters compare the camera's wall clock: give times without a zone")
    return f"timestamp '{moment.isoformat(sep=' ', timespec='microseconds')}'"
