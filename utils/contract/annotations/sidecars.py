"""What is asked for where sidecars are to be written."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, StrictBool

from utils.contract.base import CollectionText, Wire
from utils.contract.filters import FilterSpec

LabelName = Literal["Red", "Yellow", "Green", "Blue", "Purple"]


class SidecarOptions(Wire):
    """What a job of the kind `sidecars` is asked for."""

    filters: FilterSpec = Field(
        default=FilterSpec(), description="Conditions that every image meets."
    )
    captions: StrictBool = Field(
        default=False,
        description="Whether captions are written, too, as the description of images that have "
        "none.",
    )
    label: LabelName | None = Field(
        default="Red",
        description="The colour label of favourites, where an image has none; null: they get none.",
    )
    skip_read_only: StrictBool = Field(
        default=False,
        description="Whether the images of folders that cannot be written to are left out; else "
        "nothing is begun where there are such.",
    )


class SidecarRequest(SidecarOptions):
    """Which images' ratings, favourites and tags are to be written beside them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"collection": "default"},
                {"filters": {"folder": "/photos/2019"}, "captions": True, "label": None},
            ]
        }
    )

    collection: CollectionText = "default"
