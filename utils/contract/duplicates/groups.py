"""Groups of duplicates, as they are answered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply
from utils.contract.duplicates.decisions import Decision
from utils.contract.duplicates.options import DuplicateClass
from utils.contract.examples import IMAGE
from utils.contract.images import ImageReply

MAX_DUPLICATE_ID = 2**53 - 1  # what every client counts exactly
KEEPER_RULE = (
    "whole before cut off, more pixels, the better format (RAW, then lossless, then the rest), "
    "more metadata, the older file, the larger file"
)
_COPY: dict[str, JsonValue] = {
    **IMAGE,
    "id": "6a2f41a3-c54c-5fce-8d2d-09b6e5f0a0b1",
    "path": "/photos/phone/beach-small.jpg",
    "filename": "beach-small.jpg",
    "width_px": 1500,
    "height_px": 1000,
    "bytes": 412_345,
}
_GROUP: dict[str, JsonValue] = {
    "id": 17,
    "class": "same_picture",
    "count": 2,
    "keep": IMAGE["id"],
    "kept_by": "pixels",
    "reason": "more pixels: 6000 x 4000 against 1500 x 1000",
    "bytes_beside": 412_345,
    "undecided": 1,
    "decisions": {str(IMAGE["id"]): "keep"},
    "images": [IMAGE, _COPY],
}
_DISMISSAL: dict[str, JsonValue] = {
    "id": 3,
    "path": "/photos/2019/beach.jpg",
    "sha256s": [IMAGE["sha256"]],
    "dismissed_at": "2026-05-03T12:00:05Z",
}


class KeptBy(StrEnum):
    """By what the image to keep is told from the next best: the first of these that differs.

    `whole`: a file whose end is missing is worse. `pixels`: more of them. `format`: RAW, then what
    loses nothing, then what loses least. `metadata`: more is said. `date`: the older file. `bytes`:
    the larger file. `id`: nothing tells them apart.
    """

    WHOLE = "whole"
    PIXELS = "pixels"
    FORMAT = "format"
    METADATA = "metadata"
    DATE = "date"
    BYTES = "bytes"
    ID = "id"


class DuplicateGroup(Reply):
    """Images that are one thing to a person, the one to keep first."""

    model_config = ConfigDict(json_schema_extra={"examples": [_GROUP]})

    id: int = Field(description="The group, until the next search of the collection ends.")
    kind: DuplicateClass = Field(alias="class", description="How alike its images are.")
    count: int = Field(description="How many images it has.")
    keep: str = Field(description="The image that is suggested to be kept, as `id` says.")
    kept_by: KeptBy = Field(description="In what that image is better than the next best.")
    reason: str = Field(description="The same in words.")
    bytes_beside: int = Field(description="What the files of all others take on the disk.")
    undecided: int = Field(
        description="About how many of its images nobody has decided; 0: nothing is open."
    )
    decisions: dict[str, Decision] = Field(
        description="Of those of `images` about which somebody has decided, by `id`."
    )
    images: tuple[ImageReply, ...] = Field(
        description="The one to keep first, then the next best. Not more than were asked for."
    )


class ClassCount(Reply):
    """Of one class."""

    kind: DuplicateClass = Field(alias="class", description="The class.")
    groups: int = Field(description="Its groups, as they are listed.")
    images: int = Field(description="Images in them.")
    decided: int = Field(
        description="Groups that are decided, also those that are not listed any more: what is not "
        "needed left, or they were dismissed."
    )
    undecided: int = Field(description="Groups that are open.")


class DuplicateList(Reply):
    """A page of groups, the strictest class first; in a class those first that take most space."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "groups": [_GROUP],
                    "collection": "default",
                    "job_id": "3f6c1f0e9a6b4a0c8d1f5f0e6b7a2c11",
                    "found_at": "2026-05-03T12:00:05Z",
                    "searched": 48_213,
                    "totals": [
                        {
                            "class": "same_picture",
                            "groups": 1,
                            "images": 2,
                            "decided": 0,
                            "undecided": 1,
                        }
                    ],
                    "rule": KEEPER_RULE,
                    "cursor": None,
                }
            ]
        }
    )

    groups: tuple[DuplicateGroup, ...] = Field(
        description="Those of the page, without groups of which fewer than two images are left."
    )
    collection: str = Field(description="The collection that they are of.")
    job_id: str | None = Field(
        description="The job that found them; null: none has. One is of the kind `duplicates`."
    )
    found_at: datetime | None = Field(description="When it ended, in UTC.")
    searched: int = Field(description="How many images it looked at.")
    totals: tuple[ClassCount, ...] | None = Field(
        description="Of each class that there is, on all pages: told on the first one."
    )
    rule: str = Field(description="By what the image to keep is chosen: the first that differs.")
    cursor: str | None = Field(description="Of the next page; null where this is the last.")


class ImageDuplicates(Reply):
    """The groups that one image is in, one a class at most."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"groups": [_GROUP], "collection": "default"}]}
    )

    groups: tuple[DuplicateGroup, ...] = Field(description="The strictest class first.")
    collection: str = Field(description="The collection that they are of.")


class DismissalReply(Reply):
    """Contents that somebody said are no duplicates of each other."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DISMISSAL]})

    id: int = Field(description="What was said.")
    path: str = Field(description="A file of the group, as it was called then.")
    sha256s: Annotated[
        tuple[str, ...],
        Field(description="The first of the contents. Of a single one: its copies are none."),
    ]
    dismissed_at: datetime = Field(description="When, in UTC.")


class DismissalList(Reply):
    """A page of them, the oldest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"dismissals": [_DISMISSAL], "next_after": None}]}
    )

    dismissals: tuple[DismissalReply, ...] = Field(description="Those of the page.")
    next_after: int | None = Field(description="For `after` of the next page; null: it was last.")
