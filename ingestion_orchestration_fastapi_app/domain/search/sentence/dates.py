"""Dates in a sentence: a rule is a pattern and how what it found is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from ingestion_orchestration_fastapi_app.domain.search.sentence import periods
from ingestion_orchestration_fastapi_app.domain.search.sentence.date_words import (
    BEFORE,
    COUNT,
    COUNTS,
    END,
    LAST,
    MONTH,
    MONTH_ALONE,
    MONTHS,
    OF,
    SEASON,
    SEASONS,
    UNIT,
    UNITS,
    WHICH,
    YEAR,
)
from ingestion_orchestration_fastapi_app.domain.search.sentence.periods import Period
from ingestion_orchestration_fastapi_app.domain.search.sentence.years import is_a_year


@dataclass(frozen=True, slots=True)
class Said:
    """A period, and where the text says it: characters `begin` to `end`, without the last."""

    begin: int
    end: int
    period: Period


@dataclass(frozen=True, slots=True)
class _Found:
    """What a pattern found, with what its reading depends on."""

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
    def month(self) -> int:
        return MONTHS[self["month"] or ""]

    @property
    def count(self) -> int:
        written = self["count"] or ""
        return int(written) if written.isdecimal() else COUNTS[written]

    @property
    def unit(self) -> str:
        return UNITS[self["unit"] or ""]


_Reading = Callable[[_Found], Period | None]


def dates_in(text: str, *, today: date, southern: bool) -> list[Said]:
    """In the order of the text; none overlaps another. `southern`: whose seasons are meant."""
    read: list[Said] = []
    for pattern, reading in _RULES:
        for match in pattern.finditer(text):
            begin, end = match.span()
            if any(one.begin < end and begin < one.end for one in read):
                continue
            period = _read(reading, _Found(match, today, southern))
            if period is not None:
                read.append(Said(begin, end, period))
    # What has not begun is no date, and none of its parts is one: "december 2026".
    said = [one for one in read if one.period.first_day <= today]
    return sorted(said, key=lambda one: one.begin)


def _read(reading: _Reading, found: _Found) -> Period | None:
    try:
        return reading(found)
    except (ValueError, OverflowError):  # the 31st of February
        return None


def _numeric_day(found: _Found) -> Period | None:
    return periods.day(date(found.number("year"), found.number("m"), found.number("d")))


def _numeric_month(found: _Found) -> Period | None:
    return periods.month(found.number("year"), found.number("m"))


def _written_day(found: _Found) -> Period | None:
    return periods.day(date(found.number("year"), found.month, found.number("d")))


def _years(found: _Found) -> Period | None:
    first, last = found.number("year"), found.number("until")
    if first >= last or last > found.today.year or last - first > 50:
        return None
    return Period(periods.year_of(first).first, periods.year_of(last).last)


def _season_of_year(found: _Found) -> Period | None:
    year, until = found.number("year"), found["until"]
    if until is not None and int(until[-2:]) != (year + 1) % 100:
        return None
    return periods.season(year, SEASONS[found["season"] or ""], southern=found.southern)


def _season(found: _Found) -> Period | None:
    which = SEASONS[found["season"] or ""]
    over = found["last"] is not None
    return periods.latest_season(found.today, which, southern=found.southern, over=over)


def _season_by_year(found: _Found) -> Period | None:
    year = found.today.year - (found["last"] is not None)
    return periods.season(year, SEASONS[found["season"] or ""], southern=found.southern)


def _month_of_year(found: _Found) -> Period | None:
    return periods.month(found.number("year"), found.month)


def _month_by_year(found: _Found) -> Period | None:
    return periods.month(found.today.year - (found["last"] is not None), found.month)


def _month(found: _Found) -> Period | None:
    return periods.latest_month(found.today, found.month)


def _unit(found: _Found) -> Period | None:
    """The one before this, or this one."""
    back = int(found["last"] is not None)
    return None if found.unit == "day" else _back(found, back)


def _ago(found: _Found) -> Period | None:
    return None if found.unit == "weekend" else _back(found, found.count)


def _back(found: _Found, count: int) -> Period:
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


def _latest(found: _Found) -> Period | None:
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


def _day_word(found: _Found) -> Period | None:
    word = found["word"] or ""
    back = {"today": 0, "heute": 0, "yesterday": 1, "gestern": 1}.get(word, 2)
    return periods.day(found.today - timedelta(days=back))


def _open(found: _Found) -> Period | None:
    number = found.number("year")
    if not is_a_year(found.match.string, found.match.span("year"), found.today, is_said=True):
        return None
    year = periods.year_of(number)
    word = found["open"]
    if word in ("since", "seit"):
        return Period(year.first, None)
    if word in ("after", "nach"):
        return Period(year.last_day + timedelta(days=1), None)
    if word in ("before", "vor"):
        return Period(None, year.first_day - timedelta(days=1))
    return Period(None, year.last)


def _year(found: _Found) -> Period | None:
    text, span = found.match.string, found.match.span("year")
    before = text[found.match.start() : span[0]]
    if not is_a_year(text, span, found.today, is_said=_SAYS_A_YEAR.search(before) is not None):
        return None
    return periods.year_of(found.number("year"))


_SAYS_A_YEAR = re.compile(
    r"\b(?:in|im|from|during|vom|von|aus|seit|year|jahre?|anno)\s+$", re.IGNORECASE
)
_BY_YEAR = (
    rf"(?:{WHICH}\s+(?:year|jahr)(?:['’]s)?(?:,|\s+in|\s+im|\s+in\s+the)?\s+{{what}}"
    rf"|{{what}}(?:,|\s+of|\s+des)?\s+"
    rf"(?:(?P<last2>last|letzte[ns]|vorige[ns]|vergangene[ns])|(?P<this2>this|dieses))\s+(?:year|jahres?))"
)


def _by_year(what: str) -> str:
    """Both orders. Python names each group once: the second's is renamed."""
    group = re.search(r"\?P<(\w+)>", what)
    name = group[1] if group else ""
    first, _, second = _BY_YEAR.partition("{what}")
    return first + what + second.replace("{what}", what.replace(f"<{name}>", f"<{name}2>"))


_RULES: tuple[tuple[re.Pattern[str], _Reading], ...] = tuple(
    (re.compile(BEFORE + r"(?<![\w/.\-–$€£#])" + pattern, re.IGNORECASE), reading)
    for pattern, reading in (
        (r"(?P<year>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)(?![\w\-])", _numeric_day),
        (r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?" + YEAR, _numeric_day),
        (r"(?P<year>(?:19|20)\d\d)-(?P<m>0[1-9]|1[0-2])(?![\w\-])", _numeric_month),
        (r"(?P<m>0?[1-9]|1[0-2])/" + YEAR, _numeric_month),
        (rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{MONTH},?\s+{YEAR}", _written_day),
        (rf"{MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{YEAR}", _written_day),
        (
            rf"{SEASON}{OF}(?P<year>(?:19|20)\d\d)(?:\s?[/–-]\s?(?P<until>\d{{2}}|20\d\d))?\b",
            _season_of_year,
        ),
        (rf"{YEAR}\s+{SEASON}{END}", _season_of_year),
        (_by_year(SEASON) + END, _season_by_year),
        (rf"{WHICH}\s+{SEASON}{END}(?!\s+(?:from|off|down)\b)", _season),
        (rf"{MONTH}{OF}{YEAR}", _month_of_year),
        (_by_year(MONTH) + END, _month_by_year),
        (rf"{LAST}\s+{MONTH_ALONE}{END}", _month),
        (
            r"(?:between\s+|zwischen\s+)?(?P<year>(?:19|20)\d\d)\s?"
            r"(?:-|–|/|to|and|until|till|bis|und)\s?(?P<until>(?:19|20)\d\d)(?![\w\-/])",
            _years,
        ),
        (rf"(?:last|past|letzten|vergangenen)\s+{COUNT}\s+{UNIT}{END}", _latest),
        (rf"{COUNT}\s+{UNIT}\s+ago\b", _ago),
        (rf"vor\s+{COUNT}\s+{UNIT}\b", _ago),
        (rf"{WHICH}\s+{UNIT}{END}", _unit),
        (
            r"(?<!usa\s)(?P<word>the\s+day\s+before\s+yesterday|yesterday|today|vorgestern|gestern|heute)"
            rf"{END}(?!\s+once\s+more)",
            _day_word,
        ),
        (rf"(?P<open>since|after|before|until|till|seit|nach|vor|bis)\s+{YEAR}", _open),
        (r"(?:(?:year|jahre?|anno)\s+)?" + YEAR, _year),
    )
)
