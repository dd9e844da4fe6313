"""What a date in a sentence means: of each rule, how what its pattern found is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from ingestion_orchestration_fastapi_app.domain.search.function_words import FUNCTION_WORDS
from ingestion_orchestration_fastapi_app.domain.search.sentence import periods
from ingestion_orchestration_fastapi_app.domain.search.sentence.date_words import (
    COUNTS,
    MONTHS,
    SEASONS,
    UNITS,
    words_of,
)
from ingestion_orchestration_fastapi_app.domain.search.sentence.periods import Period
from ingestion_orchestration_fastapi_app.domain.search.sentence.years import is_a_year


@dataclass(frozen=True, slots=True)
class Found:
    """What a pattern found. `southern`: whose seasons are meant."""

    match: re.Match[str]
    today: date
    southern: bool

    def __getitem__(self, group: str) -> str | None:
        groups = self.match.groupdict()
        found = groups.get(group) or groups.get(f"{group}2")
        return found and found.lower()

    def number(self, group: str) -> int:
        return int(self[group] or 0)

    @property
    def short_year(self) -> int:
        """The latest that ends in these two digits."""
        this = self.today.year
        return this - (this - self.number("short")) % 100

    @property
    def month(self) -> int:
        return MONTHS[self["month"] or ""]

    @property
    def count(self) -> int:
        written = self["count"] or ""
        return int(written) if written.isdecimal() else COUNTS[written]

    @property
    def unit(self) -> str:
        return UNITS[self["unit"] or ""]


def numeric_day(found: Found) -> Period | None:
    return periods.day(date(found.number("year"), found.number("m"), found.number("d")))


def numeric_month(found: Found) -> Period | None:
    return periods.month(found.number("year"), found.number("m"))


def short_numeric_day(found: Found) -> Period | None:
    return periods.day(date(found.short_year, found.number("m"), found.number("d")))


def written_day(found: Found) -> Period | None:
    return periods.day(date(found.number("year"), found.month, found.number("d")))


def years(found: Found) -> Period | None:
    first, last = found.number("year"), found.number("until")
    if first >= last or last > found.today.year or last - first > 50:
        return None
    return Period(periods.year_of(first).first, periods.year_of(last).last)


def season_of_year(found: Found) -> Period | None:
    year, until = found.number("year"), found["until"]
    if until is not None and int(until[-2:]) != (year + 1) % 100:
        return None
    return periods.season(year, SEASONS[found["season"] or ""], southern=found.southern)


def season_of_short_year(found: Found) -> Period | None:
    which = SEASONS[found["season"] or ""]
    return periods.season(found.short_year, which, southern=found.southern)


def season(found: Found) -> Period | None:
    which = SEASONS[found["season"] or ""]
    over = found["last"] is not None
    if _COUNTS_THINGS.match(found.match[0]) and _names_a_thing(found.match):
        return None
    return periods.latest_season(found.today, which, southern=found.southern, over=over)


_COUNTS_THINGS = re.compile(r"(?:the|der|die|das)\s", re.IGNORECASE)
_NO_THINGS = FUNCTION_WORDS | words_of("before after near during since until while")
_NEXT_WORD = re.compile(r"\s+(\w+)")


def _names_a_thing(match: re.Match[str]) -> bool:
    """The last summer dress, but not the last summer with her."""
    following = _NEXT_WORD.match(match.string, match.end())
    return following is not None and following[1].lower() not in _NO_THINGS


def season_by_year(found: Found) -> Period | None:
    year = found.today.year - (found["last"] is not None)
    return periods.season(year, SEASONS[found["season"] or ""], southern=found.southern)


def month_of_year(found: Found) -> Period | None:
    return periods.month(found.number("year"), found.month)


def month_of_short_year(found: Found) -> Period | None:
    return periods.month(found.short_year, found.month)


def months(found: Found) -> Period | None:
    last_year = found.number("until")
    first = periods.month(found.number("year") or last_year, found.month)
    last = periods.month(last_year, MONTHS[found["until_month"] or ""])
    if first.first_day >= last.first_day or last.first_day > found.today:
        return None
    return Period(first.first, last.last)


def month_by_year(found: Found) -> Period | None:
    return periods.month(found.today.year - (found["last"] is not None), found.month)


def month(found: Found) -> Period | None:
    return periods.latest_month(found.today, found.month)


def unit(found: Found) -> Period | None:
    """The one before this, or this one."""
    back = int(found["last"] is not None)
    return None if found.unit == "day" else _back(found, back)


def ago(found: Found) -> Period | None:
    return None if found.unit == "weekend" else _back(found, found.count)


def _back(found: Found, count: int) -> Period:
    today = found.today
    if found.unit == "day":
        return periods.day(today - timedelta(days=count))
    if found.unit == "week":
        return periods.week_of(today - timedelta(weeks=count))
    if found.unit == "weekend":
        return periods.weekend_of(today - timedelta(weeks=count))
    if found.unit == "month":
        return periods.months_before(today, count)
    return periods.year_of(today.year - count)


def latest(found: Found) -> Period | None:
    """The last three weeks: until today."""
    if found.unit == "weekend":
        return None
    count, today = found.count, found.today
    if found.unit == "year":
        first = date(today.year - count, today.month, min(today.day, 28))
    elif found.unit == "month":
        first = periods.months_before(today, count).first_day.replace(day=min(today.day, 28))
    else:
        first = today - timedelta(days=count * (7 if found.unit == "week" else 1))
    return Period(first, today)


def day_word(found: Found) -> Period | None:
    word = found["word"] or ""
    back = {"today": 0, "heute": 0, "yesterday": 1, "gestern": 1}.get(word, 2)
    return periods.day(found.today - timedelta(days=back))


def open_ended(found: Found) -> Period | None:
    number = found.number("year")
    if not is_a_year(found.match.string, found.match.span("year"), found.today, is_said=True):
        return None
    year = periods.year_of(number)
    word = found["open"]
    if word in ("since", "seit", "from", "von", "ab"):
        return Period(year.first, None)
    if word in ("after", "nach"):
        return Period(year.last_day + timedelta(days=1), None)
    if word in ("before", "vor"):
        return Period(None, year.first_day - timedelta(days=1))
    return Period(None, year.last)


def year(found: Found) -> Period | None:
    text, span = found.match.string, found.match.span("year")
    before = text[found.match.start() : span[0]]
    if not is_a_year(text, span, found.today, is_said=_SAYS_A_YEAR.search(before) is not None):
        return None
    return periods.year_of(found.number("year"))


_SAYS_A_YEAR = re.compile(
    r"\b(?:in|im|from|during|vom|von|aus|seit|year|jahre?|anno)\s+$", re.IGNORECASE
)
