"""Dates in a sentence: a rule is a pattern and how what it found is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ingestion_orchestration_fastapi_app.domain.search.sentence import readings
from ingestion_orchestration_fastapi_app.domain.search.sentence.date_words import (
    BEFORE,
    COUNT,
    END,
    LAST,
    MONTH,
    MONTH_ALONE,
    OF,
    SEASON,
    SHORT_YEAR,
    TO,
    UNIT,
    UNTIL,
    WHICH,
    YEAR,
)
from ingestion_orchestration_fastapi_app.domain.search.sentence.periods import Period
from ingestion_orchestration_fastapi_app.domain.search.sentence.readings import Found


@dataclass(frozen=True, slots=True)
class Said:
    """A period, and where the text says it: characters `begin` to `end`, without the last."""

    begin: int
    end: int
    period: Period


_Reading = Callable[[Found], Period | None]


def dates_in(text: str, *, today: date, southern: bool) -> list[Said]:
    """In the order of the text; none overlaps another. `southern`: whose seasons are meant."""
    read: list[Said] = []
    for pattern, reading in _RULES:
        for match in pattern.finditer(text):
            begin, end = match.span()
            if any(one.begin < end and begin < one.end for one in read):
                continue
            period = _read(reading, Found(match, today, southern))
            if period is not None:
                read.append(Said(begin, end, period))
    # What has not begun is no date, and none of its parts is one: "december 2026".
    said = [one for one in read if one.period.first_day <= today]
    return sorted(said, key=lambda one: one.begin)


def _read(reading: _Reading, found: Found) -> Period | None:
    try:
        return reading(found)
    except (ValueError, OverflowError):  # the 31st of February
        return None


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
        (r"(?P<year>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)(?![\w\-])", readings.numeric_day),
        (r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?" + YEAR, readings.numeric_day),
        (
            r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<short>\d\d)(?!\w|[.,:/\-–]\d)",
            readings.short_numeric_day,
        ),
        (r"(?P<year>(?:19|20)\d\d)-(?P<m>0[1-9]|1[0-2])(?![\w\-])", readings.numeric_month),
        (r"(?P<m>0?[1-9]|1[0-2])/" + YEAR, readings.numeric_month),
        (
            rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{MONTH},?\s+{YEAR}",
            readings.written_day,
        ),
        (rf"{MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{YEAR}", readings.written_day),
        (
            rf"{SEASON}{OF}(?P<year>(?:19|20)\d\d)(?:\s?[/–-]\s?(?P<until>\d{{2}}|20\d\d))?\b",
            readings.season_of_year,
        ),
        (rf"{YEAR}\s+{SEASON}{END}", readings.season_of_year),
        (rf"{SEASON}{OF}{SHORT_YEAR}", readings.season_of_short_year),
        (_by_year(SEASON) + END, readings.season_by_year),
        (rf"{WHICH}\s+{SEASON}{END}(?!\s+(?:from|off|down|rolls?|onions?)\b)", readings.season),
        (
            rf"(?:(?:between|zwischen)\s+)?{MONTH}(?:{OF}(?P<year>(?:19|20)\d\d))?{TO}{UNTIL}",
            readings.months,
        ),
        (rf"{MONTH}{OF}{YEAR}", readings.month_of_year),
        (rf"{MONTH}{OF}{SHORT_YEAR}", readings.month_of_short_year),
        (_by_year(MONTH) + END, readings.month_by_year),
        (rf"{LAST}\s+{MONTH_ALONE}{END}", readings.month),
        (
            r"(?:(?:between|zwischen|years|jahren?)\s+)?(?P<year>(?:19|20)\d\d)\s?"
            r"(?:-|–|/|to|and|until|till|bis|und)\s?(?P<until>(?:19|20)\d\d)(?![\w\-/])",
            readings.years,
        ),
        (rf"(?:last|past|letzten|vergangenen)\s+{COUNT}\s+{UNIT}{END}", readings.latest),
        (rf"{COUNT}\s+{UNIT}\s+ago\b", readings.ago),
        (rf"vor\s+{COUNT}\s+{UNIT}\b", readings.ago),
        (rf"{WHICH}\s+{UNIT}{END}", readings.unit),
        (
            r"(?<!usa\s)(?P<word>the\s+day\s+before\s+yesterday|yesterday|today|vorgestern|gestern|heute)"
            rf"{END}(?!\s+once\s+more)",
            readings.day_word,
        ),
        (
            rf"(?P<open>since|after|before|until|till|seit|nach|vor|bis|ab)\s+{YEAR}",
            readings.open_ended,
        ),
        (rf"(?P<open>from|von)\s+{YEAR}\s+(?:onwards?|on|an)\b", readings.open_ended),
        (r"(?:(?:year|jahre?|anno)\s+)?" + YEAR, readings.year),
    )
)
