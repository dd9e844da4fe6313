"""Hidden folders over REST: nothing shows what lies in them, at once, unless it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.component.orchestrator_app import Running, check_problem, orchestrator
from tests.component.test_browsing_rest import degrees
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio
HIDDEN = "/collections/default/folders/hidden"
PICTURES = {  # name: a colour
    "a.jpg": "red",
    "private/b.jpg": "red",
    "private/deep/c.jpg": "blue",
    "private2/d.jpg": "green",
    "e.jpg": "blue",
}
SHOWN = {"a.jpg", "d.jpg", "e.jpg"}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


def paint(folder: Path) -> None:
    for number, (name, colour) in enumerate(PICTURES.items()):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"2020:01:{number + 1:02d} 10:00:00"
        place = {1: "N", 2: degrees(10.0), 3: "E", 4: degrees(20.0 + number)}
        exif.get_ifd(0x8825).update(place)
        path = folder / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40 + number, 40), colour).save(path, exif=exif)


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("hidden")
    paint(folder)
    async with orchestrator(folder) as started:
        job = await started.ingested()
        assert job["counts"]["embedded"] == len(PICTURES)
        yield started


@pytest.fixture
async def hidden(running: Running) -> AsyncIterator[str]:
    """The folder `private`, which is hidden for one test."""
    path = str(running.photos / "private")
    made = await running.post(HIDDEN, {"path": path})
    assert (made.status_code, made.json()["path"]) == (200, path)
    yield path
    url = f"/api/v1{HIDDEN}"
    assert (await running.http.delete(url, params={"path": path})).status_code == 204
    assert await listed(running) == set(PICTURES_BY_NAME)
    collection = await running.get("/collections/default")
    assert (collection["count"], collection["hidden_count"]) == (5, 0)


PICTURES_BY_NAME = {name.rpartition("/")[2]: name for name in PICTURES}


async def listed(running: Running, query: str = "") -> set[str]:
    page = await running.get(f"/images?limit=50{query}")
    names = {image["filename"] for image in page["images"]}
    assert page["total"] == len(names)
    return names


def names(reply: httpx.Response) -> set[str]:
    assert reply.status_code == 200, reply.text
    return {hit["filename"] for hit in reply.json()["results"]}


async def id_of(running: Running, name: str) -> str:
    page = await running.get("/images?limit=50&include_hidden=true")
    return next(str(one["id"]) for one in page["images"] if one["filename"] == name)


async def test_no_search_finds_what_is_hidden(running: Running, hidden: str) -> None:
    text: dict[str, Any] = {"query": "red", "limit": 50}
    every = {"filters": {"include_hidden": True}}
    for more in ({}, {"mode": "text"}, {"mode": "hybrid"}):
        found = names(await running.post("/search/text", {**text, **more}))
        assert not found & {"b.jpg", "c.jpg"}, more
    assert names(await running.post("/search/text", text)) == SHOWN
    assert names(await running.post("/search/text", text | every)) == set(PICTURES_BY_NAME)
    whole = {"query": "red", "limit": 50, "with_total": True}
    by_all = await running.post("/search", whole)
    assert names(by_all) == SHOWN
    assert by_all.json()["total"] == len(SHOWN)
    assert names(await running.post("/search", whole | every)) == set(PICTURES_BY_NAME)
    for sort in ("taken_at", "path"):
        assert names(await running.post("/search", {**whole, "sort": sort})) == SHOWN
    assert names(await running.post("/search", {"filters": {"folder": hidden}})) == set()
    picture = (running.photos / "private/b.jpg").read_bytes()
    for given, expected in (("{}", SHOWN), ('{"include_hidden": true}', set(PICTURES_BY_NAME))):
        reply = await running.http.post(
            "/api/v1/search/image", files={"file": picture}, data={"filters": given, "limit": "50"}
        )
        assert names(reply) == expected


async def test_likeness_to_a_hidden_image_is_asked_by_its_id(running: Running, hidden: str) -> None:
    b, a = await id_of(running, "b.jpg"), await id_of(running, "a.jpg")
    url = f"/api/v1/images/{b}/similar"
    assert names(await running.http.get(url)) == SHOWN
    every = names(await running.http.get(f"/api/v1/images/{a}/similar?include_hidden=true"))
    assert every == set(PICTURES_BY_NAME) - {"a.jpg"}
    for part in ("", "/thumbnail", "/preview", "/file", "/vector"):
        answer = await running.http.get(f"/api/v1/images/{b}{part}")
        assert answer.status_code == 200, part
    archive = await running.post("/selection/zip", {"ids": [b]})
    assert archive.status_code == 200
    assert b"b.jpg" in archive.content


async def test_no_list_or_count_shows_what_is_hidden(running: Running, hidden: str) -> None:
    assert await listed(running) == SHOWN
    assert await listed(running, "&sort=path") == SHOWN
    assert await listed(running, f"&folder={hidden}") == set()
    assert await listed(running, "&include_hidden=true") == set(PICTURES_BY_NAME)
    asked = '&filters={"include_hidden":true}'
    assert await listed(running, asked) == set(PICTURES_BY_NAME)
    for query, count in (("", 3), ("?include_hidden=true", 5)):
        buckets = (await running.get(f"/images/timeline{query}"))["buckets"]
        assert sum(one["count"] for one in buckets) == count
        facets = await running.get(f"/images/facets{query}")
        assert sum(one["count"] for one in facets["formats"]["values"]) == count
        assert sum(one["count"] for one in facets["folders"]["values"]) == count
        clusters = (await running.get(f"/images/map{query}"))["clusters"]
        assert sum(one["count"] for one in clusters) == count
        (top,) = (await running.get(f"/folders{query}"))["folders"]
        assert top["images_in_all"] == count
    collection = await running.get("/collections/default")
    assert (collection["count"], collection["hidden_count"]) == (5, 2)
    (in_list,) = (await running.get("/collections"))["collections"]
    assert in_list["hidden_count"] == 2
    below = (await running.get(f"/folders?path={running.photos}"))["folders"]
    assert [one["name"] for one in below] == ["private2"]
    assert (await running.get(f"/folders?path={hidden}"))["folders"] == []
    all_below = await running.get(f"/folders?path={running.photos}&include_hidden=true")
    assert [one["name"] for one in all_below["folders"]] == ["private", "private2"]


async def test_the_next_page_of_a_search_that_began_before_shows_it_no_more(
    running: Running,
) -> None:
    first = (await running.post("/search/text", {"query": "red", "limit": 1})).json()
    page = await running.get("/images?limit=1&sort=path")
    path = {"path": str(running.photos / "private")}
    assert (await running.post(HIDDEN, path)).status_code == 200
    rest = await running.post(
        "/search/text", {"query": "red", "limit": 50, "cursor": first["cursor"]}
    )
    assert not names(rest) & {"b.jpg", "c.jpg"}
    following = await running.get(f"/images?limit=50&sort=path&cursor={page['cursor']}")
    assert not {one["filename"] for one in following["images"]} & {"b.jpg", "c.jpg"}
    again = await running.post(HIDDEN, path)
    assert again.status_code == 200, "asking twice is asking once"
    (kept,) = (await running.get(HIDDEN))["folders"]
    assert kept == again.json()
    url = f"/api/v1{HIDDEN}"
    assert (await running.http.delete(url, params=path)).status_code == 204
    check_problem(await running.http.delete(url, params=path), 404, ErrorCode.FOLDER_NOT_FOUND)
    assert (await running.get(HIDDEN))["folders"] == []


async def test_what_is_no_folder_of_the_collection_is_refused(running: Running) -> None:
    for path, status, code in (
        ("/elsewhere", 404, ErrorCode.FOLDER_NOT_FOUND),
        (str(running.photos.parent), 404, ErrorCode.FOLDER_NOT_FOUND),
        ("a\0b", 404, ErrorCode.DIRECTORY_NOT_FOUND),
        ("", 400, ErrorCode.VALIDATION),
    ):
        check_problem(await running.post(HIDDEN, {"path": path}), status, code)
    missing = await running.post("/collections/none/folders/hidden", {"path": "/a"})
    check_problem(missing, 404, ErrorCode.COLLECTION_NOT_FOUND)


async def test_it_stays_hidden_over_a_start_an_import_and_a_root_that_moves(
    tmp_path: Path,
) -> None:
    paint(tmp_path)
    e_acute = "priv\u00e9"
    (tmp_path / "photos" / "private").rename(tmp_path / "photos" / "prive\u0301")
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        await running.ingested()
        typed = str(running.photos / e_acute)  # as no name on the disk is encoded
        made = await running.post(HIDDEN, {"path": typed})
        assert made.json()["path"].endswith("prive\u0301")
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        await running.ingested(force=True)
        assert await listed(running) == SHOWN
        running.photos.rename(tmp_path / "moved")
        body = {"from": str(running.photos), "to": str(tmp_path / "moved")}
        moved = await running.post("/collections/default/roots/repoint", body)
        assert moved.status_code == 200, moved.text
        assert await listed(running) == SHOWN
        (kept,) = (await running.get(HIDDEN))["folders"]
        assert kept["path"] == str(tmp_path / "moved" / "prive\u0301")
        (tmp_path / "photos").mkdir()
