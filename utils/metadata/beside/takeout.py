"""Google Takeout's JSON beside a photograph: when, where, and what its owner said of it."""

from __future__ import annotations

import html
import json
import math
import re
from datetime import datetime, timedelta

from utils.imaging.formats import has_image_extension
from utils.metadata.capture_time import Moment, Times
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import many_lines, one_line

MAX_TAKEOUT_BYTES = 256 * 1024  # a real one has 1 to 5 KiB
_MAX_DEPTH = 30
_BRACKETS = re.compile(rb"[][{}]")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # naive, as all times of photographs
_FIRST_YEAR = 1826
# Files of other programs have such names, too: of these keys Google's always have one.
_ITS_KEYS = frozenset({"photoTakenTime", "geoData", "googlePhotosOrigin"})


def is_json(data: bytes) -> bool:
    """Whether a file beside a photograph is JSON rather than XMP."""
    return data[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def read_takeout(data: bytes) -> tuple[Metadata, Times] | None:
    """None where it is not Google's, or too large or too deep to be. Never raises."""
    said = _parsed(data)
    if said is None or not _ITS_KEYS & said.keys():
        return None
    latitude, longitude, altitude = (
        _place(said.get("geoData")) or _place(said.get("geoDataExif")) or (None, None, None)
    )
    title = one_line(_text(said.get("title")))
    metadata = Metadata(
        latitude=latitude,
        longitude=longitude,
        altitude_m=altitude,
        # Where nobody gave it a title it has the file's name for one.
        title=None if title is None or has_image_extension(title) else title,
        description=many_lines(_text(said.get("description"))),
        favourite=True if said.get("favorited") is True else None,
    )
    taken = _moment(said.get("photoTakenTime"))
    return metadata, () if taken is None else ((TakenAtSource.TAKEOUT, taken),)


def _parsed(data: bytes) -> dict[str, object] | None:
    if len(data) > MAX_TAKEOUT_BYTES or _is_deep(data):
        return None
    try:
        said = json.loads(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _is_deep(data: bytes) -> bool:
    """By its brackets, those in texts included: what is deep is refused before it is parsed."""
    depth = 0
    for bracket in _BRACKETS.findall(data):
        depth += 1 if bracket in b"{[" else -1
        if depth > _MAX_DEPTH:
            return True
    return False


def _text(value: object) -> str | None:
    """Google writes some signs as HTML does."""
    return html.unescape(value) if isinstance(value, str) else None


def _moment(value: object) -> Moment | None:
    """UTC; 0 stands for unknown."""
    said = value.get("timestamp") if isinstance(value, dict) else None
    if isinstance(said, bool) or not isinstance(said, str | int) or len(str(said)[:20]) > 15:
        return None
    try:
        seconds = int(said)
        at = _EPOCH + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return None
    return Moment(at, 0) if seconds and at.year >= _FIRST_YEAR else None


def _place(value: object) -> tuple[float, float, float | None] | None:
    """0, 0 stands for unknown, and so does a height of 0."""
    if not isinstance(value, dict):
        return None
    latitude, longitude = _number(value.get("latitude")), _number(value.get("longitude"))
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return latitude, longitude, _number(value.get("altitude")) or None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
