"""Cities: what a name may mean, and how far around one of them is still that city."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

_PEOPLE_PER_KM2 = 2000.0  # of a city with its outskirts
_IN_KM = (8.0, 40.0)
_NEAR_KM = (25.0, 80.0)


@dataclass(frozen=True, slots=True)
class City:
    """`country_code` is ISO 3166's of two letters, `country` its English name."""

    name: str
    country: str
    country_code: str
    latitude: float
    longitude: float
    population: int

    def radius_km(self, *, near: bool = False) -> float:
        """Within it a picture counts as taken in the city, or near it."""
        across = math.sqrt(self.population / _PEOPLE_PER_KM2 / math.pi)
        least, most = _NEAR_KM if near else _IN_KM
        return round(min(most, max(least, across * (2 if near else 1))), 1)


class Spelling(IntEnum):
    """How a name must be written to be taken for a city."""

    ANY = 0
    CAPITAL = 1
    COMMON_WORD = 2  # with a capital, and where no phrase goes on behind it


@dataclass(frozen=True, slots=True)
class NamedCities:
    """What one name may mean, the city with the most people first; not empty."""

    cities: tuple[City, ...]
    spelling: Spelling
    is_first_name: bool


class CityNames(Protocol):
    """Keys are as of `utils.text.unmarked.name_key`."""

    def named(self, key: str, *, within: str | None = None) -> NamedCities | None:
        """`within`: the key of a country or an American state, which the cities lie in."""
