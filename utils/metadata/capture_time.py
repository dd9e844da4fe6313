"""Times as cameras and programs write them, and which of several counts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from utils.metadata.photo_metadata import TakenAtSource

_MOMENT = re.compile(
    r"\s*(\d{4})[:/.-](\d{1,2})[:/.-](\d{1,2})"
    r"(?:(?:\s+|T)(\d{1,2}):\s?(\d{1,2})(?::\s?(\d{1,2})(?:[.,](\d+))?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)Z?", re.ASCII)
_OFFSET = re.compile(r"\s*(?:(Z)|([+-])(\d{2}):?(\d{2}))", re.ASCII)
_FURTHEST_OFFSET_MIN = 14 * 60
_FIRST_PHOTOGRAPH = 1826  # what is older is a clock that was never set
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # naive, as all times here


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall clock, and its offset from UTC where that is known."""

    at: datetime
    offset_min: int | None = None


Times = tuple[tuple[TakenAtSource, Moment], ...]


def most_trusted(
    times: Iterable[tuple[TakenAtSource, Moment]],
) -> tuple[TakenAtSource, Moment] | None:
    """By the order of the sources; the earlier of two from one source."""
    ranks = {source: rank for rank, source in enumerate(TakenAtSource)}
    return min(times, key=lambda found: ranks[found[0]], default=None)


def parsed_moment(text: str, *, fraction: str = "", offset: str = "") -> Moment | None:
    """Reads EXIF ("2021:03:04 12:00:05") and ISO 8601. A date without a time is midnight.

    `fraction` (digits of a second's part) and `offset` ("+02:00") are separate fields in EXIF.
    """
    found = _MOMENT.match(text)
    if found is None:
        return None
    parts, zone = found.groups()[:6], found[8]
    digits = found[7] or _digits(fraction)
    try:
        at = datetime(*(int(part or 0) for part in parts))  # type: ignore[arg-type]  # noqa: DTZ001  # six numbers; no zone is meant
    except ValueError:  # all zeros, the 31st of February
        return None
    part = int(digits[:6].ljust(6, "0"))
    return possible(Moment(at.replace(microsecond=part), offset_min(zone or offset)))


def possible(moment: Moment) -> Moment | None:
    return moment if moment.at.year >= _FIRST_PHOTOGRAPH else None


def offset_min(text: str) -> int | None:
    found = _OFFSET.match(text)
    if found is None:
        return None
    if found[1]:
        return 0
    minutes = int(found[3]) * 60 + int(found[4])
    if minutes > _FURTHEST_OFFSET_MIN or int(found[4]) > 59:
        return None
    return -minutes if found[2] == "-" else minutes


def gps_moment(day: str, clock: Sequence[float]) -> Moment | None:
    """UTC, from a date and hours, minutes, seconds."""
    at_midnight = parsed_moment(day)
    if at_midnight is None or len(clock) < 3 or not all(map(math.isfinite, clock[:3])):
        return None
    hours, minutes, seconds = clock[:3]
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds < 61):
        return None
    start = datetime.combine(at_midnight.at.date(), datetime.min.time())
    try:
        at = start + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return None
    return Moment(at, 0)


def clock_of(text: str | None) -> tuple[float, ...]:
    """Of "12:34:56.5", which some write in place of three numbers."""
    found = _CLOCK.fullmatch((text or "").strip())
    return tuple(map(float, found.groups())) if found else ()


def file_moment(mtime_ns: int) -> Moment | None:
    """UTC; None for what no calendar holds."""
    try:
        return Moment(_EPOCH + timedelta(microseconds=mtime_ns // 1000), 0)
    except OverflowError:
        return None


def _digits(text: str) -> str:
    found = re.match(r"\d+", text, re.ASCII)
    return found[0] if found else ""
