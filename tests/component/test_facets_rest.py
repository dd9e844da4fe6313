"""Facets over REST: what else could be chosen, of what files say and of what people say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import Image

from tests.component.orchestrator_app import Running, orchestrator
from tests.component.test_browsing_rest import names, running, taken
from tests.component.test_caption_rest import captioning

pytestmark = pytest.mark.anyio
__all__ = ["running"]  # the fixture


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


def counted(facet: Any) -> dict[str, int]:
    return {one["value"]: one["count"] for one in facet["values"]}


async def test_facets_count_what_else_could_be_chosen(running: Running) -> None:
    found = await running.get("/images/facets?camera=canon&formats=jpeg")
    values = {one["value"]: one["count"] for one in found["cameras"]["values"]}
    assert values == {"Canon One": 4, "NIKON One": 2}
    assert {one["value"]: one["count"] for one in found["years"]["values"]} == {
        "2019": 2,
        "2020": 1,
        "2021": 1,
    }
    jpeg = [{"value": "jpeg", "count": 4}]
    assert found["formats"] == {"values": jpeg, "distinct": 1, "without": 0}
    assert found["keywords"] == {"values": [], "distinct": 0, "without": None}
    assert found["ratings"] == {"values": [], "distinct": 0, "without": 4}
    one = await running.get("/images/facets?limit=1")
    assert (len(one["folders"]["values"]), one["folders"]["distinct"]) == (1, 4)
    folder = one["folders"]["values"][0]
    query = urlencode({"folder": folder["value"], "subfolders": "false"})
    assert (await running.get(f"/images?{query}"))["total"] == folder["count"]


async def test_a_whole_name_is_none_that_only_holds_it(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    odd = 'An, \\ 100%_\'s "X"'
    cameras = ["Canon", "Canon 5", "canon", odd, odd.upper()]
    for number, camera in enumerate(cameras):
        taken(photos / f"{number}.jpg", 60 + number, None, camera, None)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        facet = (await running.get("/images/facets"))["cameras"]
        assert sorted(counted(facet).values()) == [1, 2, 2]
        for name, count in counted(facet).items():
            query = urlencode({"cameras": name})
            assert (await running.get(f"/images?{query}"))["total"] == count
            found = await running.post("/search", {"query": "red", "filters": {"cameras": [name]}})
            assert len(found.json()["results"]) == count
            narrowed = await running.get(f"/images/facets?{query}")
            assert counted(narrowed["cameras"]) == counted(facet)
        both = [("cameras", "Canon One"), ("cameras", "CANON 5 ONE"), ("cameras", "Can")]
        assert (await running.get(f"/images?{urlencode(both)}"))["total"] == 3


async def test_facets_count_places_shapes_captions_and_what_people_say(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    taken(photos / "a.jpg", 60, None, "Canon", (43.4, -1.6))
    taken(photos / "b.jpg", 61, None, "Canon", None)
    for name, size in (("c.png", (80, 40)), ("d.png", (40, 80))):
        Image.new("RGB", size, "red").save(photos / name)
    async with orchestrator(tmp_path, service=captioning()) as running:
        await running.ingested(captions=False)
        ids = {one["filename"]: one["id"] for one in (await running.get("/images"))["images"]}
        said = {"rating": 4, "favourite": True, "tags": ["Print", "sea"]}
        url = "/api/v1/images/{}/annotation"
        assert (await running.http.put(url.format(ids["c.png"]), json=said)).is_success
        other = {"tags": ["print"]}
        assert (await running.http.put(url.format(ids["d.png"]), json=other)).is_success
        every = await running.get("/images/facets")
        assert counted(every["places"]) == {"true": 1, "false": 3}
        assert counted(every["orientations"]) == {"square": 2, "landscape": 1, "portrait": 1}
        assert counted(every["captions"]) == {"false": 4}
        assert counted(every["favourites"]) == {"true": 1, "false": 3}
        assert counted(every["tags"]) == {"print": 2, "sea": 1}
        assert (every["tags"]["distinct"], every["tags"]["without"]) == (2, None)
        assert (counted(every["ratings"]), every["ratings"]["without"]) == ({"4": 1}, 3)
        assert (counted(every["cameras"]), every["cameras"]["without"]) == ({"Canon One": 2}, 2)
        await running.ingested(captions=True)
        asked = "has_gps=false&orientation=landscape&has_caption=true&favourite=true&tags=SEA"
        found = await running.get(f"/images/facets?{asked}")
        assert counted(found["places"]) == {"false": 1}
        assert counted(found["orientations"]) == {"landscape": 1}
        assert counted(found["captions"]) == {"true": 1}
        assert counted(found["tags"]) == {"Print": 1, "sea": 1}
        left = await running.get("/images/facets?orientation=square&has_caption=true")
        assert counted(left["orientations"]) == counted(every["orientations"])
        assert counted(left["places"]) == {"false": 1, "true": 1}


async def test_several_values_of_a_facet_take_no_other_values_away(running: Running) -> None:
    """As a page asks: alternatives in `filters`, a group a facet."""
    two = {"any_of": [{"camera": "canon one"}, {"camera": "no such"}]}
    dates = {"any_of": [{"taken_after": "2019", "taken_before": "2019"}, {"taken_after": "2021"}]}
    query = urlencode({"filters": json.dumps({"all_of": [two, dates]})})
    found = await running.get(f"/images/facets?{query}")
    assert counted(found["cameras"]) == {"Canon One": 3, "NIKON One": 1}
    assert counted(found["years"]) == {"2019": 2, "2020": 1, "2021": 1}
    assert counted(found["formats"]) == {"jpeg": 3}
    assert sorted(names(await running.get(f"/images?{query}"))) == ["a.jpg", "b.jpg", "f.jpg"]
    unrated = urlencode({"filters": json.dumps({"none_of": [{"rating_min": -1}]})})
    found = await running.get(f"/images/facets?{unrated}")
    assert (found["ratings"]["without"], found["ratings"]["values"]) == (6, [])
