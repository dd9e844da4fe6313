"""The properties of Sigma's X3F: name and value, in UTF-16."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta

from utils.metadata.capture_time import Moment, Times, possible
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import number, one_line, positive

_HEAD = struct.Struct("<4s5I")  # SECp, version, count, encoding, reserved, length in letters
_MAX_PROPERTIES, _MAX_LETTERS, _MAX_VALUE = 256, 65_536, 200
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the camera counts by its own wall clock


def read_x3f(section: bytes) -> tuple[Metadata, Times]:
    """As far as it can be read; never raises."""
    found = _properties(section)
    iso = positive(number(found.get("ISO")), most=10_000_000)
    metadata = Metadata(
        camera_make=one_line(found.get("CAMMANUF")),
        camera_model=one_line(found.get("CAMMODEL")),
        focal_length_mm=positive(number(found.get("FLENGTH")), most=100_000),
        aperture_f=positive(number(found.get("APERTURE")), most=1000),
        exposure_s=positive(number(found.get("SHUTTER")), most=100_000),
        iso=None if iso is None else round(iso) or None,
    )
    seconds = number(found.get("TIME")) or 0
    when = Moment(_EPOCH + timedelta(seconds=seconds)) if 0 < seconds < 2**33 else None
    if when is None or possible(when) is None:
        return metadata, ()
    return metadata, ((TakenAtSource.DATE_TIME_ORIGINAL, when),)


def _properties(section: bytes) -> dict[str, str]:
    if len(section) < _HEAD.size or not section.startswith(b"SECp"):
        return {}
    _, _, count, encoding, _, letters = _HEAD.unpack_from(section)
    start = _HEAD.size + 8 * count
    if encoding or count > _MAX_PROPERTIES or start > len(section):
        return {}
    text = section[start : start + 2 * min(letters, _MAX_LETTERS)]
    pairs = struct.iter_unpack("<2I", section[_HEAD.size : start])
    return {_word(text, name): _word(text, value) for name, value in pairs}


def _word(text: bytes, at: int) -> str:
    """From this letter to the next NUL."""
    part = text[2 * at : 2 * (at + _MAX_VALUE)]
    return part[: len(part) & ~1].decode("utf-16-le", "replace").split("\0", 1)[0]
