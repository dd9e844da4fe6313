"""What a job of the kind `duplicates` looks for."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from utils.contract.base import JSON_NUMBER, Wire
from utils.contract.filters.spec import FolderText


class DuplicateClass(StrEnum):
    """How alike images are, the strictest first: two images are together in one class only.

    `same_bytes`: files of the same bytes. `raw_jpeg`: a RAW file and others of its folder and name.
    `same_picture`: the same picture in another format, size, quality or turn, or with other
    metadata. `burst`: taken within moments of each other, and alike. `look_alike`: near for the
    model.
    """

    SAME_BYTES = "same_bytes"
    RAW_JPEG = "raw_jpeg"
    SAME_PICTURE = "same_picture"
    BURST = "burst"
    LOOK_ALIKE = "look_alike"


class DuplicatesOptions(Wire):
    """What a job of the kind `duplicates` is asked for."""

    classes: Annotated[
        tuple[DuplicateClass, ...], Field(min_length=1, max_length=len(DuplicateClass))
    ] = Field(default=tuple(DuplicateClass), description="The classes to look for.")
    folder_path: FolderText | None = Field(
        default=None, description="Only images in this folder and below it."
    )
    max_hash_bits: Annotated[int, Field(ge=0, le=11), JSON_NUMBER] = Field(
        default=8,
        description="In so many bits of 64 the perceptual hashes of pictures may differ that are "
        "then compared for `same_picture`.",
    )
    burst_s: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False), JSON_NUMBER] = Field(
        default=2.0, description="Seconds from one image of a `burst` to the next, at most."
    )
    burst_hash_bits: Annotated[int, Field(ge=0, le=32), JSON_NUMBER] = Field(
        default=10, description="Bits in which the perceptual hashes of a `burst` differ at most."
    )
    min_cosine: Annotated[float, Field(ge=0.8, le=1, allow_inf_nan=False), JSON_NUMBER] = Field(
        default=0.95,
        description="From which cosine on images are a `look_alike`. Each model has its own scale.",
    )
