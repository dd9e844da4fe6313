"""Where a picture was taken: as EXIF numbers it, or as text ("39,6.9N", "39 deg 6' N")."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import takewhile

from utils.containers.tiff import Directory

PLACE_TAGS = range(1, 7)
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _ALTITUDE_REF, _ALTITUDE = PLACE_TAGS

_BELOW_SEA = (1, 3)
_LETTER = re.compile(r"(?<![A-Za-z])(north|south|east|west|[NSEW])(?![A-Za-z])", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_SIGNED = re.compile(r"[+-]?\d{1,3}\.\d+|[+-]\d{1,3}", re.ASCII)  # a sign or a fraction: no parts
_UNITS = re.compile(r"deg(?:rees)?|min|sec|[\s°º'’′\"”″,;:/]+", re.IGNORECASE)
_MAX_TEXT = 64


def degrees_of_text(text: str, *, is_latitude: bool, ref: str = "") -> float | None:
    """South and west negative; None where no hemisphere is named, in the text, by `ref` or a sign.

    A guess would put half of the world elsewhere. A bare decimal ("39.115") is its own sign.
    """
    text = text.strip()[:_MAX_TEXT]
    letter = _LETTER.search(text)
    rest = _LETTER.sub(" ", text)
    parts = _NUMBER.findall(rest)
    if not 1 <= len(parts) <= 3 or _UNITS.sub("", _NUMBER.sub("", rest)):
        return None
    side = (letter[1] if letter else ref.strip())[:1].upper()
    named = side in (("N", "S") if is_latitude else ("E", "W"))
    if not named and (side or _SIGNED.fullmatch(rest.strip()) is None):
        return None
    numbers = [float(part) for part in parts]
    if any(number < 0 for number in numbers[1:]) or any(number >= 60 for number in numbers[1:]):
        return None
    degrees: float = sum(abs(number) / float(60**power) for power, number in enumerate(numbers))
    if degrees > (90 if is_latitude else 180):
        return None
    negative = parts[0].startswith("-") or side in ("S", "W")
    return -degrees if negative else degrees


def place_of(
    directories: Sequence[Directory],
) -> tuple[float | None, float | None, float | None]:
    """Latitude, longitude, altitude in metres; 0° N 0° E is where a receiver without a fix is."""
    for each in directories:
        latitude = _degrees(each, _LATITUDE_REF, _LATITUDE)
        longitude = _degrees(each, _LONGITUDE_REF, _LONGITUDE)
        if latitude is not None and longitude is not None and (latitude or longitude):
            return latitude, longitude, _altitude_m(each)
    return None, None, None


def _degrees(directory: Directory, ref_tag: int, tag: int) -> float | None:
    ref = (directory.text(ref_tag) or "").upper()[:1]
    is_latitude = tag == _LATITUDE
    written = directory.text(tag)
    if written is not None:
        return degrees_of_text(written, is_latitude=is_latitude, ref=ref)
    parts = directory.numbers(tag)[:3]
    if not ref or ref not in ("NS" if is_latitude else "EW") or not parts:
        return None
    known = list(takewhile(math.isfinite, map(float, parts)))  # seconds are often never filled in
    if not known or min(known[1:], default=0.0) < 0:
        return None
    if len(known) == 1 < len(parts) and known[0].is_integer():
        return None  # 111 km are no place
    degrees: float = sum(abs(part) / float(60**power) for power, part in enumerate(known))
    if degrees > (90 if is_latitude else 180):
        return None
    return -degrees if ref in "SW" or known[0] < 0 else degrees


def _altitude_m(directory: Directory) -> float | None:
    heights, refs = directory.numbers(_ALTITUDE), directory.numbers(_ALTITUDE_REF)
    if not heights or not math.isfinite(heights[0]):
        return None
    below = bool(refs) and refs[0] in _BELOW_SEA
    return -float(heights[0]) if below else float(heights[0])
