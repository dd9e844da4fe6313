"""The shipped file of cities: what it holds, and what lies where."""

from __future__ import annotations

from importlib import resources
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.adapters import gazetteer
from ingestion_orchestration_fastapi_app.adapters.gazetteer.format import DATA, read
from ingestion_orchestration_fastapi_app.adapters.gazetteer.gazetteer import CityFile
from ingestion_orchestration_fastapi_app.domain.search.cities import Spelling

CITIES = CityFile()
SHIPPED = Path(str(resources.files(gazetteer))) / DATA
MOST_BYTES = 1_500_000


def test_the_file_is_what_its_format_says() -> None:
    cities = read(str(SHIPPED))
    count = len(cities.names)
    assert count > 30_000
    columns = (cities.latitude, cities.longitude, cities.population, cities.country, cities.region)
    assert all(len(one) == count for one in columns)
    assert float(np.abs(cities.latitude).max()) <= 90
    assert float(np.abs(cities.longitude).max()) <= 180
    assert all(one >= other for one, other in pairwise(cities.population.tolist()))
    assert all(one < other for one, other in pairwise(cities.keys))
    assert len(cities.flags) == len(cities.keys) == len(cities.starts) - 1
    assert int(cities.starts[-1]) == len(cities.members)
    assert int(cities.members.max()) < count
    assert int(cities.country.max()) < len(cities.countries.codes) == len(cities.countries.names)


def test_the_file_is_small() -> None:
    assert SHIPPED.stat().st_size <= MOST_BYTES


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    with np.load(SHIPPED) as file:
        arrays = dict(file)
    arrays["version"] = np.array(2, np.uint8)
    np.savez_compressed(tmp_path / "other.npz", **arrays)
    with pytest.raises(ValueError, match="version 2"):
        read(str(tmp_path / "other.npz"))


@pytest.mark.parametrize(
    ("keys", "name", "country"),
    [
        (("munich", "münchen", "munchen", "muenchen"), "Munich", "DE"),
        (("köln", "koln", "koeln", "cologne"), "Köln", "DE"),
        (("wien", "vienna"), "Vienna", "AT"),
        (("zürich", "zurich", "zuerich"), "Zürich", "CH"),
        (("rom", "rome", "roma"), "Rome", "IT"),
        (("new york", "new york city", "nyc"), "New York City", "US"),
        (("st petersburg", "sankt petersburg"), "Saint Petersburg", "RU"),
        (("kapstadt", "cape town"), "Cape Town", "ZA"),
        (("łódź", "lodz"), "Łódź", "PL"),
        (("frankfurt", "frankfurt am main"), "Frankfurt am Main", "DE"),
    ],
)
def test_a_city_is_found_by_each_of_its_names(
    keys: tuple[str, ...], name: str, country: str
) -> None:
    for key in keys:
        found = CITIES.named(key)
        assert found is not None, key
        assert (found.cities[0].name, found.cities[0].country_code) == (name, country)
        assert found.spelling is Spelling.ANY


def test_who_is_no_city_is_none() -> None:
    assert CITIES.named("") is None
    assert CITIES.named("a field of corn") is None
    assert CITIES.named("zzz") is None


def test_a_country_or_an_american_state_tells_namesakes_apart() -> None:
    texan = CITIES.named("paris", within="texas")
    german = CITIES.named("frankfurt", within="deutschland")
    assert texan is not None
    assert german is not None
    assert {one.country_code for one in texan.cities} == {"US"}
    assert german.cities[0].country == "Germany"
    assert CITIES.named("paris", within="germany") is None
    assert CITIES.named("paris", within="nowhere") is None


@pytest.mark.parametrize(
    ("latitude", "longitude", "name"),
    [
        (52.52, 13.405, "Berlin"),
        (52.4988, 13.4010, "Berlin"),  # in Kreuzberg, which is an entry of its own
        (52.39, 13.06, "Potsdam"),
        (40.7357, -74.1724, "Newark"),
        (40.758, -73.985, "New York City"),
        (-33.86, 151.2, "Sydney"),
        (64.146, -21.94, "Reykjavík"),
        (-18.1416, 178.4415, "Suva"),
    ],
)
def test_a_place_is_called_after_its_city(latitude: float, longitude: float, name: str) -> None:
    found = CITIES.nearest(latitude, longitude)
    assert found is not None
    assert found[0].name == name


@pytest.mark.parametrize(("latitude", "longitude"), [(0, -30), (90, 0), (-90, 0), (75, -42)])
def test_a_place_far_from_all_is_called_after_none(latitude: float, longitude: float) -> None:
    assert CITIES.nearest(latitude, longitude) is None


def test_the_date_line_parts_no_neighbours() -> None:
    east, west = CITIES.nearest(-16.5, 179.999), CITIES.nearest(-16.5, -179.999)
    assert (east and east[0]) == (west and west[0])


def test_a_large_city_reaches_farther() -> None:
    berlin, fuessen = CITIES.named("berlin"), CITIES.named("füssen")
    assert berlin is not None
    assert fuessen is not None
    large, small = berlin.cities[0], fuessen.cities[0]
    assert 20 < large.radius_km() < 30
    assert small.radius_km() == 8
    assert large.radius_km(near=True) > large.radius_km()
    assert small.radius_km(near=True) == 25
