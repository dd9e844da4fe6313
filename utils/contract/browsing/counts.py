"""What is counted of a collection: over time, by values, on a map, by folders."""

from __future__ import annotations

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply
from utils.contract.warnings import DETAILS, WarningDetail

_WARNINGS = "What makes the answer less than it seems: a catalogue that is still being filled."
_CURSOR = "AUAQAAAAAAAAAADn9oYJsE0AAAAAAAAAAA=="
_IMAGE = "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"


class TimelineBucket(Reply):
    """Images of a year, a month or a day."""

    bucket: str = Field(description="`2019`, `2019-07` or `2019-07-14`.", examples=["2019-07"])
    count: int = Field(description="How many were taken then.")
    cursor: str = Field(
        description="Of `GET /images?sort=taken_at` with the same `order`, collection and filters: "
        "its page begins with the bucket's first image."
    )


class TimelineReply(Reply):
    """How many images were taken when, by the cameras' clocks."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "collection": "default",
                    "by": "month",
                    "buckets": [{"bucket": "2019-07", "count": 212, "cursor": _CURSOR}],
                    "undated": 3,
                    "undated_cursor": _CURSOR,
                    "truncated": False,
                    "warnings": [],
                }
            ]
        }
    )

    collection: str = Field(description="The collection that was looked at.")
    by: str = Field(description="What a bucket holds: `year`, `month` or `day`.")
    buckets: tuple[TimelineBucket, ...] = Field(description="Those with images, in the order.")
    undated: int = Field(description="How many images have no date: they are the last.")
    undated_cursor: str | None = Field(
        description="Begins with the first of these; null where there are none."
    )
    truncated: bool = Field(description="There are more buckets: ask for longer steps, or filter.")
    warnings: tuple[str, ...] = Field(default=(), description=_WARNINGS)
    warning_details: tuple[WarningDetail, ...] = Field(default=(), description=DETAILS)


class FacetValueReply(Reply):
    """A value, and how many images have it."""

    value: str = Field(
        description="As the filter of the facet takes it.", examples=["Canon EOS 5D"]
    )
    count: int = Field(description="How many images have it.")


class FacetReply(Reply):
    """The most frequent values of one facet."""

    values: tuple[FacetValueReply, ...] = Field(description="The most frequent first.")
    distinct: int = Field(description="How many values there are in all.")
    without: int | None = Field(
        default=None,
        description="How many images have no value: no camera, not rated. Null for keywords and "
        "tags, of which an image may have several.",
    )


_YES_OR_NO: dict[str, JsonValue] = {
    "values": [{"value": "false", "count": 1180}, {"value": "true", "count": 24}],
    "distinct": 2,
    "without": 0,
}
_FACET: dict[str, JsonValue] = {
    "values": [{"value": "Canon EOS 5D", "count": 1204}],
    "distinct": 7,
    "without": 31,
}


class FacetsReply(Reply):
    """What images can be narrowed by, with counts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "collection": "default",
                    **dict.fromkeys(
                        (
                            "cameras",
                            "lenses",
                            "years",
                            "folders",
                            "keywords",
                            "formats",
                            "ratings",
                        ),
                        _FACET,
                    ),
                    "tags": {"values": [{"value": "print", "count": 9}], "distinct": 1},
                    **dict.fromkeys(("places", "favourites", "captions"), _YES_OR_NO),
                    "orientations": {
                        "values": [{"value": "landscape", "count": 1204}],
                        "distinct": 1,
                        "without": 0,
                    },
                    "warnings": [],
                }
            ]
        }
    )

    collection: str = Field(description="The collection that was looked at.")
    cameras: FacetReply = Field(description="Make and model: values of `camera`.")
    lenses: FacetReply = Field(description="Values of `lens`.")
    years: FacetReply = Field(description="Values of `taken_after` and `taken_before` together.")
    folders: FacetReply = Field(
        description="Those that images lie right in: values of `folder`, with `subfolders=false`."
    )
    keywords: FacetReply = Field(description="Values of `keywords`.")
    formats: FacetReply = Field(description="Values of `formats`.")
    ratings: FacetReply = Field(
        description="Values of `rating_min` and `rating_max` together; of those without, "
        '`"none_of": [{"rating_min": -1}]`.'
    )
    places: FacetReply = Field(description="Values of `has_gps`: `true` and `false`.")
    favourites: FacetReply = Field(description="Values of `favourite`: `true` and `false`.")
    tags: FacetReply = Field(description="Values of `tags`: Photoseek's own.")
    captions: FacetReply = Field(description="Values of `has_caption`: `true` and `false`.")
    orientations: FacetReply = Field(description="Values of `orientation`.")
    warnings: tuple[str, ...] = Field(default=(), description=_WARNINGS)
    warning_details: tuple[WarningDetail, ...] = Field(default=(), description=DETAILS)


class ClusterReply(Reply):
    """Images that were taken near each other."""

    count: int = Field(description="How many.")
    latitude: float = Field(description="Of their middle.")
    longitude: float = Field(description="Of their middle.")
    image_id: str = Field(description="One of them.")
    thumbnail_url: str = Field(description="The path of its small picture, WebP.")


class MapReply(Reply):
    """Where images were taken, in a part of the map."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "collection": "default",
                    "clusters": [
                        {
                            "count": 31,
                            "latitude": 43.41,
                            "longitude": -1.62,
                            "image_id": _IMAGE,
                            "thumbnail_url": f"/api/v1/images/{_IMAGE}/thumbnail"
                            "?collection=default",
                        }
                    ],
                    "cell_degrees": 0.0879,
                    "warnings": [],
                }
            ]
        }
    )

    collection: str = Field(description="The collection that was looked at.")
    clusters: tuple[ClusterReply, ...] = Field(description="The largest first.")
    cell_degrees: float = Field(
        description="The side of the grid's cells; a larger one than was asked for where there "
        "would be too many."
    )
    warnings: tuple[str, ...] = Field(default=(), description=_WARNINGS)
    warning_details: tuple[WarningDetail, ...] = Field(default=(), description=DETAILS)


class FolderReply(Reply):
    """A folder with images in it, or below it."""

    path: str = Field(description="Its whole path: a value of the filter `folder`.")
    name: str = Field(description="The last part of it; of a root, all of it.")
    images: int = Field(description="How many lie right in it.")
    images_in_all: int = Field(description="How many lie in it and in the folders below it.")


class FolderList(Reply):
    """The folders right below one, or the roots."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "collection": "default",
                    "path": "/photos",
                    "folders": [
                        {"path": "/photos/2019", "name": "2019", "images": 12, "images_in_all": 930}
                    ],
                    "total": 1,
                    "next_offset": None,
                    "warnings": [],
                }
            ]
        }
    )

    collection: str = Field(description="The collection that was looked at.")
    path: str | None = Field(description="The folder that was asked for; null: the roots.")
    folders: tuple[FolderReply, ...] = Field(description="By name.")
    total: int = Field(description="How many there are.")
    next_offset: int | None = Field(
        description="The `offset` of the next page; null where this is the last."
    )
    warnings: tuple[str, ...] = Field(default=(), description=_WARNINGS)
    warning_details: tuple[WarningDetail, ...] = Field(default=(), description=DETAILS)
