"""A query as a person writes it: when, where, and what is left to look for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from ingestion_orchestration_fastapi_app.domain.search.cities import City, CityNames
from ingestion_orchestration_fastapi_app.domain.search.sentence.dates import Said, dates_in
from ingestion_orchestration_fastapi_app.domain.search.sentence.periods import Period
from ingestion_orchestration_fastapi_app.domain.search.sentence.places import place_in

# So far from the equator seasons are the other way round than in the north.
_SOUTHERN_SEASONS = -20.0
MOST_CHARACTERS = 500  # a longer text is no sentence that somebody typed
_SPACES = re.compile(r"\s+")


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
    """`words` is what is left without the parts; the text itself stays what is searched by."""

    text: str
    words: str
    dates: tuple[DatePart, ...] = ()
    place: PlacePart | None = None

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
        return Sentence(text, text)
    said = dates_in(text, today=today, southern=False)
    named = place_in(text, names, taken=tuple((one.begin, one.end) for one in said))
    place = None
    if named is not None:
        if named.city.latitude < _SOUTHERN_SEASONS:
            said = dates_in(text, today=today, southern=True)
        place = PlacePart(
            named.begin,
            named.end,
            text[named.begin : named.end],
            named.city,
            named.city.radius_km(near=named.near),
            named.others,
        )
    dates = tuple(_part(text, one) for one in said)
    spans = [(one.begin, one.end) for one in dates]
    if place is not None:
        spans.append((place.begin, place.end))
    return Sentence(text, _without(text, spans), dates, place)


def _part(text: str, said: Said) -> DatePart:
    return DatePart(said.begin, said.end, text[said.begin : said.end], said.period)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    kept, after = [], 0
    for begin, end in sorted(spans):
        kept.append(text[after:begin])
        after = end
    kept.append(text[after:])
    return _SPACES.sub(" ", " ".join(kept)).strip(" .,;:-–")
