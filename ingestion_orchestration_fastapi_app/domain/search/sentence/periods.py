"""Calendar periods as first and last day: years, months, weeks, seasons."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum

SEASON_MONTHS = 3
OLDEST = 1900  # no photograph of a person's own library is older


class Season(Enum):
    """Its first month in the north, by meteorologists' count."""

    SPRING = 3
    SUMMER = 6
    AUTUMN = 9
    WINTER = 12


@dataclass(frozen=True, slots=True)
class Period:
    """Both days belong to it. None: open on that side."""

    first: date | None
    last: date | None

    @property
    def first_day(self) -> date:
        """The oldest day that there is, where it is open."""
        return self.first or date.min

    @property
    def last_day(self) -> date:
        return self.last or date.max

    @property
    def begins(self) -> datetime | None:
        return None if self.first is None else datetime.combine(self.first, time.min)

    @property
    def ends(self) -> datetime | None:
        return None if self.last is None else datetime.combine(self.last, time.max)


def day(when: date) -> Period:
    return Period(when, when)


def month(year: int, number: int) -> Period:
    return Period(date(year, number, 1), date(year, number, monthrange(year, number)[1]))


def year_of(number: int) -> Period:
    return Period(date(number, 1, 1), date(number, 12, 31))


def week_of(when: date) -> Period:
    """Monday to Sunday."""
    first = when - timedelta(days=when.weekday())
    return Period(first, first + timedelta(days=6))


def weekend_of(when: date) -> Period:
    """Saturday and Sunday of its week."""
    saturday = week_of(when).first_day + timedelta(days=5)
    return Period(saturday, saturday + timedelta(days=1))


def months_before(when: date, count: int) -> Period:
    number = when.year * 12 + when.month - 1 - count
    return month(number // 12, number % 12 + 1)


def season(year: int, which: Season, *, southern: bool = False) -> Period:
    """That which begins in the year; a winter of the north goes on in the next."""
    first = (which.value + 6 - 1) % 12 + 1 if southern else which.value
    number = year * 12 + first - 1 + SEASON_MONTHS - 1
    return Period(date(year, first, 1), month(number // 12, number % 12 + 1).last)


def latest_season(today: date, which: Season, *, southern: bool, over: bool) -> Period:
    """The latest one that has begun, or that is `over`."""
    found = [season(today.year - back, which, southern=southern) for back in range(3)]
    return next(one for one in found if (one.last_day < today if over else one.first_day <= today))


def latest_month(today: date, number: int) -> Period:
    """The latest one of that name that is over."""
    return month(today.year - (number >= today.month), number)
