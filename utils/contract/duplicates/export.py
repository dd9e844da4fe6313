"""Duplicates as a file: what stands in each group, without links."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply
from utils.contract.duplicates.decisions import Decision
from utils.contract.duplicates.groups import KEEPER_RULE, KeptBy
from utils.contract.duplicates.options import DuplicateClass
from utils.contract.examples import IMAGE
from utils.contract.times import WallClock

_EXPORTED: dict[str, JsonValue] = {
    "keep": True,
    "decision": "keep",
    **{
        name: IMAGE[name]
        for name in ("id", "path", "bytes", "width_px", "height_px", "format", "taken_at", "sha256")
    },
}
_OTHER: dict[str, JsonValue] = {"keep": False, "decision": "not_needed"}
_GROUP: dict[str, JsonValue] = {
    "id": 17,
    "class": "same_picture",
    "count": 2,
    "kept_by": "pixels",
    "reason": "more pixels: 6000 x 4000 against 1500 x 1000",
    "bytes_beside": 412_345,
    "images": [_EXPORTED, {**_EXPORTED, **_OTHER, "path": "/photos/phone/beach-small.jpg"}],
}


class ExportedImage(Reply):
    """An image of a group."""

    keep: bool = Field(description="Whether it is the one that is suggested to be kept.")
    decision: Decision = Field(description="What somebody decided about it.")
    id: str = Field(description="The image.")
    path: str = Field(description="Its file.")
    bytes: int = Field(description="The size of its file.")
    width_px: int = Field(description="As it is shown.")
    height_px: int = Field(description="As it is shown.")
    format: str = Field(description="Of its file.")
    taken_at: WallClock | None = Field(description="By the camera's clock.")
    sha256: str = Field(description="Of the bytes of its file.")


class ExportedGroup(Reply):
    """A group with all of its images, the one to keep first."""

    model_config = ConfigDict(json_schema_extra={"examples": [_GROUP]})

    id: int = Field(description="The group, until the next search of the collection ends.")
    kind: DuplicateClass = Field(alias="class", description="How alike its images are.")
    count: int = Field(description="How many images it has.")
    kept_by: KeptBy = Field(description="In what the one to keep is better than the next best.")
    reason: str = Field(description="The same in words.")
    bytes_beside: int = Field(description="What the files of all others take on the disk.")
    images: tuple[ExportedImage, ...] = Field(description="All of them.")


class DuplicateExport(Reply):
    """All groups of a collection."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "collection": "default",
                    "job_id": "3f6c1f0e9a6b4a0c8d1f5f0e6b7a2c11",
                    "found_at": "2026-05-03T12:00:05Z",
                    "rule": KEEPER_RULE,
                    "groups": [_GROUP],
                }
            ]
        }
    )

    collection: str = Field(description="The collection that they are of.")
    job_id: str | None = Field(description="The job that found them; null: none has.")
    found_at: datetime | None = Field(description="When it ended, in UTC.")
    rule: str = Field(description="By what the image to keep is chosen: the first that differs.")
    groups: tuple[ExportedGroup, ...] = Field(description="The strictest class first.")
