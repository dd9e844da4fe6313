"""Cities by name and by place, from the shipped file."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from ingestion_orchestration_fastapi_app.adapters.gazetteer.format import DATA, Cities, Flag, read
from ingestion_orchestration_fastapi_app.domain.library.filters.places import distance_km
from ingestion_orchestration_fastapi_app.domain.search.cities import (
    City,
    NamedCities,
    Spelling,
)

FARTHEST_KM = 50.0  # a place farther from every city is named after none
_PEOPLE_PER_KM2 = 5000.0  # so dense is a city that swallows its districts' names
_KM_PER_DEGREE = 111.0
_MOST_NAMESAKES = 10
_PLACES_KNOWN = 65_536
_DECIMALS = 3  # of degrees: pictures within 100 m lie in one place


@dataclass(frozen=True, slots=True)
class _Index:
    """`order` sorts cities by latitude, `latitudes` are theirs in that order."""

    cities: Cities
    order: NDArray[np.intp]
    latitudes: NDArray[np.float32]
    qualifiers: dict[str, tuple[int, int]]


@cache
def _index() -> _Index:
    """Once a process. Blocking: a tenth of a second, and 15 MB of memory."""
    with resources.as_file(resources.files(__package__) / DATA) as path:
        cities = read(str(path))
    order = np.argsort(cities.latitude, kind="stable")
    return _Index(
        cities,
        order,
        cities.latitude[order],
        {key: (country, region) for key, country, region in cities.qualifiers},
    )


class CityFile:
    """A `Gazetteer`. The file is read when it is first asked for something."""

    def load(self) -> None:
        """So that nobody waits for it later. Blocking."""
        _index()

    def named(self, key: str, *, within: str | None = None) -> NamedCities | None:
        """As `CityNames` says."""
        index = _index()
        cities = index.cities
        at = bisect_left(cities.keys, key)
        if at == len(cities.keys) or cities.keys[at] != key:
            return None
        members = cities.members[cities.starts[at] : cities.starts[at + 1]].tolist()
        if within is not None:
            members = [one for one in members if _lies_in(index, one, within)]
        if not members:
            return None
        flag = Flag(int(cities.flags[at]))
        return NamedCities(
            cities=tuple(_city(cities, one) for one in members[:_MOST_NAMESAKES]),
            spelling=_spelling(flag),
            is_first_name=Flag.GIVEN in flag,
        )

    def nearest(self, latitude: float, longitude: float) -> tuple[City, float] | None:
        """As `Gazetteer` says.

        A district is told by the name of its city: of the nearest city's own state the largest
        counts whose circle, by its people, holds the place.
        """
        return _nearest(round(latitude, _DECIMALS), round(longitude, _DECIMALS))


@lru_cache(maxsize=_PLACES_KNOWN)
def _nearest(latitude: float, longitude: float) -> tuple[City, float] | None:
    index = _index()
    cities = index.cities
    reach = FARTHEST_KM / _KM_PER_DEGREE
    first, last = np.searchsorted(index.latitudes, (latitude - reach, latitude + reach))
    band = index.order[first:last]
    away = _distances_km(latitude, longitude, cities.latitude[band], cities.longitude[band])
    if not len(band) or float(away.min()) > FARTHEST_KM:
        return None
    best = int(band[away.argmin()])
    circles = np.sqrt(cities.population[band] / (_PEOPLE_PER_KM2 * math.pi))
    holding = band[(away <= circles) & (cities.region[band] == cities.region[best])]
    # The file has those with more people first.
    city = _city(cities, int(holding.min()) if len(holding) else best)
    return city, distance_km(latitude, longitude, city.latitude, city.longitude)


def _distances_km(
    latitude: float,
    longitude: float,
    latitudes: NDArray[np.float32],
    longitudes: NDArray[np.float32],
) -> NDArray[np.float64]:
    """On a plane that touches the earth at the place: good for some hundred kilometres."""
    across = (longitudes.astype(np.float64) - longitude + 180) % 360 - 180
    return (
        np.hypot(latitudes.astype(np.float64) - latitude, across * math.cos(math.radians(latitude)))
        * _KM_PER_DEGREE
    )


def _lies_in(index: _Index, city: int, within: str) -> bool:
    country, region = index.qualifiers.get(within, (-1, -1))
    cities = index.cities
    return bool(cities.country[city] == country and region in (-1, cities.region[city]))


def _city(cities: Cities, index: int) -> City:
    country = int(cities.country[index])
    return City(
        name=cities.names[index],
        country=cities.countries.names[country],
        country_code=cities.countries.codes[country],
        latitude=round(float(cities.latitude[index]), 5),
        longitude=round(float(cities.longitude[index]), 5),
        population=int(cities.population[index]),
    )


def _spelling(flag: Flag) -> Spelling:
    if Flag.COMMON in flag:
        return Spelling.COMMON_WORD
    return Spelling.CAPITAL if Flag.CAPITAL in flag else Spelling.ANY
