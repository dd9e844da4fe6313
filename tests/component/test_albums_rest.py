"""Albums over REST: by hand, by a search that fills them, and what becomes of both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.component.album_steps import NOBODY, REDS, ids, made, name_of, pages
from tests.component.orchestrator_app import (
    Running,
    check_problem,
    library,
    orchestrator,
    paint,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    library(tmp_path)
    async with orchestrator(tmp_path) as started:
        await started.ingested()
        yield started


async def test_an_album_by_hand_holds_contents_newest_first(running: Running) -> None:
    there = await ids(running)
    album = await made(running, "Wall", image_ids=[there["red/0.png"], there["blue/1.png"]])
    assert (album["images"], album["fills_itself"], album["search"]) == (2, False, None)
    images = f"/albums/{album['id']}/images"
    body = {"ids": [there["green/0.png"], NOBODY, there["green/0.png"]]}
    changed = (await running.post(images, body)).json()
    assert changed == {
        "changed": 1,
        "images": 3,
        "missing": [NOBODY],
        "fresh": [there["green/0.png"]],
    }
    known = {"ids": [there["green/0.png"], there["green/1.png"]]}
    assert (await running.post(images, known)).json()["fresh"] == [there["green/1.png"]]
    await running.post(f"{images}/remove", {"ids": [there["green/1.png"]]})
    found = await pages(running, album["id"], limit=2)
    assert {name_of(one) for one in found} == {"red/0.png", "blue/1.png", "green/0.png"}
    assert {one["score"] for one in found} == {None}
    by_path = await pages(running, album["id"], "&sort=path", limit=1)
    assert [name_of(one) for one in by_path] == ["blue/1.png", "green/0.png", "red/0.png"]
    backwards = await pages(running, album["id"], "&sort=path&order=desc")
    assert [name_of(one) for one in backwards] == ["red/0.png", "green/0.png", "blue/1.png"]
    gone = (await running.post(f"{images}/remove", {"ids": [there["red/0.png"]]})).json()
    assert gone == {"changed": 1, "images": 2, "missing": [], "fresh": []}
    listed = (await running.get("/albums"))["albums"]
    assert [(one["name"], one["cover"]["image_id"]) for one in listed] == [
        ("Wall", there["green/0.png"])
    ]
    assert (await running.http.get(listed[0]["cover"]["thumbnail_url"])).status_code == 200


async def test_a_saved_search_fills_its_album_as_pictures_come_in(running: Running) -> None:
    album = await made(running, "Reds", search={**REDS, "limit": 3, "with_total": True})
    assert album["search"] == {**REDS, "collection": "default"}
    assert (album["query"], album["found"], album["cover"]) == ("red", None, None)
    found = await pages(running, album["id"], limit=2)
    assert {name_of(one) for one in found} == {
        *(f"red/{number}.png" for number in range(4)),
        "red/as.jpg",
    }
    assert all(one["score"] > 0.9 for one in found)
    shown = await running.get(f"/albums/{album['id']}")
    assert (shown["found"]["images"], shown["found"]["is_exact"]) == (5, True)
    assert shown["cover"]["image_id"] == found[0]["id"]
    paint(running.photos / "new.png", "red", side_px=90)
    await running.ingested()
    assert len(await pages(running, album["id"])) == 6
    assert (await running.get(f"/albums/{album['id']}"))["found"]["images"] == 6


async def test_by_hand_comes_before_what_is_found_and_nothing_comes_twice(
    running: Running,
) -> None:
    there = await ids(running)
    by_hand = [there["blue/0.png"], there["red/1.png"], there["green/2.png"]]
    album = await made(running, "Both", search=REDS, image_ids=by_hand)
    out = {"ids": [there["red/2.png"]]}
    changed = (await running.post(f"/albums/{album['id']}/images/remove", out)).json()
    assert (changed["changed"], changed["images"], changed["missing"]) == (1, 3, [])
    expected = {"red/0.png", "red/3.png", "red/as.jpg"}
    for limit in (1, 2, 3, 4, 100):
        found = await pages(running, album["id"], limit=limit)
        assert {one["id"] for one in found[:3]} == set(by_hand), limit
        assert {name_of(one) for one in found[3:]} == expected, limit
    for asked in ("&sort=taken_at", "&sort=added&order=asc", "&sort=path"):
        found = await pages(running, album["id"], asked, limit=2)
        assert {name_of(one) for one in found[3:]} == expected
    await running.post(f"/albums/{album['id']}/images", out)
    assert len(await pages(running, album["id"])) == 7


SEARCHES: list[dict[str, Any]] = [
    {"filters": {"folder": "/", "formats": ["jpeg"]}},
    {"filters": {"taken_before": "2019", "taken_after": "2018-02"}},
    {"query": '"red"'},
    {"query": "red", "mode": "text"},
    {"query": "red", "mode": "vector", "min_relevance": 0.5, "diverse": True},
    {"vector": [1, 0, 0, 0, 0, 0, 0, 0], "min_score": 0.5, "sort": "taken_at", "order": "asc"},
    {"query": "red in Berlin last winter", "parse": True, "today": "2026-11-29", "min_score": 0},
]


@pytest.mark.parametrize("search", SEARCHES, ids=str)
async def test_what_a_search_asks_is_what_its_album_asks(
    running: Running, search: dict[str, Any]
) -> None:
    album = await made(running, "An album", search=search)
    for sorting in ("", "&sort=path", "&sort=relevance&order=desc"):
        answer = await running.http.get(f"/api/v1/albums/{album['id']}/images?limit=50{sorting}")
        assert answer.status_code == 200, answer.text
    asked = {**search, "limit": 50, "with_total": True}
    expected = (await running.post("/search", asked)).json()
    found = await running.get(f"/albums/{album['id']}/images?limit=50")
    assert found["results"] == expected["results"]
    assert (found["total"], found["mode_used"]) == (expected["total"], expected["mode_used"])
    kept = {name: value for name, value in album["search"].items() if name != "collection"}
    assert (await running.post("/search", {**kept, "limit": 50})).json()["results"] == (
        expected["results"]
    )


@pytest.mark.parametrize(
    "body",
    [
        {"name": " "},
        {"name": "a\nb"},
        {"name": "x" * 201},
        {"name": "a", "search": {"query": "red"}},
        {"name": "a", "search": {"query": '"red"', "mode": "vector"}},
        {"name": "a", "search": {"positive": [{"file": "a.jpg"}], "min_score": 0.5}},
        {"name": "a", "collection": "b", "search": {**REDS, "collection": "default"}},
        {"name": "a", "image_ids": [NOBODY]},
        {"name": "a", "pictures": []},
    ],
    ids=str,
)
async def test_what_is_no_album_is_refused(running: Running, body: dict[str, Any]) -> None:
    check_problem(await running.post("/albums", body), 400, ErrorCode.VALIDATION)
    assert (await running.get("/albums"))["albums"] == []


async def test_albums_are_changed_listed_and_deleted(running: Running) -> None:
    album = await made(running, "Reds", search=REDS)
    url = f"/api/v1/albums/{album['id']}"
    check_problem(await running.post("/albums", {"name": "REDS"}), 409, ErrorCode.ALBUM_EXISTS)
    await pages(running, album["id"])
    renamed = (await running.http.patch(url, json={"name": "Rot"})).json()
    assert (renamed["name"], renamed["search"], renamed["found"]["images"]) == (
        "Rot",
        album["search"],
        5,
    )
    greens = {"query": "green", "min_score": 0.9}
    changed = (await running.http.patch(url, json={"search": greens})).json()
    assert (changed["query"], changed["found"]) == ("green", None)
    assert {name_of(one)[:5] for one in await pages(running, album["id"])} == {"green"}
    emptied = (await running.http.patch(url, json={"search": None})).json()
    assert (emptied["fills_itself"], emptied["query"], emptied["search"]) == (False, None, None)
    assert await pages(running, album["id"]) == []
    for name in ("a", "b", "c"):
        await made(running, name)
    first = await running.get("/albums?limit=3")
    assert [one["name"] for one in first["albums"]] == ["a", "b", "c"]
    rest = await running.get(f"/albums?limit=3&after={first['next_after']}")
    assert [one["name"] for one in rest["albums"]] == ["Rot"]
    assert rest["next_after"] is None
    assert [one["id"] for one in (await running.get("/albums?name=rOT"))["albums"]] == [album["id"]]
    assert (await running.get("/albums?name=rot&collection=other"))["albums"] == []
    assert (await running.http.delete(url)).status_code == 204
    for answer in (
        await running.http.delete(url),
        await running.http.get(url),
        await running.http.get(f"{url}/images"),
        await running.http.patch(url, json={}),
        await running.http.post(f"{url}/images", json={"ids": [NOBODY]}),
        await running.http.post(f"{url}/images/remove", json={"ids": [NOBODY]}),
    ):
        check_problem(answer, 404, ErrorCode.ALBUM_NOT_FOUND)


async def test_albums_outlive_their_collection_and_follow_its_name(running: Running) -> None:
    there = await ids(running)
    album = await made(running, "Both", search=REDS, image_ids=[there["blue/0.png"]])
    answer = await running.http.patch("/api/v1/collections/default", json={"name": "first"})
    assert answer.status_code == 200
    assert (await running.get(f"/albums/{album['id']}"))["collection"] == "first"
    assert len(await pages(running, album["id"])) == 6
    assert (await running.http.delete("/api/v1/collections/first")).status_code == 204
    url = f"/api/v1/albums/{album['id']}"
    check_problem(await running.http.get(f"{url}/images"), 404, ErrorCode.COLLECTION_NOT_FOUND)
    assert (await running.get(f"/albums/{album['id']}"))["images"] == 1
    check_problem(
        await running.http.patch(url, json={"collection": "second"}),
        404,
        ErrorCode.COLLECTION_NOT_FOUND,
    )
    assert (await running.post("/collections", {"name": "second"})).status_code == 201
    await running.ingested(collection="second")
    moved = (await running.http.patch(url, json={"collection": "second"})).json()
    assert (moved["collection"], moved["search"]["collection"]) == ("second", "second")
    found = await pages(running, album["id"])
    assert name_of(found[0]) == "blue/0.png"
    assert len(found) == 6
