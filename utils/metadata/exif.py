"""EXIF (and TIFF, DNG, most RAW) directories as metadata."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from utils.containers.byte_source import ByteSource
from utils.containers.tiff import (
    IPTC,
    MAKER_NOTE,
    PHOTOSHOP,
    XMP,
    Directory,
    Number,
    bytes_reader,
    tiff_structure,
)
from utils.metadata.capture_time import Times, clock_of, gps_moment, parsed_moment
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.place import PLACE_TAGS, place_of
from utils.metadata.text import (
    exposure_of_apex,
    f_number_of_apex,
    keywords,
    lens_range,
    many_lines,
    number,
    one_line,
    positive,
    rating,
    stars_of_percent,
)
from utils.text.old_encodings import decoded_text

_DESCRIPTION, _MAKE, _MODEL, _SOFTWARE, _EXIF_IFD, _GPS_IFD = 270, 271, 272, 305, 34665, 34853
_BELOW = (_EXIF_IFD, _GPS_IFD)
ORIENTATION = 274
_RATING, _RATING_PERCENT = 18246, 18249
_XP_TITLE, _XP_COMMENT, _XP_KEYWORDS, _XP_SUBJECT = 40091, 40092, 40094, 40095
_USER_COMMENT, _TITLE = 37510, 42038
_EXPOSURE, _APERTURE, _FLASH, _FOCAL_LENGTH, _LENS = 33434, 33437, 37385, 37386, 42036
_LENS_RANGE, _DNG_LENS_RANGE = 42034, 50736
_APEX_EXPOSURE, _APEX_APERTURE = 37377, 37378
_ISO, _STANDARD_ISO, _RECOMMENDED_ISO, _ISO_SPEED = 34855, 34865, 34866, 34867
_ISO_BEYOND = 65535  # the 16 bits of `_ISO` are full: the real one stands in another tag
_PANASONIC_ISO = (23, 55)  # of a RW2's main directory
_TIMES = (  # time, offset, part of a second
    (TakenAtSource.DATE_TIME_ORIGINAL, 36867, 36881, 37521),
    (TakenAtSource.CREATE_DATE, 36868, 36882, 37522),
    (TakenAtSource.MODIFY_DATE, 306, 36880, 37520),
)
_GPS_CLOCK, _GPS_DAY = 7, 29
_READ = frozenset(  # no other tag costs anything
    (
        *(_DESCRIPTION, _MAKE, _MODEL, _SOFTWARE, _EXIF_IFD, _GPS_IFD, _RATING, _RATING_PERCENT),
        *(_XP_TITLE, _XP_COMMENT, _XP_KEYWORDS, _XP_SUBJECT, _USER_COMMENT, _TITLE),
        *(_EXPOSURE, _APERTURE, _FLASH, _FOCAL_LENGTH, _LENS, _LENS_RANGE, _DNG_LENS_RANGE),
        *(_APEX_EXPOSURE, _APEX_APERTURE, _ISO, _STANDARD_ISO, _RECOMMENDED_ISO, _ISO_SPEED),
        *(tag for _, *tags in _TIMES for tag in tags),
        *(_GPS_CLOCK, _GPS_DAY, *PLACE_TAGS, *_PANASONIC_ISO),
        *(ORIENTATION, MAKER_NOTE, XMP, IPTC, PHOTOSHOP),
    )
)
_MOST_ISO = 2**31 - 1
_MAX_COMMENT_BYTES = 20_000
# What phones and programs keep there for themselves: objects, lists of settings, lone words.
_FOR_MACHINES = re.compile(r"\s*[{\[<]|.*\w\s*[:=][^;\n]*;\s*\w+\s*[:=]")
_JUDGED_CHARACTERS = 1000  # whether a machine wrote them: it takes the square of the time
_TWO_LETTERS = re.compile(r"\w\w")

# What cameras write where a person's words belong.
NO_DESCRIPTIONS = frozenset(
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
    first = tiff.first(blocks=True, only=_READ) if tiff else None
    if tiff is None or first is None:
        return []
    below = (tiff.subdirectories(first, tag, most=2, only=_READ) for tag in _BELOW)
    return [first, *(each for some in below for each in some)]


def read_exif(directories: Sequence[Directory]) -> tuple[Metadata, Times]:
    """The first value of each kind that makes sense."""
    found = _Values(directories)
    latitude, longitude, altitude_m = place_of(directories)
    fired = found.number(_FLASH)
    stars = rating(found.number(_RATING))
    metadata = Metadata(
        camera_make=one_line(found.text(_MAKE)),
        camera_model=one_line(found.text(_MODEL)),
        lens=one_line(found.text(_LENS)) or _lens_range(found),
        focal_length_mm=positive(found.number(_FOCAL_LENGTH), most=100_000),
        aperture_f=positive(found.number(_APERTURE), most=1000)
        or f_number_of_apex(found.number(_APEX_APERTURE)),
        exposure_s=positive(found.number(_EXPOSURE), most=10_000_000)
        or exposure_of_apex(found.number(_APEX_EXPOSURE)),
        iso=_iso(found),
        flash_fired=None if fired is None else int(fired) & 1 == 1,
        latitude=latitude,
        longitude=longitude,
        altitude_m=altitude_m,
        rating=stars if stars is not None else stars_of_percent(found.number(_RATING_PERCENT)),
        title=one_line(found.wide_text(_XP_TITLE) or found.text(_TITLE)),
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
        """The first of the tag's numbers that is finite; some writers put it as text."""
        for each in self.directories:
            value = each.values.get(tag)
            if isinstance(value, bytes):
                written = number(each.text(tag))
                if written is not None:
                    return written
            elif value and math.isfinite(value[0]):
                return float(value[0])
        return None

    def main_numbers(self, tag: int) -> tuple[Number, ...]:
        """Of the main directory alone: below, the tag may mean something else."""
        return self.directories[0].numbers(tag) if self.directories else ()

    def wide_text(self, tag: int) -> str | None:
        """What Windows writes: UTF-16 in a list of bytes."""
        for each in self.directories:
            value = each.values.get(tag)
            if isinstance(value, tuple) and all(type(n) is int and 0 <= n < 256 for n in value):
                value = bytes(int(n) for n in value)
            if isinstance(value, bytes):
                return value.decode("utf-16-le", "replace").split("\0", 1)[0]
        return None


def _lens_range(found: _Values) -> str | None:
    """Focal lengths and f-numbers, where the lens has no name."""
    for tag in (_LENS_RANGE, _DNG_LENS_RANGE):
        for each in found.directories:
            numbers = each.numbers(tag)
            if len(numbers) == 4 and (text := lens_range(*numbers)):
                return text
    return None


def _iso(found: _Values) -> int | None:
    iso = found.number(_ISO)
    if iso is None or not 0 < iso < _ISO_BEYOND:
        others = (_RECOMMENDED_ISO, _ISO_SPEED, _STANDARD_ISO)
        iso = next((more for tag in others if (more := found.number(tag))), iso)
    if iso is None:
        iso = next(
            (float(n) for tag in _PANASONIC_ISO for n in found.main_numbers(tag) if n),
            None,
        )
    kept = positive(iso, most=_MOST_ISO)
    return None if kept is None else round(kept) or None


def _description(found: _Values) -> str | None:
    written = (
        decoded_text(value.split(b"\0", 1)[0])
        for each in found.directories
        if isinstance(value := each.values.get(_DESCRIPTION), bytes)
    )
    wide = (found.wide_text(tag) for tag in (_XP_COMMENT, _XP_SUBJECT))
    comments = (
        _comment(value)
        for each in found.directories
        if isinstance(value := each.values.get(_USER_COMMENT), bytes)
    )
    for kind in (written, wide, comments):
        for text in map(many_lines, kind):
            if text is not None and text.lower() not in NO_DESCRIPTIONS:
                return text
    return None


def _comment(value: bytes) -> str | None:
    """Eight bytes for the encoding, then the text; None where no person can have written it."""
    code, text = value[:8].rstrip(b"\0 ").upper(), value[8:_MAX_COMMENT_BYTES]
    if code == b"UNICODE":
        # The byte order is the file's, or the writer's: text has its zeros in the high bytes.
        big = text[::2].count(0) > text[1::2].count(0)
        said = text.decode("utf-16-be" if big else "utf-16-le", "replace").split("\0", 1)[0]
    elif code == b"JIS":
        said = text.decode("iso2022_jp", "replace")
    elif code in (b"", b"ASCII"):
        said = decoded_text(text.split(b"\0", 1)[0])
    else:
        said = decoded_text(value[:_MAX_COMMENT_BYTES].split(b"\0", 1)[0])
    is_text = all(c.isprintable() or c in "\r\n\t" for c in said) and "\ufffd" not in said
    words = sum(_TWO_LETTERS.search(word) is not None for word in said.split())
    is_meant = words >= 2 and _FOR_MACHINES.match(said, 0, _JUDGED_CHARACTERS) is None
    return said if is_text and is_meant else None


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
        (
            TakenAtSource.GPS,
            gps_moment(day, each.numbers(_GPS_CLOCK) or clock_of(each.text(_GPS_CLOCK))),
        )
        for each in directories
        if (day := each.text(_GPS_DAY))
    ]
    return tuple((source, when) for source, when in times if when is not None)
