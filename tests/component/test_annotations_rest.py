"""Own ratings, favourites and tags over REST: of the content, whatever becomes of collections."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.component.orchestrator_app import Running, check_problem, library, orchestrator
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

NOTHING: dict[str, Any] = {"rating": None, "favourite": None, "tags": []}
SAID = {"rating": 4, "favourite": True, "tags": ["print", "Sommer"]}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    library(tmp_path)
    async with orchestrator(tmp_path) as started:
        shutil.copy(started.photos / "red" / "0.png", started.photos / "copy.png")
        await started.ingested()
        yield started


async def images(running: Running) -> dict[str, Any]:
    listed = (await running.get("/images?limit=100"))["images"]
    return {one["path"].rpartition("photos/")[2]: one for one in listed}


async def put(running: Running, image_id: str, said: dict[str, Any]) -> Any:
    return await running.http.put(f"/api/v1/images/{image_id}/annotation", json=said)


async def test_what_is_said_of_an_image_is_shown_wherever_its_content_is(running: Running) -> None:
    red = (await images(running))["red/0.png"]
    url = f"/images/{red['id']}/annotation"
    assert await running.get(url) == NOTHING
    answer = await put(
        running, red["id"], {**SAID, "tags": ["Sommer", "print", "SOMMER", "print "]}
    )
    assert answer.json() == await running.get(url) == SAID
    everything = await images(running)
    shown = {name for name, one in everything.items() if one["annotation"] is not None}
    assert shown == {"red/0.png", "copy.png"}
    assert everything["copy.png"]["annotation"] == SAID
    assert (await running.get(f"/images/{red['id']}"))["annotation"] == SAID
    found = (await running.post("/search/text", {"query": "red", "limit": 5})).json()
    assert SAID in [one["annotation"] for one in found["results"]]
    assert (await put(running, red["id"], {})).json() == NOTHING
    assert (await images(running))["copy.png"]["annotation"] is None


BLUE = {"blue/0.png"}
FOUND: list[tuple[dict[str, Any], set[str]]] = [
    ({"favourite": True}, {"red/0.png", "copy.png"}),
    ({"tags": ["PRINT"]}, {"red/0.png", "copy.png", "blue/0.png"}),
    ({"tags": ["print", "sommer"]}, {"red/0.png", "copy.png"}),
    ({"tags": ["pri"]}, set()),
    ({"rating_min": 4}, {"red/0.png", "copy.png"}),
    ({"rating_max": 0}, {"blue/0.png"}),
    (
        {"any_of": [{"rating_max": -1}, {"favourite": True}]},
        {"red/0.png", "copy.png", "blue/0.png"},
    ),
    ({"tags": ["print"], "none_of": [{"favourite": True}]}, {"blue/0.png"}),
    ({"tags": ["print"], "favourite": False}, {"blue/0.png"}),
    ({"none_of": [{"favourite": False}]}, {"red/0.png", "copy.png"}),
]


@pytest.mark.parametrize(("filters", "names"), FOUND, ids=[str(asked) for asked, _ in FOUND])
async def test_searches_are_narrowed_by_what_people_say(
    running: Running, filters: dict[str, Any], names: set[str]
) -> None:
    there = await images(running)
    await put(running, there["red/0.png"]["id"], SAID)
    await put(running, there["blue/0.png"]["id"], {"rating": -1, "tags": ["Print"]})
    body = {"query": "red", "limit": 50, "filters": filters}
    found = (await running.post("/search/text", body)).json()["results"]
    assert {one["path"].rpartition("photos/")[2] for one in found} == names


async def test_it_outlives_its_collection(running: Running) -> None:
    red = (await images(running))["red/0.png"]
    await put(running, red["id"], SAID)
    assert (await running.http.delete("/api/v1/collections/default")).status_code == 204
    await running.ingested()
    assert (await images(running))["red/0.png"]["annotation"] == SAID


async def test_a_selection_is_changed_at_once(running: Running) -> None:
    there = await images(running)
    blue = [one["id"] for name, one in there.items() if name.startswith("blue")]
    await put(running, blue[0], SAID)
    nobody = "00000000-0000-4000-8000-000000000000"
    body = {"ids": [*blue, nobody, blue[0]], "rating": None, "add_tags": ["blue"]}
    answer = (await running.post("/selection/annotation", body)).json()
    assert (answer["images"], answer["missing"]) == (len(blue), [nobody])
    before = {tuple(one["ids"]): one["annotation"] for one in answer["before"]}
    assert before[blue[0],] == {**SAID, "tags": ["print", "Sommer"]}
    (others,) = set(before) - {(blue[0],)}
    assert (sorted(others), before[others]) == (sorted(blue[1:]), {**NOTHING, "tags": []})
    again = (await running.post("/selection/annotation", body)).json()
    assert again["before"] == [], "nothing is another by it"
    after = {one["id"]: one["annotation"] for one in (await images(running)).values()}
    assert after[blue[0]] == {
        "rating": None,
        "favourite": True,
        "tags": ["blue", "print", "Sommer"],
    }
    assert after[blue[1]] == {**NOTHING, "tags": ["blue"]}
    assert sum(one is not None for one in after.values()) == len(blue)


@pytest.mark.parametrize(
    "said",
    [
        {"rating": 6},
        {"rating": "4"},
        {"favourite": "yes"},
        {"tags": [""]},
        {"tags": [" "]},
        {"tags": ["a\nb"]},
        {"tags": ["x" * 101]},
        {"tags": ["t"] * 51},
        {"stars": 1},
    ],
    ids=str,
)
async def test_what_is_no_annotation_is_refused(running: Running, said: dict[str, Any]) -> None:
    red = (await images(running))["red/0.png"]
    check_problem(await put(running, red["id"], said), 400, ErrorCode.VALIDATION)


async def test_what_is_not_there_cannot_be_rated(running: Running) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    check_problem(await put(running, nobody, SAID), 404, ErrorCode.IMAGE_NOT_FOUND)
    tags = {"ids": [nobody], "add_tags": ["a"]}
    answer = await running.post("/selection/annotation", tags)
    assert answer.json() == {"images": 0, "missing": [nobody], "before": []}
    red = (await images(running))["red/0.png"]
    await put(running, red["id"], {"tags": [f"t{number}" for number in range(50)]})
    many = {"ids": [red["id"]], "add_tags": ["one more"]}
    check_problem(await running.post("/selection/annotation", many), 400, ErrorCode.VALIDATION)
