"""Browsing over REST: pages by cursor, a timeline, facets, a map, folders."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from ingestion_orchestration_fastapi_app.domain.library.catalogue import CATALOGUE_VERSION
from tests.component.orchestrator_app import Running, check_problem, orchestrator
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

# name: when it was taken, camera, where
PICTURES: dict[str, tuple[str | None, str, tuple[float, float] | None]] = {
    "2019/beach/a.jpg": ("2019:07:14 11:00:00", "Canon", (43.4, -1.6)),
    "2019/beach/b.jpg": ("2019:07:14 12:00:00", "Canon", (43.41, -1.61)),
    "2019/c.jpg": ("2019:12:31 23:59:59", "NIKON", None),
    "2020/d.jpg": ("2020:01:01 00:00:00", "NIKON", (-17.0, 179.0)),
    "2020/e.jpg": ("2020:07:01 10:00:00", "Canon", (-17.1, -179.9)),
    "f.jpg": ("2021:02:03 10:00:00", "Canon", None),
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("browsing")
    for number, (name, told) in enumerate(PICTURES.items()):
        taken(folder / "photos" / name, 60 + number, *told)
    liked = {"title": "c.jpg", "photoTakenTime": {"timestamp": "1577836799"}, "favorited": True}
    (folder / "photos" / "2019" / "c.jpg.json").write_text(json.dumps(liked))  # Google Takeout's
    async with orchestrator(folder) as started:
        job = await started.ingested()
        assert job["counts"]["embedded"] == len(PICTURES)
        yield started


def taken(
    path: Path, side_px: int, at: str | None, camera: str, place: tuple[float, float] | None
) -> None:
    exif = Image.Exif()
    exif[0x010F] = camera
    exif[0x0110] = "One"
    if at is not None:
        exif.get_ifd(0x8769)[0x9003] = at
    if place is not None:
        latitude, longitude = place
        gps = exif.get_ifd(0x8825)
        gps.update({1: "N" if latitude >= 0 else "S", 2: degrees(latitude)})
        gps.update({3: "E" if longitude >= 0 else "W", 4: degrees(longitude)})
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (side_px, side_px), (side_px, 0, 0)).save(path, exif=exif)


def degrees(value: float) -> tuple[IFDRational, ...]:
    return IFDRational(round(abs(value) * 10_000), 10_000), IFDRational(0), IFDRational(0)


def names(page: Any) -> list[str]:
    return [image["filename"] for image in page["images"]]


async def whole(running: Running, query: str, *, limit: int) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        page = await running.get(f"/images?limit={limit}&{query}{cursor}")
        assert page["total"] >= len(page["images"])
        found += names(page)
        if page["cursor"] is None:
            return found
        cursor = f"&cursor={quote(page['cursor'])}"


@pytest.mark.parametrize("limit", [1, 4, 6, 100])
async def test_pages_by_cursor_give_each_image_once_in_any_order(
    running: Running, limit: int
) -> None:
    by_time = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg"]
    assert await whole(running, "sort=taken_at", limit=limit) == by_time
    assert await whole(running, "sort=taken_at&order=desc", limit=limit) == by_time[::-1]
    by_path = ["f.jpg", "c.jpg", "a.jpg", "b.jpg", "d.jpg", "e.jpg"]
    assert await whole(running, "", limit=limit) == by_path
    assert await whole(running, "order=desc", limit=limit) == by_path[::-1]
    added = await whole(running, "sort=added", limit=limit)
    assert sorted(added) == by_time
    assert await whole(running, "sort=added&order=desc", limit=limit) == added[::-1]
    filtered = await whole(running, "sort=taken_at&camera=canon", limit=limit)
    assert filtered == ["a.jpg", "b.jpg", "e.jpg", "f.jpg"]


async def test_a_page_says_how_many_there_are_and_goes_on_by_offset_too(running: Running) -> None:
    page = await running.get("/images?limit=4")
    assert (page["total"], page["total_is_exact"], page["next_offset"]) == (6, True, 4)
    rest = await running.get("/images?limit=4&offset=4")
    assert names(rest) == ["d.jpg", "e.jpg"]
    assert (rest["next_offset"], rest["cursor"], rest["warnings"]) == (None, None, [])
    after = await running.get(f"/images?limit=2&cursor={quote(page['cursor'])}")
    assert (names(after), after["next_offset"]) == (["d.jpg", "e.jpg"], None)


async def test_tiles_say_what_images_do_in_the_same_order(running: Running) -> None:
    """But for what is not seen at once; and a whole month comes by its bucket's cursor."""
    first = (await running.get("/images?limit=1"))["images"][0]
    said = {"rating": 2, "favourite": True, "tags": ["print"]}
    url = f"/api/v1/images/{first['id']}/annotation"
    assert (await running.http.put(url, json=said)).is_success
    full, tiles = await running.get("/images?limit=4"), await running.get("/images/tiles?limit=4")
    assert {**tiles, "images": full["images"]} == full
    assert len(tiles["images"]) == 4
    assert [tile["favourite"] for tile in tiles["images"]].count(True) == 1
    for tile, image in zip(tiles["images"], full["images"], strict=True):
        place = tile.pop("place")
        assert tile == {name: image[name] for name in tile}
        assert tile["placeholder"] is not None
        of_image = image["place"] or {}
        assert (place or {}) == {name: of_image[name] for name in ("city", "country") if of_image}
        assert tile["annotation"] == (said if image["id"] == first["id"] else None)
    rest = await running.get(f"/images/tiles?cursor={quote(full['cursor'])}")
    assert names(rest) == ["d.jpg", "e.jpg"]
    line = await running.get("/images/timeline?by=month")
    july = next(one for one in line["buckets"] if one["bucket"] == "2019-07")
    query = {"sort": "taken_at", "order": "desc", "cursor": july["cursor"], "limit": july["count"]}
    assert names(await running.get(f"/images/tiles?{urlencode(query)}")) == ["b.jpg", "a.jpg"]
    assert (await running.http.put(url, json={})).is_success
    gone = await running.http.get("/api/v1/images/tiles?collection=none")
    check_problem(gone, 404, ErrorCode.COLLECTION_NOT_FOUND)
    more = await running.http.get("/api/v1/images/tiles?limit=501")
    check_problem(more, 400, ErrorCode.VALIDATION)


async def test_a_cursor_is_of_its_own_list_alone(running: Running) -> None:
    cursor = (await running.get("/images?limit=1&sort=taken_at"))["cursor"]
    for other in ("sort=added", "sort=path", "sort=taken_at&order=desc", "sort=taken_at&lens=x"):
        response = await running.http.get(f"/api/v1/images?{other}&cursor={quote(cursor)}")
        check_problem(response, 400, ErrorCode.CURSOR)
    for made_up in ("AAAA", cursor[:-8], "!", cursor[4:]):
        response = await running.http.get(f"/api/v1/images?cursor={quote(made_up)}")
        check_problem(response, 400, ErrorCode.CURSOR)
    both = f"sort=taken_at&offset=1&cursor={quote(cursor)}"
    check_problem(await running.http.get(f"/api/v1/images?{both}"), 400, ErrorCode.VALIDATION)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("by", ["year", "month", "day"])
async def test_each_bucket_of_the_timeline_begins_where_its_cursor_says(
    running: Running, by: str, order: str
) -> None:
    line = await running.get(f"/images/timeline?by={by}&order={order}")
    counts = {one["bucket"]: one["count"] for one in line["buckets"]}
    expected = {
        "year": {"2019": 3, "2020": 2, "2021": 1},
        "month": {"2019-07": 2, "2019-12": 1, "2020-01": 1, "2020-07": 1, "2021-02": 1},
        "day": {
            **{"2019-07-14": 2, "2019-12-31": 1, "2020-01-01": 1, "2020-07-01": 1},
            "2021-02-03": 1,
        },
    }
    assert counts == expected[by]
    assert list(counts) == sorted(counts, reverse=order == "desc")
    assert (line["undated"], line["undated_cursor"], line["truncated"]) == (0, None, False)
    every = await whole(running, f"sort=taken_at&order={order}", limit=9)
    passed = 0
    for one in line["buckets"]:
        query = {"sort": "taken_at", "order": order, "cursor": one["cursor"], "limit": 1}
        page = await running.get(f"/images?{urlencode(query)}")
        assert names(page) == [every[passed]]
        passed += one["count"]


async def test_a_map_clusters_what_is_near_also_over_the_antimeridian(running: Running) -> None:
    world = await running.get("/images/map?zoom=0")
    assert sum(one["count"] for one in world["clusters"]) == 4
    biscay = "min_latitude=43&max_latitude=44&min_longitude=-2&max_longitude=-1"
    (cluster,) = (await running.get(f"/images/map?{biscay}&zoom=5"))["clusters"]
    assert (cluster["count"], cluster["latitude"]) == (2, pytest.approx(43.405))
    assert cluster["longitude"] == pytest.approx(-1.605)
    assert (await running.get(f"/images/{cluster['image_id']}"))["filename"] in ("a.jpg", "b.jpg")
    assert (await running.http.get(cluster["thumbnail_url"])).status_code == 200
    fiji = "min_latitude=-20&max_latitude=-10&min_longitude=170&max_longitude=-170"
    (cluster,) = (await running.get(f"/images/map?{fiji}&zoom=1"))["clusters"]
    assert (cluster["count"], cluster["longitude"]) == (2, pytest.approx(179.55))
    near = await running.get(f"/images/map?{fiji}&zoom=22&camera=nikon")
    assert [one["count"] for one in near["clusters"]] == [1]
    assert near["cell_degrees"] > 360 / 2**22 / 4  # else there would be too many
    upside_down = await running.http.get("/api/v1/images/map?min_latitude=9&max_latitude=8")
    check_problem(upside_down, 400, ErrorCode.VALIDATION)


async def test_folders_are_a_tree(running: Running) -> None:
    top = await running.get("/folders")
    photos = str(running.photos)
    assert top["folders"] == [{"path": photos, "name": photos, "images": 1, "images_in_all": 6}]
    below = await running.get(f"/folders?path={quote(photos)}")
    numbers = [(one["name"], one["images"], one["images_in_all"]) for one in below["folders"]]
    assert numbers == [("2019", 1, 3), ("2020", 2, 2)]
    page = await running.get(f"/folders?path={quote(photos)}/&limit=1&offset=1")
    assert [one["name"] for one in page["folders"]] == ["2020"]
    assert (page["total"], page["next_offset"]) == (2, None)
    (beach,) = (await running.get(f"/folders?path={quote(photos)}/2019"))["folders"]
    assert beach["path"] == f"{photos}/2019/beach"
    assert (await running.get(f"/folders?path={quote(beach['path'])}"))["folders"] == []
    for path in ("/elsewhere", photos + "/20", "relative"):
        assert (await running.get(f"/folders?path={quote(path)}"))["folders"] == []


async def test_a_collection_that_is_not_there_or_empty_says_so(running: Running) -> None:
    calls = ("images", "images/timeline", "images/facets", "images/map", "folders")
    for call in calls:
        gone = await running.http.get(f"/api/v1/{call}?collection=none")
        check_problem(gone, 404, ErrorCode.COLLECTION_NOT_FOUND)
    assert (await running.post("/collections", {"name": "empty"})).status_code == 201
    for call in calls:
        found = await running.get(f"/{call}?collection=empty")
        assert (found["collection"], found["warnings"]) == ("empty", [])


async def test_what_may_not_be_shown_is_counted_nowhere(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    taken(photos / "shown" / "a.jpg", 60, None, "Canon", (1, 2))
    taken(photos / "hidden" / "b.jpg", 61, None, "NIKON", (1, 2))
    async with orchestrator(tmp_path) as running:
        await running.ingested()
    async with orchestrator(tmp_path, ingest_roots=(photos / "shown",)) as running:
        page = await running.get("/images")
        assert (names(page), page["total"]) == (["a.jpg"], 1)
        facets = await running.get("/images/facets")
        assert [one["value"] for one in facets["cameras"]["values"]] == ["Canon One"]
        line = await running.get("/images/timeline?by=year")
        assert sum(one["count"] for one in line["buckets"]) + line["undated"] == 1
        assert [one["count"] for one in (await running.get("/images/map"))["clusters"]] == [1]
        (top,) = (await running.get("/folders"))["folders"]
        assert (top["path"], top["images_in_all"]) == (str(photos / "shown"), 1)
        hidden = quote(str(photos))
        assert len((await running.get(f"/folders?path={hidden}"))["folders"]) == 1


async def test_a_catalogue_that_is_being_filled_says_so_and_breaks_no_page(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for number in range(3):
        taken(photos / f"{number}.jpg", 60 + number, None, "Canon", None)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        services = running.app.state.services
        collection = await services.collections.get("default")
        catalogue = services.ports.ledger.catalogue
        ids = await catalogue.point_ids(collection.id, after=None, limit=9)
        await catalogue.set_version(collection.id, None)
        await catalogue.forget(collection.id, ids[:1])
        page = await running.get("/images?sort=taken_at")
        assert (len(page["images"]), len(page["warnings"])) == (2, 1)
        page = await running.get("/images?limit=2")  # as before there was a catalogue
        assert (names(page), page["next_offset"]) == (["0.jpg", "1.jpg"], 2)
        assert (page["total"], page["cursor"], page["warnings"]) == (3, None, [])
        await catalogue.set_version(collection.id, CATALOGUE_VERSION)
        await services.ports.store.delete(collection.bound().table, [ids[1]])  # of which none knew
        page = await running.get("/images?limit=2")
        assert len(page["images"]) == 1
        assert page["cursor"] is not None
