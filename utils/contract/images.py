"""Stored images, without their vectors."""

from __future__ import annotations

from datetime import datetime

from utils.contract.base import Reply
from utils.photo_metadata import TakenAtSource


class ImageReply(Reply):
    """One point, without its vector.

    `taken_at` is the wall clock where the picture was taken, `taken_at_offset_min` how far it was
    ahead of UTC (null: the camera does not say). `rating` is -1 (rejected) to 5.
    `rung`: `image`, `preview` (embedded in a RAW) or `developed` (a RAW's sensor data).
    """

    id: str
    path: str
    filename: str
    thumbnail_url: str
    file_url: str
    width_px: int
    height_px: int
    bytes: int
    format: str
    taken_at: datetime | None
    taken_at_source: TakenAtSource | None = None
    taken_at_offset_min: int | None = None
    camera_make: str | None
    camera_model: str | None
    lens: str | None = None
    focal_length_mm: float | None = None
    aperture_f: float | None = None
    exposure_s: float | None = None
    iso: int | None = None
    flash_fired: bool | None = None
    latitude: float | None
    longitude: float | None
    altitude_m: float | None = None
    rating: int | None = None
    title: str | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()
    software: str | None = None
    caption: str | None
    partial: bool
    rung: str
    sha256: str


class ImageList(Reply):
    images: tuple[ImageReply, ...]
    collection: str
    next_offset: int | None
