"""Stored images, without their vectors."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from utils.contract.base import Reply
from utils.contract.examples import IMAGE
from utils.contract.times import WallClock
from utils.metadata.photo_metadata import TakenAtSource


class ImageReply(Reply):
    """One point, without its vector."""

    model_config = ConfigDict(json_schema_extra={"examples": [IMAGE]})

    id: str = Field(description="Of this file in this collection; it stays over imports.")
    path: str = Field(description="Where the file was imported from; odd bytes show as `\\xNN`.")
    filename: str = Field(description="The last part of the path.")
    thumbnail_url: str = Field(description="The path of its small picture, WebP.")
    file_url: str = Field(description="The path of the original.")
    width_px: int = Field(description="As it is shown, after its orientation.")
    height_px: int = Field(description="As it is shown, after its orientation.")
    bytes: int = Field(description="The file's size.")
    format: str = Field(description="What the content is, whatever its name says: `jpeg`, `nef`.")
    taken_at: WallClock | None = Field(
        description="The wall clock where the picture was taken, without an offset: see "
        "`taken_at_offset_min`."
    )
    taken_at_source: TakenAtSource | None = Field(
        default=None, description="Where `taken_at` comes from."
    )
    taken_at_offset_min: int | None = Field(
        default=None,
        description="Minutes by which that clock was ahead of UTC; null: the camera does not say.",
    )
    camera_make: str | None = Field(description="Who made the camera.")
    camera_model: str | None = Field(description="What the maker calls the camera.")
    lens: str | None = Field(default=None, description="The lens's name.")
    focal_length_mm: float | None = Field(default=None, description="As it is, not 35 mm's.")
    aperture_f: float | None = Field(default=None, description="The f-number.")
    exposure_s: float | None = Field(default=None, description="Seconds of exposure.")
    iso: int | None = Field(default=None, description="The sensor's sensitivity.")
    flash_fired: bool | None = Field(default=None, description="Whether a flash lit the picture.")
    latitude: float | None = Field(description="Degrees; south is negative.")
    longitude: float | None = Field(description="Degrees; west is negative.")
    altitude_m: float | None = Field(default=None, description="Metres above the sea.")
    rating: int | None = Field(default=None, description="-1 (rejected) to 5.")
    title: str | None = Field(default=None, description="What somebody called it.")
    description: str | None = Field(default=None, description="What somebody wrote about it.")
    keywords: tuple[str, ...] = Field(default=(), description="What somebody filed it under.")
    software: str | None = Field(default=None, description="What wrote the file.")
    favourite: bool | None = Field(
        default=None,
        description="Whether its owner called it one, where a Google Takeout says so.",
    )
    sidecar_turn: int | None = Field(
        default=None,
        description="EXIF's orientation (2 to 8) by which a sidecar turns the picture, after what "
        "the file itself says: thumbnails are turned by it, the original is as it is.",
    )
    motion: bool | None = Field(
        default=None, description="Whether a film lies in the file, behind the still."
    )
    companions: tuple[str, ...] = Field(
        default=(),
        description="Other files of the same shot, in the same folder: a RAW's JPEG or HEIC, a "
        "JPEG's RAW, the film of a still. A picture among them is an image of its own, too.",
    )
    caption: str | None = Field(description="What the captioning model says of it.")
    partial: bool = Field(description="Only a part could be decoded; the rest is missing.")
    pixel_source: str = Field(
        description="What was read: `image`, `preview` (embedded in a RAW) or `developed` "
        "(a RAW's sensor data).",
    )
    rung: str = Field(
        deprecated=True, description="The former name of `pixel_source`; it goes with 0.3."
    )
    stale: bool = Field(
        default=False,
        description="The file at this path has another content now, which is no image or could "
        "not be imported: what is shown and found is what was there before.",
    )
    sha256: str = Field(description="Of the file's bytes, in hexadecimal.")


class ImageList(Reply):
    """A page of a collection's images, by path."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"images": [IMAGE], "collection": "default", "next_offset": 50}]
        }
    )

    images: tuple[ImageReply, ...] = Field(description="By path.")
    collection: str = Field(description="The collection that was listed.")
    next_offset: int | None = Field(
        description="The `offset` of the next page; null where this is the last."
    )
