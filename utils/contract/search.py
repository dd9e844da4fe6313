"""Searches: what is asked, by which conditions, and what is found."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, StrictFloat, WithJsonSchema

from utils.contract.base import (
    JSON_NUMBER,
    MAX_PATH_CHARACTERS,
    CollectionText,
    NotBlank,
    Reply,
    Wire,
)
from utils.contract.examples import HIT, SEARCH
from utils.contract.images import Format, ImageReply
from utils.contract.times import SinceTime, UntilTime

RAW_GROUP = "raw"

_BY_NAME: dict[str, tuple[Format, ...]] = {
    **{name: (known,) for known in Format for name in (known.value, *known.extensions)},
    RAW_GROUP: tuple(known for known in Format if known.is_raw),  # also Panasonic's old extension
}
FORMAT_NAMES = tuple(sorted(_BY_NAME))
MAX_FORMATS = 50


def _name(written: object) -> str:
    """As in FORMAT_NAMES. Raises ValueError, which says which names there are."""
    name = written.strip().lower().removeprefix(".") if isinstance(written, str) else ""
    if name not in _BY_NAME:
        raise ValueError(f"there is no such format; the names are {', '.join(FORMAT_NAMES)}")
    return name


FormatName = Annotated[
    str,
    Field(max_length=16),
    BeforeValidator(_name),
    WithJsonSchema({"type": "string", "enum": list(FORMAT_NAMES)}),
]


def formats_named(names: tuple[str, ...]) -> tuple[str, ...]:
    """Every format that one of the names (from FORMAT_NAMES) means, once."""
    return tuple(sorted({known.value for name in names for known in _BY_NAME[name]}))


MAX_SEARCH_LIMIT = 500
MAX_SEARCH_OFFSET = 10_000
OFFSET_DESCRIPTION = (
    f"How many of the best results are passed over, at most {MAX_SEARCH_OFFSET:,}: with `limit` "
    f"the best {MAX_SEARCH_OFFSET + MAX_SEARCH_LIMIT:,} can be had. Where images come in between "
    "two pages, the second may repeat some of the first."
)
CURSOR_DESCRIPTION = (
    "The `cursor` of the page before, in place of `offset`, with all else as it was but for "
    "`limit`: the page then begins after that one's last result, and repeats nothing, also where "
    "images come or go meanwhile. It is good for 10 minutes."
)
MAX_CURSOR_CHARACTERS = 16_384
MAX_QUERY_CHARACTERS = 2000
MAX_SIDE_PX = 1_000_000

CursorText = Annotated[str, Field(min_length=1, max_length=MAX_CURSOR_CHARACTERS)]
KeywordText = Annotated[str, Field(min_length=1, max_length=200)]
SidePx = Annotated[int, Field(ge=1, le=MAX_SIDE_PX), JSON_NUMBER]


class FilterSpec(Wire):
    """All given conditions must hold. Case does not matter in texts."""

    taken_after: SinceTime | None = Field(
        default=None,
        description="Taken then or later, by the camera's clock: a year, month, day or time, "
        "meant from its beginning. An offset from UTC is not looked at.",
    )
    taken_before: UntilTime | None = Field(
        default=None,
        description="Taken then or earlier, by the camera's clock: a year, month, day or time, "
        "meant until its end, so `2019` includes all of 2019.",
    )
    camera: str | None = Field(
        default=None,
        max_length=200,
        description="A part of the camera's make and model.",
        examples=["canon"],
    )
    lens: str | None = Field(
        default=None, max_length=200, description="A part of the lens's name.", examples=["50mm"]
    )
    rating_min: Annotated[int, Field(ge=-1, le=5), JSON_NUMBER] | None = Field(
        default=None, description="The least rating: -1 (rejected) to 5."
    )
    keywords: tuple[KeywordText, ...] = Field(
        default=(), max_length=50, description="Whole keywords; a picture must have all of them."
    )
    path_prefix: str | None = Field(
        default=None,
        max_length=MAX_PATH_CHARACTERS,
        description="What the picture's path begins with.",
        examples=["/photos/2019/"],
    )
    formats: tuple[FormatName, ...] | None = Field(
        default=None,
        max_length=MAX_FORMATS,
        description="Any of these formats, by name or file extension, in any case, with or without "
        "the dot. `raw` means every camera's RAW format.",
        examples=[["jpeg", "raw"]],
    )
    min_width_px: SidePx | None = Field(default=None, description="The least width, in pixels.")
    min_height_px: SidePx | None = Field(default=None, description="The least height, in pixels.")
    has_gps: StrictBool | None = Field(
        default=None, description="Whether the picture says where it was taken."
    )


class SearchTextRequest(Wire):
    """What is looked for in words, and where."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"query": "a dog on the beach", "limit": 20, "filters": {"taken_after": "2019"}}
            ]
        }
    )

    query: Annotated[str, NotBlank] = Field(
        min_length=1,
        max_length=MAX_QUERY_CHARACTERS,
        description="What the pictures show, in words. Where it is longer than the model reads, "
        "its end is cut off, and a warning says so; a blank one is refused.",
    )
    collection: CollectionText = "default"
    limit: Annotated[int, Field(ge=1, le=MAX_SEARCH_LIMIT), JSON_NUMBER] = Field(
        default=20, description="The most results."
    )
    offset: Annotated[int, Field(ge=0, le=MAX_SEARCH_OFFSET), JSON_NUMBER] = Field(
        default=0, description=OFFSET_DESCRIPTION
    )
    cursor: CursorText | None = Field(default=None, description=CURSOR_DESCRIPTION)
    filters: FilterSpec = Field(
        default=FilterSpec(), description="Conditions that every result meets."
    )
    min_score: Annotated[StrictFloat, Field(ge=-1, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="The least score of a result, -1 to 1."
    )


class SearchHit(ImageReply):
    """A stored image and how near it is to what was asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [HIT]})

    score: float = Field(description="The cosine between query and image, -1 to 1.")


class SearchReply(Reply):
    """What was found, the best first."""

    model_config = ConfigDict(json_schema_extra={"examples": [SEARCH]})

    results: tuple[SearchHit, ...] = Field(description="The images, the best first.")
    collection: str = Field(description="The collection that was searched.")
    model: str | None = Field(
        description="The model that made its vectors; null before the first import."
    )
    warnings: tuple[str, ...] = Field(
        default=(), description="What makes the results less than they seem."
    )
    cursor: str | None = Field(
        default=None,
        description="Gives the next page, for 10 minutes; null where there is none.",
    )
