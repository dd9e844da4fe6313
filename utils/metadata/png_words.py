"""What the texts and the time of a PNG say: title, description, and when it was made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from utils.metadata.capture_time import Moment, Times, offset_min, parsed_moment, possible
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import keywords, many_lines, one_line
from utils.text.old_encodings import decoded_text

_CREATED = b"creation time"
WORDS = frozenset(
    (b"title", b"description", b"keywords", b"comment", b"software", b"make", b"model", _CREATED)
)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_CLOCK = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:\s*([AP])\.?M\b)?", re.ASCII | re.IGNORECASE
)
_ZONE = re.compile(r"\s+(Z|GMT|UTC|UT|[+-]\d{2}:?\d{2})\b", re.ASCII | re.IGNORECASE)
_NAMED = "|".join(_MONTHS)
_DAYS = (  # day and month by name, year
    re.compile(
        rf"\b(?P<d>\d{{1,2}})[ -](?P<m>{_NAMED})[a-z]*[ -]?(?P<y>\d{{4}})\b", re.I | re.ASCII
    ),
    re.compile(
        rf"\b(?P<m>{_NAMED})[a-z]*\.? +(?P<d>\d{{1,2}}),? +(?P<y>\d{{4}})\b", re.I | re.ASCII
    ),
    re.compile(  # as C's asctime has it, with or without a zone
        rf"\b(?P<m>{_NAMED}) +(?P<d>\d{{1,2}}) +[\d:]+ +(?:[A-Z]+ +)?(?P<y>\d{{4}})\b",
        re.I | re.ASCII,
    ),
)
_MAX_DATE = 100


def read_png_words(texts: Sequence[bytes], stamps: Sequence[bytes]) -> tuple[Metadata, Times]:
    """Of `keyword NUL value`, the first of each; and of the time chunks."""
    found: dict[bytes, str] = {}
    for text in texts:
        keyword, _, value = text.partition(b"\0")
        found.setdefault(keyword, decoded_text(value))
    metadata = Metadata(
        camera_make=one_line(found.get(b"make")),
        camera_model=one_line(found.get(b"model")),
        title=one_line(found.get(b"title")),
        description=many_lines(found.get(b"description") or found.get(b"comment")),
        keywords=keywords(re.split("[,;]", found.get(b"keywords", ""))),
        software=one_line(found.get(b"software")),
    )
    moments = [written_date(found.get(_CREATED, "")), *map(_stamp, stamps)]
    return metadata, tuple((TakenAtSource.PNG, when) for when in moments if when is not None)


def written_date(text: str) -> Moment | None:
    """As EXIF, ISO 8601 or RFC 1123 write it, or with the month's name in any usual order."""
    text = text.strip()[:_MAX_DATE]
    known = parsed_moment(text)
    if known is not None:
        return known
    day = next((found for form in _DAYS if (found := form.search(text))), None)
    if day is None:
        return None
    clock = _CLOCK.search(text)
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3]) if clock else (0, 0, 0)
    half = (clock[4] or "").upper() if clock else ""
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "P" else 0)
    zone = _ZONE.match(text, clock.end()) if clock else None
    name = zone[1].upper() if zone else ""
    try:
        at = datetime(int(day["y"]), _MONTHS[day["m"].lower()], int(day["d"]), hour, minute, second)  # noqa: DTZ001  # a wall clock
    except ValueError:
        return None
    return possible(Moment(at, offset_min("Z" if name.isalpha() and name else name)))


def _stamp(chunk: bytes) -> Moment | None:
    """Year in two bytes, month, day, hour, minute, second; in UTC."""
    if len(chunk) < 7:
        return None
    try:
        year, (month, day, hour, minute, second) = int.from_bytes(chunk[:2]), chunk[2:7]
        at = datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001  # naive, as all times here
    except ValueError:
        return None
    return possible(Moment(at, 0))
