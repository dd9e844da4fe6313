"""What cameras of before EXIF wrote into segments of a JPEG: lines of text, fixed places."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from utils.metadata.capture_time import Moment, Times, parsed_moment, possible
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import number, one_line, positive
from utils.text.old_encodings import decoded_text

_FIELD = re.compile(rb"\b(TimeDate|Shutter|shtr|FNumber|Aperture|Type)=([^\r\n\0]{1,80})")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # these cameras count by their own wall clock
_QVCI_TIME, _QVCI_MODEL = slice(0x4D, 0x61), slice(0x62, 0x69)


def read_picture_info(segment: bytes) -> tuple[Metadata, Times]:
    """APP12 of Olympus, Agfa and others: a maker's name, then `name=value` lines."""
    found: dict[str, str] = {}
    for name, value in _FIELD.findall(segment):
        found.setdefault(name.decode().lower(), decoded_text(value).strip())
    microseconds = number(found.get("shutter") or found.get("shtr"))
    aperture = (found.get("fnumber") or found.get("aperture") or "").lstrip("Ff /")
    metadata = Metadata(
        aperture_f=positive(number(aperture), most=1000),
        exposure_s=positive(microseconds and microseconds / 1_000_000, most=100_000),
    )
    return metadata, _times(_moment(found.get("timedate", "")))


def read_qvci(segment: bytes) -> tuple[Metadata, Times]:
    """Casio's QV cameras: places in the segment."""
    text = decoded_text(segment[_QVCI_TIME].split(b"\0", 1)[0]).replace(".", ":")
    model = decoded_text(segment[_QVCI_MODEL].split(b"\0", 1)[0])
    day, clock = text[:10], text[11:]
    return Metadata(camera_model=one_line(model)), _times(parsed_moment(f"{day} {clock}"))


def _moment(text: str) -> Moment | None:
    if not text.isascii() or not text.isdigit():
        return parsed_moment(text)
    try:
        return possible(Moment(_EPOCH + timedelta(seconds=int(text[:12]))))
    except OverflowError:
        return None


def _times(when: Moment | None) -> Times:
    return () if when is None else ((TakenAtSource.DATE_TIME_ORIGINAL, when),)
