"""What is known of a photograph besides its pixels: one record for every format and source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from utils.contract.images import TakenAtSource as TakenAtSource  # its values are the API's


@dataclass(frozen=True, slots=True)
class Metadata:
    """Everything may be absent. Numbers are finite.

    `sidecar_turn` is EXIF's orientation (2 to 8) by which the picture is turned once more, after
    what the file itself says, because a sidecar says so. `motion`: a film lies in the file,
    behind the still.

    `taken_at` is naive: the wall clock where the picture was taken. `taken_at_offset_min` is how
    far that clock was ahead of UTC, None where nothing says so; it is 0 for GPS and file times,
    which are UTC. Degrees are decimal, south and west negative: both are there or neither.
    `rating` is -1 (rejected) to 5, 0 is unrated. A keyword of a hierarchy is there as a whole
    ("Places|Rome") and by each of its levels.
    """

    taken_at: datetime | None = None
    taken_at_source: TakenAtSource | None = None
    taken_at_offset_min: int | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    lens: str | None = None
    focal_length_mm: float | None = None
    aperture_f: float | None = None
    exposure_s: float | None = None
    iso: int | None = None
    flash_fired: bool | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude_m: float | None = None
    rating: int | None = None
    title: str | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()
    software: str | None = None
    favourite: bool | None = None
    sidecar_turn: int | None = None
    motion: bool | None = None
