"""EXIF (and TIFF, DNG, most RAW) directories as metadata."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from utils.containers.byte_source import ByteSource
from utils.containers.tiff import Directory, bytes_reader, decoded_text, tiff_structure
from utils.metadata.capture_time import Times, gps_moment, parsed_moment
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import keywords, many_lines, one_line, positive, rating

_DESCRIPTION, _MAKE, _MODEL, _SOFTWARE, _EXIF_IFD, _GPS_IFD = 270, 271, 272, 305, 34665, 34853
_BELOW = (_EXIF_IFD, _GPS_IFD)
_RATING, _XP_TITLE, _XP_KEYWORDS = 18246, 40091, 40094
_EXPOSURE, _APERTURE, _FLASH, _FOCAL_LENGTH, _LENS = 33434, 33437, 37385, 37386, 42036
_APEX_EXPOSURE, _APEX_APERTURE = 37377, 37378
_ISO, _RECOMMENDED_ISO, _ISO_SPEED = 34855, 34866, 34867
_ISO_BEYOND = 65535  # the 16 bits of `_ISO` are full: the real one stands in another tag
_TIMES = (  # time, offset, part of a second
    (TakenAtSource.DATE_TIME_ORIGINAL, 36867, 36881, 37521),
    (TakenAtSource.CREATE_DATE, 36868, 36882, 37522),
)
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4
_ALTITUDE_REF, _ALTITUDE, _GPS_CLOCK, _GPS_DAY = 5, 6, 7, 29
_BELOW_SEA = (1, 3)
_MOST_ISO = 2**31 - 1

# What cameras write where a person's words belong.
_NO_DESCRIPTIONS = frozenset(
    {
        "olympus digital camera",
        "konica minolta digital camera",
        "minolta digital camera",
        "sony dsc",
        "samsung",
        "samsung digital camera",
        "kodak digital still camera",
        "digital still camera",
        "exif_jpeg_picture",
        "dcim",
        "untitled",
        "<digimax i50 mp3, samsung #1 mp3>",
    }
)


def exif_directories(block: ByteSource) -> list[Directory]:
    """The main directory, then its EXIF, then its GPS; empty where there is no structure."""
    tiff = tiff_structure(bytes_reader(block))
    first = tiff.first(blocks=True) if tiff else None
    if tiff is None or first is None:
        return []
    return [first, *(each for tag in _BELOW for each in tiff.subdirectories(first, tag, most=2))]


def read_exif(directories: Sequence[Directory]) -> tuple[Metadata, Times]:
    """The first value of each kind that makes sense."""
    found = _Values(directories)
    latitude, longitude, altitude_m = _place(directories)
    fired = found.number(_FLASH)
    metadata = Metadata(
        camera_make=one_line(found.text(_MAKE)),
        camera_model=one_line(found.text(_MODEL)),
        lens=one_line(found.text(_LENS)),
        focal_length_mm=positive(found.number(_FOCAL_LENGTH), most=100_000),
        aperture_f=positive(found.number(_APERTURE), most=1000) or _from_apex(found, aperture=True),
        exposure_s=positive(found.number(_EXPOSURE), most=10_000_000)
        or _from_apex(found, aperture=False),
        iso=_iso(found),
        flash_fired=None if fired is None else int(fired) & 1 == 1,
        latitude=latitude,
        longitude=longitude,
        altitude_m=altitude_m,
        rating=rating(found.number(_RATING)),
        title=one_line(found.wide_text(_XP_TITLE)),
        description=_description(found),
        keywords=keywords((found.wide_text(_XP_KEYWORDS) or "").split(";")),
        software=one_line(found.text(_SOFTWARE)),
    )
    return metadata, _times(found, directories)


@dataclass(frozen=True, slots=True)
class _Values:
    directories: Sequence[Directory]

    def text(self, tag: int) -> str | None:
        return next((text for each in self.directories if (text := each.text(tag))), None)

    def number(self, tag: int) -> float | None:
        """The first of the tag's numbers; None where it is not finite."""
        for each in self.directories:
            numbers = each.numbers(tag)
            if numbers and math.isfinite(numbers[0]):
                return float(numbers[0])
        return None

    def wide_text(self, tag: int) -> str | None:
        """What Windows writes: UTF-16 in a list of bytes."""
        for each in self.directories:
            value = each.values.get(tag)
            if isinstance(value, tuple) and all(type(n) is int and 0 <= n < 256 for n in value):
                value = bytes(int(n) for n in value)
            if isinstance(value, bytes):
                return value.decode("utf-16-le", "replace").split("\0", 1)[0]
        return None


def _from_apex(found: _Values, *, aperture: bool) -> float | None:
    power = found.number(_APEX_APERTURE if aperture else _APEX_EXPOSURE)
    if power is None or abs(power) > 30:
        return None
    return float(2 ** (power / 2)) if aperture else float(2**-power)


def _iso(found: _Values) -> int | None:
    iso = found.number(_ISO)
    if iso is None or iso >= _ISO_BEYOND:
        iso = found.number(_RECOMMENDED_ISO) or found.number(_ISO_SPEED) or iso
    kept = positive(iso, most=_MOST_ISO)
    return None if kept is None else round(kept) or None


def _description(found: _Values) -> str | None:
    for each in found.directories:
        value = each.values.get(_DESCRIPTION)
        if isinstance(value, bytes):
            text = many_lines(decoded_text(value.split(b"\0", 1)[0]))
            if text is not None and text.lower() not in _NO_DESCRIPTIONS:
                return text
    return None


def _times(found: _Values, directories: Sequence[Directory]) -> Times:
    times = [
        (
            source,
            parsed_moment(text, fraction=found.text(part) or "", offset=found.text(offset) or ""),
        )
        for source, tag, offset, part in _TIMES
        for each in directories
        if (text := each.text(tag))
    ]
    times += [
        (TakenAtSource.GPS, gps_moment(day, each.numbers(_GPS_CLOCK)))
        for each in directories
        if (day := each.text(_GPS_DAY))
    ]
    return tuple((source, when) for source, when in times if when is not None)


def _place(
    directories: Sequence[Directory],
) -> tuple[float | None, float | None, float | None]:
    """Latitude, longitude, altitude in metres; 0° N 0° E is where a receiver without a fix is."""
    for each in directories:
        degrees = partial(_degrees, each)
        latitude = degrees(_LATITUDE_REF, _LATITUDE, limit=90, refs="NS")
        longitude = degrees(_LONGITUDE_REF, _LONGITUDE, limit=180, refs="EW")
        if latitude is not None and longitude is not None and (latitude or longitude):
            return latitude, longitude, _altitude(each)
    return None, None, None


def _degrees(
    directory: Directory, ref_tag: int, tag: int, *, limit: int, refs: str
) -> float | None:
    """None where no hemisphere is named: a guess would put half of the world elsewhere."""
    ref = (directory.text(ref_tag) or "").upper()[:1]
    parts = directory.numbers(tag)[:3]
    if not ref or ref not in refs or not parts or not all(map(math.isfinite, parts)):
        return None
    degrees: float = sum(part / float(60**power) for power, part in enumerate(parts))
    if not 0 <= degrees <= limit or min(parts) < 0:
        return None
    return -degrees if ref == refs[1] else degrees


def _altitude(directory: Directory) -> float | None:
    heights, refs = directory.numbers(_ALTITUDE), directory.numbers(_ALTITUDE_REF)
    if not heights or not math.isfinite(heights[0]):
        return None
    below = bool(refs) and refs[0] in _BELOW_SEA
    return -float(heights[0]) if below else float(heights[0])
