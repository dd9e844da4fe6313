"""Dates in the names of files and folders, as cameras, phones and people write them. Guesses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from utils.metadata.capture_time import Moment, Times
from utils.metadata.photo_metadata import TakenAtSource

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # naive, as all times of photographs
_MAX_CHARACTERS = 300
_FOLDERS_UP = 4
_FIRST_YEAR = 1826  # the oldest photograph
_FIRST_COMPACT_YEAR = 1900  # eight digits in a row are something else more often

_SEPARATED = re.compile(r"(?<!\d)(\d{4})([-._ ])(\d{2})\2(\d{2})(?!\d)", re.ASCII)
_COMPACT = re.compile(r"(?<!\d)(\d{4})(\d{2})(\d{2})(?:(?=\d{6}(?:\d{3})?(?!\d))|(?!\d))", re.ASCII)
_CLOCK = re.compile(
    r"(?:[ T_,-]{0,3}|[ ,_]*(?:at|um|à|às|alle|om|kl\.?|klo|a las|в)[ _]+)"
    r"(\d{1,2})([-.:_h]?)(\d{2})(?:\2(\d{2})(?:[.,-]?(\d{3})(?!\d))?)?(?!\d)"
    r"(?:\s?([AaPp])\.?[Mm]\b)?"
)
_COUNTED = re.compile(r"(?:\d[-. ]|\d{7,}_)\Z", re.ASCII)
_MANY_DIGITS = re.compile(r"[-_. ]?\d{7,}", re.ASCII)
_SINCE_1970 = re.compile(
    r"(?:FB_IMG_|mmexport|wx_camera_|RPReplay_Final)(\d{10})(\d{3})?(?!\d)", re.ASCII
)
_HEX_RUN = re.compile(r"[0-9a-f]+", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PIXEL = re.compile(r"PXL_\d", re.ASCII)  # Google's phones write UTC, others their own clock

_MONTH = re.compile(r"(\d{4})(?:([-._ ])(\d{2})(?!\d)(?!\2\d)|(\d{2})_*\Z)", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_MONTH_NAMES = re.compile(
    r"jan|gen|ene|янв|feb|fév|fev|mar|mär|mrt|apr|avr|abr|may|mai|mei|mag|jun|giu|juin|jul|juil"
    r"|lug|aug|aoû|aou|ago|sep|set|oct|okt|ott|out|nov|dec|dez|dic|déc",
    re.IGNORECASE,
)
_PART = re.compile(r"(\d{1,2})(?:[-_. ]+(\D.*))?", re.ASCII | re.DOTALL)
# A folder that says when it was copied says nothing of its photographs.
_OF_A_COPY = re.compile(r"back-?up|takeout|export|import|sicherung|sauvegarde|sync", re.IGNORECASE)


class Precision(StrEnum):
    """How much of a time a name says."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class NamedDate:
    """What a name says: the start of its day or month where it says no more."""

    at: datetime
    precision: Precision
    offset_min: int | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in the day or month that is said."""
        if self.precision is Precision.MONTH:
            return (moment.year, moment.month) == (self.at.year, self.at.month)
        return self.precision is Precision.DAY and moment.date() == self.at.date()


def date_in_name(name: str, *, latest: datetime) -> NamedDate | None:
    """Of a file's name or a folder's; the first that can be one. Nothing after `latest` is."""
    return _date_in(_without_extension(name), latest)


def times_in_path(path: str, *, written: datetime | None, latest: datetime) -> Times:
    """What a file's name says, or else its folders' names.

    A day or a month in which the file was written says less than its own time, and is left out.
    """
    *folders, name = path.split("/")
    found = (
        (TakenAtSource.FILE_NAME, date_in_name(name, latest=latest)),
        (TakenAtSource.FOLDER_NAME, date_in_folders(folders, latest=latest)),
    )
    for source, named in found:
        if named is not None:
            if written is not None and named.holds(written):
                return ()
            return ((source, Moment(named.at, named.offset_min)),)
    return ()


def _date_in(text: str, latest: datetime) -> NamedDate | None:
    stem = unicodedata.normalize("NFC", text[:_MAX_CHARACTERS])
    if _UUID.search(stem):
        return None
    found = (*_counted_since_1970(stem), *_written(stem))
    return next((each for each in found if each.at <= latest), None)


def date_in_folders(folders: Sequence[str], *, latest: datetime) -> NamedDate | None:
    """Of the folders above a file, the nearest one last: `2019/07/04`, `2019-07 Italy`."""
    names = [unicodedata.normalize("NFC", name) for name in folders[-_FOLDERS_UP - 2 :]]
    for depth in range(len(names), max(0, len(names) - _FOLDERS_UP), -1):
        name = names[depth - 1]
        if _OF_A_COPY.search(name):
            continue
        found = _date_in(name, latest) or _month(name) or _nested(names[:depth])
        if found is not None and found.at <= latest:
            return found
    return None


def _without_extension(name: str) -> str:
    stem, dot, tail = name.rpartition(".")
    return stem if dot and stem and len(tail) <= 5 and not tail.isdigit() else name


def _counted_since_1970(stem: str) -> Iterator[NamedDate]:
    for found in _SINCE_1970.finditer(stem):
        moment = timedelta(seconds=int(found[1]), milliseconds=int(found[2] or 0))
        yield NamedDate(_EPOCH + moment, Precision.SECOND, 0)


def _written(stem: str) -> Iterator[NamedDate]:
    found = sorted(
        (*_SEPARATED.finditer(stem), *_COMPACT.finditer(stem)), key=lambda each: each.start()
    )
    for each in found:
        is_compact = each.re is _COMPACT
        year, month, day = (
            (each[1], each[2], each[3]) if is_compact else (each[1], each[3], each[4])
        )
        at = _at(int(year), int(month), int(day))
        if at is None or (is_compact and at.year < _FIRST_COMPACT_YEAR):
            continue
        timed = _timed(at, stem, each.end())
        if timed is not None:
            yield timed if _PIXEL.match(stem) is None else NamedDate(timed.at, timed.precision, 0)
        elif not is_compact or _stands_alone(stem, each.start(), each.end()):
            yield NamedDate(at, Precision.DAY)


def _at(year: int, month: int, day: int) -> datetime | None:
    if year < _FIRST_YEAR:
        return None
    try:
        return datetime(year, month, day)  # noqa: DTZ001  # the clock where the picture was taken
    except ValueError:
        return None


def _timed(day: datetime, stem: str, after: int) -> NamedDate | None:
    found = _CLOCK.match(stem, after)
    if found is None:
        return None
    hour, between, minute, second, fraction, half = found.groups()
    # Four digits or two numbers with a dash are a count or a span as often as a time.
    if second is None and (between not in (".", ":", "h") or found.start(1) == after):
        return None
    if not between and len(hour) != 2:
        return None
    hours = int(hour)
    if half is not None:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half in "pP" else 0)
    if hours > 23 or int(minute) > 59 or int(second or 0) > 59:
        return None
    moment = timedelta(
        hours=hours,
        minutes=int(minute),
        seconds=int(second or 0),
        milliseconds=int(fraction or 0),
    )
    return NamedDate(day + moment, Precision.MINUTE if second is None else Precision.SECOND)


def _stands_alone(stem: str, start: int, end: int) -> bool:
    """Whether eight digits are no part of a telephone number, an identifier or a hash."""
    if _COUNTED.search(stem, 0, start) or _MANY_DIGITS.match(stem, end):
        return False
    if start and stem[start - 1] == "+":
        return False
    return not any(
        run.start() <= start and run.end() >= end and len(run[0]) >= 12
        for run in _HEX_RUN.finditer(stem)
    )


def _month(name: str) -> NamedDate | None:
    found = _MONTH.match(name)
    at = _at(int(found[1]), int(found[3] or found[4]), 1) if found else None
    if found is None or at is None or (found[4] and at.year < _FIRST_COMPACT_YEAR):
        return None
    return NamedDate(at, Precision.MONTH)


def _nested(names: Sequence[str]) -> NamedDate | None:
    """Of `2019/07/04` and `2019/07 July`: a year alone is too little to be meant."""
    for count in (3, 2):
        year, *parts = names[-count:] if len(names) >= count else ("", "")
        numbers = [_part(part, is_month=index == 0) for index, part in enumerate(parts)]
        if _YEAR.fullmatch(year) is None or None in numbers:
            continue
        month, day = [number or 0 for number in (*numbers, 1)][:2]
        at = _at(int(year), month, day)
        if at is not None:
            return NamedDate(at, Precision.DAY if count == 3 else Precision.MONTH)
    return None


def _part(name: str, *, is_month: bool) -> int | None:
    """A month's or a day's number. Behind a month's only its name may stand: `01 Party` is none."""
    found = _PART.fullmatch(name)
    if found is None or (is_month and len(found[1]) < 2 and found[2]):
        return None
    if is_month and found[2] and _MONTH_NAMES.match(found[2]) is None:
        return None
    return int(found[1])
