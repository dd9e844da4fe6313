"""What a file says of its picture: when, with which camera, where. Never fails the file."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime

from utils.exif_blocks import exif_blocks
from utils.formats import Format
from utils.tiff_structure import Directory, bytes_reader, tiff_structure

_MAKE, _MODEL, _EXIF_IFD, _GPS_IFD = 271, 272, 34665, 34853
_DATE_TIME_ORIGINAL, _CREATE_DATE = 36867, 36868
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4
_MAX_TEXT = 200
_DATE = re.compile(r"(\d{4})[:/.-](\d{1,2})[:/.-](\d{1,2})[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class PhotoMetadata:
    """`taken_at` is naive: the camera's wall clock. Degrees are decimal, south and west negative.

    Latitude and longitude are both there or neither.
    """

    taken_at: datetime | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    latitude: float | None = None
    longitude: float | None = None


def extract_metadata(data: bytes, known: Format) -> PhotoMetadata:
    """Reads what can be read; milliseconds, no pixels. Blocking: call it from a worker thread."""
    try:
        directories = _directories(exif_blocks(data, known))
    except Exception:  # noqa: BLE001  # plugins raise anything on garbage, and metadata may be garbage
        return PhotoMetadata()
    latitude, longitude = _position(directories)
    return PhotoMetadata(
        taken_at=_taken_at(directories),
        camera_make=_text(directories, _MAKE),
        camera_model=_text(directories, _MODEL),
        latitude=latitude,
        longitude=longitude,
    )


def _directories(blocks: list[bytes]) -> list[Directory]:
    """Main directories first, then their EXIF, then their GPS directories."""
    levels: tuple[list[Directory], list[Directory], list[Directory]] = ([], [], [])
    for block in blocks:
        tiff = tiff_structure(bytes_reader(block))
        first = tiff.first() if tiff else None
        if tiff is None or first is None:
            continue
        levels[0].append(first)
        levels[1].extend(tiff.below(first, _EXIF_IFD))
        levels[2].extend(tiff.below(first, _GPS_IFD))
    return [directory for level in levels for directory in level]


def _taken_at(directories: list[Directory]) -> datetime | None:
    for tag in (_DATE_TIME_ORIGINAL, _CREATE_DATE):
        for directory in directories:
            taken_at = _datetime(directory.text(tag) or "")
            if taken_at is not None:
                return taken_at
    return None


def _datetime(text: str) -> datetime | None:
    found = _DATE.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # no zone is known
    except ValueError:  # all zeros, the 31st of February
        return None


def _text(directories: list[Directory], tag: int) -> str | None:
    for directory in directories:
        text = directory.text(tag)
        if text:
            return text[:_MAX_TEXT]
    return None


def _position(directories: list[Directory]) -> tuple[float | None, float | None]:
    for directory in directories:
        latitude = _degrees(directory, _LATITUDE_REF, _LATITUDE, limit=90, negative="S")
        longitude = _degrees(directory, _LONGITUDE_REF, _LONGITUDE, limit=180, negative="W")
        if latitude is not None and longitude is not None:
            return latitude, longitude
    return None, None


def _degrees(
    directory: Directory, ref_tag: int, tag: int, *, limit: int, negative: str
) -> float | None:
    """None where no hemisphere is named: a guess would put half of the world elsewhere."""
    ref = (directory.text(ref_tag) or "").upper()[:1]
    parts = directory.numbers(tag)[:3]
    if ref not in ("N", "S", "E", "W") or not parts or not all(map(math.isfinite, parts)):
        return None
    degrees: float = sum(part / float(60**power) for power, part in enumerate(parts))
    if not 0 <= degrees <= limit or min(parts) < 0:
        return None
    return -degrees if ref == negative else degrees
