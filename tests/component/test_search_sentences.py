"""Searches by a sentence over REST: what it says of time and place narrows, and is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.component.orchestrator_app import Running, check_problem, library, orchestrator
from tests.component.store_fixtures import point
from tests.fakes import DIM
from utils.contract import ErrorCode
from utils.metadata.photo_metadata import Metadata

pytestmark = pytest.mark.anyio

TODAY = "2026-11-29"
GPS_DIRECTORY = 0x8825
BERLIN, PARIS, SEA = (52.51, 13.39), (48.85, 2.35), (0.0, -30.0)
# Number, when and where.
MADE = [
    (1, "2026-01-10T12:00:00", BERLIN),
    (2, "2026-02-28T23:59:59", BERLIN),
    (3, "2025-07-10T12:00:00", BERLIN),
    (4, "2026-01-11T12:00:00", PARIS),
    (5, "2026-01-12T12:00:00", SEA),
    (6, None, None),
]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("sentences")
    library(folder)
    exif = Image.Exif()
    exif[GPS_DIRECTORY] = {1: "N", 2: (52.0, 30.0, 36.0), 3: "E", 4: (13.0, 23.0, 24.0)}
    Image.new("RGB", (64, 64), "red").save(folder / "photos/red/berlin.jpg", exif=exif)
    async with orchestrator(folder) as found:
        job = await found.ingested()
        assert job["state"] == "completed"
        store = found.app.state.services.ports.store
        vector = np.asarray([-1.0] + [0.0] * (DIM - 1), dtype=np.float32)
        rows = [
            replace(
                point(
                    number,
                    vector=vector,
                    metadata=Metadata(
                        taken_at=None if taken is None else datetime.fromisoformat(taken),
                        latitude=None if place is None else place[0],
                        longitude=None if place is None else place[1],
                    ),
                ),
                fingerprint="fake-model-0001",
            )
            for number, taken, place in MADE
        ]
        await store.write("default", rows, may_exist=())
        yield found


async def asked(running: Running, query: str, **more: Any) -> Any:
    body = {"query": query, "parse": True, "today": TODAY, "limit": 100, **more}
    response = await running.post("/search/text", body)
    assert response.status_code == 200, response.text
    return response.json()


def numbers_of(reply: Any) -> set[int]:
    """Of the made points among what was found."""
    names = [one["filename"].removesuffix(".jpg") for one in reply["results"]]
    return {int(name) for name in names if name.isdecimal() and len(name) == 6}


async def test_a_sentence_narrows_by_time_and_place_and_says_so(running: Running) -> None:
    reply = await asked(running, "snow in Berlin last winter")
    assert numbers_of(reply) == {1, 2}
    assert len(reply["results"]) == 2
    place, said = reply["understood"]["parts"]
    assert reply["understood"]["words"] == "snow"
    assert (place["kind"], place["text"], place["begin"], place["end"]) == (
        "place",
        "in Berlin",
        5,
        14,
    )
    assert place["city"]["country"] == "Germany"
    assert (said["kind"], said["first"], said["last"]) == ("date", "2025-12-01", "2026-02-28")
    assert place["applied"]
    assert said["applied"]
    assert reply["warnings"] == []


async def test_without_parse_a_sentence_is_words_alone(running: Running) -> None:
    plain = await asked(running, "snow in Berlin last winter", parse=False)
    assert plain["understood"] is None
    assert numbers_of(plain) == {1, 2, 3, 4, 5, 6}


async def test_a_sentence_without_date_or_place_is_told_as_such(running: Running) -> None:
    reply = await asked(running, "a roast turkey in nice weather")
    assert reply["understood"] == {"words": "a roast turkey in nice weather", "parts": []}
    assert numbers_of(reply) == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("query", "found", "applied", "warned"),
    [
        ("snow in Tokyo last winter", {1, 2, 4, 5}, [False, True], ["in Tokyo"]),
        ("snow in Berlin in 1999", {1, 2, 3}, [True, False], ["in 1999"]),
        ("snow in Tokyo in 1999", {1, 2, 3, 4, 5, 6}, [False, False], ["in 1999", "in Tokyo"]),
        ("snow in Paris in 2025", {3}, [False, True], ["in Paris"]),
    ],
)
async def test_what_nothing_meets_is_dropped_with_a_warning(
    running: Running, query: str, found: set[int], applied: list[bool], warned: list[str]
) -> None:
    reply = await asked(running, query)
    assert numbers_of(reply) == found
    assert [one["applied"] for one in reply["understood"]["parts"]] == applied
    assert len(reply["warnings"]) == len(warned)
    for text, warning in zip(warned, reply["warnings"], strict=True):
        assert f'"{text}" was dropped' in warning


async def test_what_a_score_cuts_off_drops_no_condition(running: Running) -> None:
    reply = await asked(running, "snow in Berlin last winter", min_score=0.99)
    assert reply["results"] == []
    assert all(one["applied"] for one in reply["understood"]["parts"])


async def test_the_callers_own_filters_hold_beside_the_sentence(running: Running) -> None:
    reply = await asked(running, "snow in Berlin", filters={"taken_before": "2025"})
    assert numbers_of(reply) == {3}


@pytest.mark.parametrize("query", ["snow in Berlin last winter", "snow in Tokyo last winter"])
async def test_pages_by_cursor_keep_what_the_first_page_understood(
    running: Running, query: str
) -> None:
    whole = [one["id"] for one in (await asked(running, query))["results"]]
    first = await asked(running, query, limit=1)
    paged = [one["id"] for one in first["results"]]
    cursor = first["cursor"]
    while cursor is not None:
        page = await asked(running, query, limit=1, cursor=cursor)
        assert page["understood"] == first["understood"]
        paged += [one["id"] for one in page["results"]]
        cursor = page["cursor"]
    assert paged == whole


async def test_nothing_is_dropped_where_there_is_nothing_at_all(running: Running) -> None:
    created = await running.post("/collections", {"name": "empty"})
    assert created.status_code == 201
    reply = await asked(running, "snow in Berlin last winter", collection="empty")
    assert [one["applied"] for one in reply["understood"]["parts"]] == [True, True]


async def test_words_are_looked_for_without_what_is_a_condition(running: Running) -> None:
    reply = await asked(running, "red since 2020", mode="text")
    assert {one["path"].split("/")[-2] for one in reply["results"]} == {"red"}
    assert len(reply["results"]) == 6
    plain = await asked(running, "red since 2020", mode="text", parse=False)
    assert plain["results"] == []


@pytest.mark.parametrize("today", ["2026-02-30", "29.11.2026", "2026-11", 20261129, True, ""])
async def test_a_day_that_is_none_is_refused(running: Running, today: object) -> None:
    body = {"query": "red", "parse": True, "today": today}
    check_problem(await running.post("/search/text", body), 400, ErrorCode.VALIDATION)


async def test_pictures_say_which_city_they_were_taken_in(running: Running) -> None:
    found = (await asked(running, "red", parse=False))["results"]
    assert len(found) == 20
    places = {one["filename"]: one["place"] for one in found}
    assert places["000001.jpg"]["city"] == "Berlin"
    assert places["000004.jpg"] == {
        "city": "Paris",
        "country": "France",
        "country_code": "FR",
        "distance_km": pytest.approx(0.4, abs=0.5),
    }
    assert places["000005.jpg"] is None
    assert places["000006.jpg"] is None
    listed = (await running.http.get("/api/v1/images", params={"limit": 100})).json()["images"]
    (imported,) = [one for one in listed if one["filename"] == "berlin.jpg"]
    assert imported["place"]["city"] == "Berlin"
    shown = await running.http.get(f"/api/v1/images/{imported['id']}")
    assert shown.json()["place"] == imported["place"]
