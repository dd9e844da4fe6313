"""A query as a person writes it: when, where, and what is left to look for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ingestion_orchestration_fastapi_app.domain.search.cities import City, CityNames
from ingestion_orchestration_fastapi_app.domain.search.sentence.dates import Said, dates_in
from ingestion_orchestration_fastapi_app.domain.search.sentence.periods import Period
from ingestion_orchestration_fastapi_app.domain.search.sentence.places import place_in

# So far from the equator seasons are the other way round than in the north.
_SOUTHERN_SEASONS = -20.0
MOST_CHARACTERS = 500  # a longer text is no sentence that somebody typed
_QUOTED = re.compile(r'["“„»][^"“”„»«]*["“”«]')
_SPACES = re.compile(r"\s+")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]")
_LONE_MARK = re.compile(r"[,;:]?\s+(?=[.,;:!?](?:\s|$))")


@dataclass(frozen=True, slots=True)
class DatePart:
    """Characters `begin` to `end` of the text, and the days that they mean."""

    begin: int
    end: int
    text: str
    period: Period


@dataclass(frozen=True, slots=True)
class PlacePart:
    """Characters `begin` to `end` of the text, and the circle that they mean.

    `others` bear the same name, and have fewer people.
    """

    begin: int
    end: int
    text: str
    city: City
    radius_km: float
    others: tuple[City, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """What parts of the text say; the text itself stays what is searched by."""

    text: str
    dates: tuple[DatePart, ...] = ()
    place: PlacePart | None = None

    @property
    def words(self) -> str:
        """What is left without the parts."""
        return self.without(dates=True, place=True)

    def without(self, *, dates: bool, place: bool) -> str:
        spans = [(one.begin, one.end) for one in self.dates if dates]
        if place and self.place is not None:
            spans.append((self.place.begin, self.place.end))
        return _without(self.text, spans)

    @property
    def period(self) -> Period | None:
        """What all dates have in common; where that is nothing, from the first to the last."""
        if not self.dates:
            return None
        firsts = [one.period.first_day for one in self.dates]
        lasts = [one.period.last_day for one in self.dates]
        first, last = max(firsts), min(lasts)
        if first > last:
            first, last = min(firsts), max(lasts)
        return Period(None if first == date.min else first, None if last == date.max else last)


def understood(text: str, names: CityNames, *, today: date) -> Sentence:
    """By fixed rules: the same text, names and day give the same sentence.

    Takes a millisecond, and the first time as long as `names` need to be read.
    """
    if len(text) > MOST_CHARACTERS:
        return Sentence(text)
    quoted = tuple(found.span() for found in _QUOTED.finditer(text))
    said = _outside(quoted, dates_in(text, today=today, southern=False))
    taken = (*quoted, *((one.begin, one.end) for one in said))
    named = place_in(text, names, taken=taken)
    place = None
    if named is not None:
        if named.city.latitude < _SOUTHERN_SEASONS:
            said = _outside(quoted, dates_in(text, today=today, southern=True))
        place = PlacePart(
            named.begin,
            named.end,
            text[named.begin : named.end],
            named.city,
            named.city.radius_km(near=named.near),
            named.others,
        )
    return Sentence(text, tuple(_part(text, one) for one in said), place)


def _outside(quoted: Sequence[tuple[int, int]], said: Sequence[Said]) -> list[Said]:
    """Quoted words must be there: they say nothing else."""
    return [
        one for one in said if not any(begin < one.end and one.begin < end for begin, end in quoted)
    ]


def _part(text: str, said: Said) -> DatePart:
    return DatePart(said.begin, said.end, text[said.begin : said.end], said.period)


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    kept, after = [], 0
    for begin, end in sorted(spans):
        kept.append(text[after:begin])
        after = end
    kept.append(text[after:])
    left = _EMPTY_BRACKETS.sub(" ", _SPACES.sub(" ", " ".join(kept)))
    return _SPACES.sub(" ", _LONE_MARK.sub("", left)).strip(" .,;:!?-–")
