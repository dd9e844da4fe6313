"""Filters as query parameters: one by one, and as JSON for those that hold each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError, WithJsonSchema

from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.filters.specs import filters_of
from utils.contract.filters import FilterSpec, FormatName, Orientation
from utils.contract.filters.format_names import MAX_FORMATS
from utils.contract.filters.spec import (
    MAX_KEYWORDS,
    MAX_NAMES,
    FolderText,
    KeywordText,
    Megapixels,
    NamePart,
    PathPrefix,
    Rating,
    SidePx,
    SizeBytes,
    WholeName,
)
from utils.contract.times import SinceTime, UntilTime

FORM_FILTERS_DESCRIPTION = "Conditions that every result meets, as JSON like that of a text search."
_FURTHER = (
    "Further conditions, as JSON like that of a text search: for places, and for conditions that "
    "hold each other."
)
MAX_FILTERS_CHARACTERS = 16_384
FILTERS_EXAMPLE = '{"any_of": [{"camera": "canon"}, {"rating_min": 4}]}'
# Not pydantic's `Json`, which FastAPI takes in no query.
FiltersJson = Annotated[
    str,
    Field(max_length=MAX_FILTERS_CHARACTERS),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": MAX_FILTERS_CHARACTERS,
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/FilterSpec"},
        }
    ),
]


def filters_in_json(text: str | None, *, where: str) -> Filters:
    """`where` the text was: "query" or "body". Raises RequestValidationError, as FastAPI does."""
    if text is None:
        return NO_FILTERS
    try:
        return filters_of(FilterSpec.model_validate_json(text))
    except ValidationError as exc:
        errors = [{**one, "loc": (where, "filters", *one["loc"])} for one in exc.errors()]
        raise RequestValidationError(errors) from exc


def _asked(name: str, *, max_length: int | None = None) -> Any:
    field = FilterSpec.model_fields[name]
    return Query(description=field.description, examples=field.examples, max_length=max_length)


async def filters_in_query(
    *,
    taken_after: Annotated[SinceTime | None, _asked("taken_after")] = None,
    taken_before: Annotated[UntilTime | None, _asked("taken_before")] = None,
    camera: Annotated[NamePart | None, _asked("camera")] = None,
    lens: Annotated[NamePart | None, _asked("lens")] = None,
    cameras: Annotated[
        tuple[WholeName, ...] | None, _asked("cameras", max_length=MAX_NAMES)
    ] = None,
    lenses: Annotated[tuple[WholeName, ...] | None, _asked("lenses", max_length=MAX_NAMES)] = None,
    rating_min: Annotated[Rating | None, _asked("rating_min")] = None,
    rating_max: Annotated[Rating | None, _asked("rating_max")] = None,
    keywords: Annotated[
        tuple[KeywordText, ...] | None, _asked("keywords", max_length=MAX_KEYWORDS)
    ] = None,
    path_prefix: Annotated[PathPrefix | None, _asked("path_prefix")] = None,
    folder: Annotated[FolderText | None, _asked("folder")] = None,
    subfolders: Annotated[bool | None, _asked("subfolders")] = None,
    formats: Annotated[
        tuple[FormatName, ...] | None, _asked("formats", max_length=MAX_FORMATS)
    ] = None,
    min_width_px: Annotated[SidePx | None, _asked("min_width_px")] = None,
    max_width_px: Annotated[SidePx | None, _asked("max_width_px")] = None,
    min_height_px: Annotated[SidePx | None, _asked("min_height_px")] = None,
    max_height_px: Annotated[SidePx | None, _asked("max_height_px")] = None,
    min_megapixels: Annotated[Megapixels | None, _asked("min_megapixels")] = None,
    max_megapixels: Annotated[Megapixels | None, _asked("max_megapixels")] = None,
    orientation: Annotated[Orientation | None, _asked("orientation")] = None,
    min_size_bytes: Annotated[SizeBytes | None, _asked("min_size_bytes")] = None,
    max_size_bytes: Annotated[SizeBytes | None, _asked("max_size_bytes")] = None,
    has_gps: Annotated[bool | None, _asked("has_gps")] = None,
    has_caption: Annotated[bool | None, _asked("has_caption")] = None,
    favourite: Annotated[bool | None, _asked("favourite")] = None,
    tags: Annotated[tuple[KeywordText, ...] | None, _asked("tags", max_length=MAX_KEYWORDS)] = None,
    album: Annotated[UUID | None, _asked("album")] = None,
    include_hidden: Annotated[bool | None, _asked("include_hidden")] = None,
    filters: Annotated[
        FiltersJson | None, Query(description=_FURTHER, examples=[FILTERS_EXAMPLE])
    ] = None,
) -> Filters:
    """All that is given must hold, `filters` too."""
    given = {name: value for name, value in locals().items() if value is not None}
    further = given.pop("filters", None)
    flat = filters_of(FilterSpec(**given))
    if further is None:
        return flat
    nested = filters_in_json(further, where="query")
    if flat == NO_FILTERS:
        return nested
    is_all = flat.include_hidden or nested.include_hidden
    return replace(flat, all_of=(nested,), include_hidden=is_all)


QueryFilters = Annotated[Filters, Depends(filters_in_query)]
