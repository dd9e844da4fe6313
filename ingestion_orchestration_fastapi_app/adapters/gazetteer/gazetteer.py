"""Cities by name and by place, from the shipped file."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from ingestion_orchestration_fastapi_app.adapters.gazetteer.format import DATA, Cities, Flag, read
from ingestion_orchestration_fastapi_app.domain.search.cities import (
    City,
    NamedCities,
    Spelling,
    distance_km,
)

FARTHEST_KM = 50.0  # a place farther from every city is named after none
_PEOPLE_PER_KM2 = 5000.0  # so dense is a city that swallows its districts' names
_EARTH_KM = 6371.0088
_MOST_NAMESAKES = 10


class CityFile:
    """Reads the file when it is first asked: 10 MB of memory, a tenth of a second."""

    @cached_property
    def _cities(self) -> Cities:
        with resources.as_file(resources.files(__package__) / DATA) as path:
            return read(str(path))

    @cached_property
    def _points(self) -> NDArray[np.float64]:
        """On the unit sphere, a row a city. Doubles: singles round by kilometres."""
        return _on_sphere(self._cities.latitude, self._cities.longitude)

    @cached_property
    def _qualifiers(self) -> dict[str, tuple[int, int]]:
        return {key: (country, region) for key, country, region in self._cities.qualifiers}

    def named(self, key: str, *, within: str | None = None) -> NamedCities | None:
        """As `CityNames` says."""
        cities = self._cities
        at = bisect_left(cities.keys, key)
        if at == len(cities.keys) or cities.keys[at] != key:
            return None
        members = cities.members[cities.starts[at] : cities.starts[at + 1]].tolist()
        if within is not None:
            members = [one for one in members if self._lies_in(one, within)]
        if not members:
            return None
        flag = Flag(int(cities.flags[at]))
        return NamedCities(
            cities=tuple(map(self._city, members[:_MOST_NAMESAKES])),
            spelling=_spelling(flag),
            is_first_name=Flag.GIVEN in flag,
        )

    def nearest(self, latitude: float, longitude: float) -> tuple[City, float] | None:
        """As `Gazetteer` says.

        A district is told by the name of its city: of the nearest city's own state the largest
        counts whose circle, by its people, holds the place.
        """
        cities = self._cities
        point = _on_sphere(np.array([latitude]), np.array([longitude]))[0]
        cosines = self._points @ point
        best = int(cosines.argmax())
        if distance_km(latitude, longitude, self._city(best)) > FARTHEST_KM:
            return None
        around = np.flatnonzero(cosines >= math.cos(FARTHEST_KM / _EARTH_KM)).tolist()
        for index in around:  # the largest first, as the file has them
            if cities.region[index] != cities.region[best]:
                continue
            city = self._city(index)
            away = distance_km(latitude, longitude, city)
            if away <= math.sqrt(city.population / _PEOPLE_PER_KM2 / math.pi):
                return city, away
        city = self._city(best)
        return city, distance_km(latitude, longitude, city)

    def all_cities(self) -> Iterator[City]:
        return map(self._city, range(len(self._cities.names)))

    def _lies_in(self, index: int, within: str) -> bool:
        country, region = self._qualifiers.get(within, (-1, -1))
        cities = self._cities
        return bool(cities.country[index] == country and region in (-1, cities.region[index]))

    def _city(self, index: int) -> City:
        cities = self._cities
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


def _on_sphere(
    latitude: NDArray[np.floating], longitude: NDArray[np.floating]
) -> NDArray[np.float64]:
    north, east = np.radians(latitude, dtype=np.float64), np.radians(longitude, dtype=np.float64)
    return np.stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1
    )
