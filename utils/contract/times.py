"""Times without a zone: the camera's wall clock, whole or as far as somebody wrote it."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[Tt ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,40}))?)?"
    r"(?:[Zz]|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)
_EXPECTED = (
    "write a year, a month, a day or a time, as text: "
    "2019, 2019-05, 2019-05-03 or 2019-05-03T14:30:00"
)


def first_moment(written: object) -> datetime:
    """`2019` begins with its first microsecond. An offset is dropped. Raises ValueError."""
    return _moment(written, last=False)


def last_moment(written: object) -> datetime:
    """`2019` ends with its last microsecond. An offset is dropped. Raises ValueError."""
    return _moment(written, last=True)


def _moment(written: object, *, last: bool) -> datetime:
    if isinstance(written, datetime):
        return written.replace(tzinfo=None)
    found = _WRITTEN.fullmatch(written) if isinstance(written, str) else None
    if found is None:  # numbers, too: whether 2030 is a year or seconds, nobody could tell
        raise ValueError(_EXPECTED)
    parts = {name: int(text) for name, text in found.groupdict().items() if text is not None}
    if not parts["year"]:  # it exists for RFC 3339, and no picture is older than it
        return datetime.min  # noqa: DTZ901  # as below
    month = parts.get("month", 12 if last else 1)
    fraction = found["fraction"] or ("999999" if last else "0")
    if not 1 <= month <= 12:
        raise ValueError(_EXPECTED)
    last_day = calendar.monthrange(parts["year"], month)[1]
    try:
        return datetime(  # noqa: DTZ001  # a camera's clock has no zone
            parts["year"],
            month,
            parts.get("day", last_day if last else 1),
            parts.get("hour", 23 if last else 0),
            parts.get("minute", 59 if last else 0),
            parts.get("second", 59 if last else 0),
            int(fraction[:6].ljust(6, "0")),
        )
    except ValueError as exc:
        raise ValueError(f"there is no such time; {_EXPECTED}") from exc


def _day(written: object) -> date:
    """`2019-05-03`. Raises ValueError."""
    if isinstance(written, date) and not isinstance(written, datetime):
        return written
    if not isinstance(written, str) or _WRITTEN_DAY.fullmatch(written) is None:
        raise ValueError(_EXPECTED_DAY)
    try:
        return date.fromisoformat(written)
    except ValueError as exc:
        raise ValueError(f"there is no such day; {_EXPECTED_DAY}") from exc


_WRITTEN_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EXPECTED_DAY = "write a day, as text: 2019-05-03"
# Exactly the days that there are, since no format of JSON Schema means a time without an offset.
_YEAR = "[1-9][0-9]{3}"
_LEAP = "([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26]|1[26])00)"
_DAY = (
    f"({_LEAP}-02-29|{_YEAR}-(02-(0[1-9]|1[0-9]|2[0-8])"
    "|(0[13-9]|1[0-2])-(0[1-9]|[12][0-9]|30)|(0[13578]|1[02])-31))"
)
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
_WRITTEN_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": f"^{_YEAR}$"},
        {"type": "string", "pattern": f"^{_YEAR}-(0[1-9]|1[0-2])$"},
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time-local", "pattern": f"^{_DAY}T{_TIME}$"},
        {"type": "string", "format": "date-time"},
    ],
    "examples": ["2019", "2019-05", "2019-05-03", "2019-05-03T14:30:00"],
}
SinceTime = Annotated[datetime, BeforeValidator(first_moment), WithJsonSchema(_WRITTEN_SCHEMA)]
Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2019-05-03"]}),
]
UntilTime = Annotated[datetime, BeforeValidator(last_moment), WithJsonSchema(_WRITTEN_SCHEMA)]
# Not `date-time`: RFC 3339 wants an offset, and a camera's clock has none.
WallClock = Annotated[
    datetime,
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time-local",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?$",
            "examples": ["2009-09-14T11:08:06"],
        }
    ),
]


class TakenAtSource(StrEnum):
    """Where the time that a picture was taken comes from: this is the order of trust.

    From `MODIFY_DATE` on they are guesses: when something was written, not when it was taken.
    """

    DATE_TIME_ORIGINAL = "date_time_original"
    CREATE_DATE = "create_date"
    XMP = "xmp"
    IPTC = "iptc"
    GPS = "gps"
    TAKEOUT = "takeout"
    MODIFY_DATE = "modify_date"  # EXIF's DateTime, XMP's ModifyDate
    PNG = "png"
    FILE_NAME = "file_name"
    FOLDER_NAME = "folder_name"
    FILE_MTIME = "file_mtime"
