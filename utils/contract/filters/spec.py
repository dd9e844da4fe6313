"""Conditions on pictures, as searches and pages are asked for them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from utils.contract.base import JSON_NUMBER, MAX_PATH_CHARACTERS, Wire
from utils.contract.filters.format_names import MAX_FORMATS, FormatName
from utils.contract.filters.places import BoxSpec, CircleSpec
from utils.contract.times import SinceTime, UntilTime

MAX_DEPTH = 4
MAX_NODES = 64
MAX_BRANCHES = 50
MAX_KEYWORDS = 50
MAX_NAMES = 50
MAX_SIDE_PX = 1_000_000
MAX_SIZE_BYTES = 2**50
MAX_MEGAPIXELS = 1_000_000

NamePart = Annotated[str, Field(max_length=200)]
WholeName = Annotated[str, Field(min_length=1, max_length=500)]
PathPrefix = Annotated[str, Field(max_length=MAX_PATH_CHARACTERS)]
KeywordText = Annotated[str, Field(min_length=1, max_length=200)]
FolderText = Annotated[str, Field(max_length=MAX_PATH_CHARACTERS, pattern="^/")]
Rating = Annotated[int, Field(ge=-1, le=5)]
SidePx = Annotated[int, Field(ge=1, le=MAX_SIDE_PX)]
SizeBytes = Annotated[int, Field(ge=0, le=MAX_SIZE_BYTES)]
Megapixels = Annotated[float, Field(ge=0, le=MAX_MEGAPIXELS, allow_inf_nan=False)]


class Orientation(StrEnum):
    """Of a picture as it is shown."""

    LANDSCAPE = "landscape"
    PORTRAIT = "portrait"
    SQUARE = "square"


class FilterSpec(Wire):
    """All given conditions must hold; `all_of`, `any_of` and `none_of` hold more such objects.

    Case does not matter in texts. What a picture does not say meets no condition: one without a
    date was taken neither before nor after a time.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"taken_after": "2019", "taken_before": "2020-06", "formats": ["jpeg", "raw"]},
                {
                    "orientation": "landscape",
                    "any_of": [{"camera": "canon"}, {"rating_min": 4}],
                    "none_of": [{"keywords": ["private"]}, {"folder": "/photos/screenshots"}],
                },
                {"min_megapixels": 12, "max_megapixels": 24.5},
                {"near": {"latitude": 52.52, "longitude": 13.405, "radius_km": 10}},
            ]
        }
    )

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
    camera: NamePart | None = Field(
        default=None,
        description="A part of the camera's make and model.",
        examples=["canon"],
    )
    lens: NamePart | None = Field(
        default=None, description="A part of the lens's name.", examples=["50mm"]
    )
    cameras: tuple[WholeName, ...] | None = Field(
        default=None,
        max_length=MAX_NAMES,
        description="Any of these cameras, by whole names: make and model, as the facet tells "
        "them.",
        examples=[["Canon EOS 40D"]],
    )
    lenses: tuple[WholeName, ...] | None = Field(
        default=None,
        max_length=MAX_NAMES,
        description="Any of these lenses, by whole names, as the facet tells them.",
        examples=[["EF24-70mm f/2.8L USM"]],
    )
    rating_min: Annotated[Rating, JSON_NUMBER] | None = Field(
        default=None,
        description="The least rating: -1 (rejected) to 5. One that was given in Photoseek wins "
        "over the file's.",
    )
    rating_max: Annotated[Rating, JSON_NUMBER] | None = Field(
        default=None, description="The greatest rating: -1 (rejected) to 5."
    )
    keywords: tuple[KeywordText, ...] = Field(
        default=(),
        max_length=MAX_KEYWORDS,
        description="Whole keywords; a picture must have all of them.",
    )
    path_prefix: PathPrefix | None = Field(
        default=None,
        description="What the picture's path begins with.",
        examples=["/photos/2019/"],
    )
    folder: FolderText | None = Field(
        default=None,
        description="The whole path of the folder that it lies in, or below.",
        examples=["/photos/2019"],
    )
    subfolders: StrictBool = Field(
        default=True, description="Whether what lies below `folder` counts, too."
    )
    formats: tuple[FormatName, ...] | None = Field(
        default=None,
        max_length=MAX_FORMATS,
        description="Any of these formats, by name or file extension, in any case, with or without "
        "the dot. `raw` means every camera's RAW format.",
        examples=[["jpeg", "raw"]],
    )
    min_width_px: Annotated[SidePx, JSON_NUMBER] | None = Field(
        default=None, description="The least width, in pixels, as it is shown."
    )
    max_width_px: Annotated[SidePx, JSON_NUMBER] | None = Field(
        default=None, description="The greatest width, in pixels, as it is shown."
    )
    min_height_px: Annotated[SidePx, JSON_NUMBER] | None = Field(
        default=None, description="The least height, in pixels, as it is shown."
    )
    max_height_px: Annotated[SidePx, JSON_NUMBER] | None = Field(
        default=None, description="The greatest height, in pixels, as it is shown."
    )
    min_megapixels: Annotated[Megapixels, JSON_NUMBER] | None = Field(
        default=None,
        description="The least width times height, in millions of pixels; to whole pixels.",
        examples=[12],
    )
    max_megapixels: Annotated[Megapixels, JSON_NUMBER] | None = Field(
        default=None,
        description="The greatest width times height, in millions of pixels; to whole pixels.",
        examples=[2.5],
    )
    orientation: Orientation | None = Field(
        default=None, description="Wider than high, higher than wide, or neither, as it is shown."
    )
    min_size_bytes: Annotated[SizeBytes, JSON_NUMBER] | None = Field(
        default=None, description="The least size of the file, in bytes."
    )
    max_size_bytes: Annotated[SizeBytes, JSON_NUMBER] | None = Field(
        default=None, description="The greatest size of the file, in bytes."
    )
    has_gps: StrictBool | None = Field(
        default=None, description="Whether the picture says where it was taken."
    )
    has_caption: StrictBool | None = Field(
        default=None, description="Whether a caption was made of it."
    )
    favourite: StrictBool | None = Field(
        default=None,
        description="Whether people called it a favourite in Photoseek; false: all others.",
    )
    tags: tuple[KeywordText, ...] = Field(
        default=(),
        max_length=MAX_KEYWORDS,
        description="Whole tags of Photoseek's own; a picture must have all of them.",
    )
    album: UUID | None = Field(
        default=None,
        description="Put into this album by hand, as its `id` says; what its search finds does not "
        "count. Nothing is in an album that is not there.",
    )
    box: BoxSpec | None = Field(default=None, description="Taken in this part of the map.")
    near: CircleSpec | None = Field(default=None, description="Taken around this place.")
    include_hidden: StrictBool = Field(
        default=False,
        description="Also what lies in hidden folders. It counts in the outermost filters alone.",
    )
    all_of: tuple[FilterSpec, ...] = Field(
        default=(), max_length=MAX_BRANCHES, description="Each of these must hold, too."
    )
    any_of: tuple[FilterSpec, ...] = Field(
        default=(),
        max_length=MAX_BRANCHES,
        description="At least one of these must hold; an empty list asks nothing.",
    )
    none_of: tuple[FilterSpec, ...] = Field(
        default=(), max_length=MAX_BRANCHES, description="None of these may hold."
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_large_tree(cls, data: object) -> object:
        """Before any of it is looked at closer. Of what is too large only a part is walked."""
        for nodes, depth in enumerate(_depths(data, 1), 1):
            if depth > MAX_DEPTH:
                raise PydanticCustomError(
                    "too_deep", "filters hold each other at most {most} deep", {"most": MAX_DEPTH}
                )
            if nodes > MAX_NODES:
                raise PydanticCustomError(
                    "too_many", "at most {most} filters in one another", {"most": MAX_NODES}
                )
        return data


def _depths(data: object, depth: int) -> Iterator[int]:
    """How deep each part of a tree of filters lies, from the top."""
    yield depth
    if isinstance(data, dict):
        for name in ("all_of", "any_of", "none_of"):
            branches = data.get(name)
            if isinstance(branches, list | tuple):
                for one in branches:
                    yield from _depths(one, depth + 1)
