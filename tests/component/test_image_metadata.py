"""What files and their sidecars say of images, over the REST API: shown, searched, kept fresh."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from tests.picture_files import LONG_AGO_NS, dng, scene, xmp, xmp_with
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


async def test_a_sidecar_is_part_of_its_file(tmp_path: Path) -> None:
    """Editing, adding or removing it changes what is said of the image, without inference."""
    paint(tmp_path / "photos" / "a.png", "red")
    _long_ago(tmp_path / "photos" / "a.png")
    sidecar = tmp_path / "photos" / "a.xmp"
    async with orchestrator(tmp_path) as running:

        async def imported() -> tuple[dict[str, int], Any]:
            job = await running.ingested()
            (image,) = (await running.get("/images"))["images"]
            assert running.service.images == 1
            return job["counts"], image

        counts, image = await imported()
        assert (counts["embedded"], image["title"], image["rating"]) == (1, None, None)
        assert image["taken_at_source"] == "file_mtime"
        assert image["taken_at_offset_min"] == 0
        for title, rating in (("First", 3), ("Second", 5)):
            sidecar.write_bytes(xmp(title=title, rating=rating, keywords=["Rome", "Été"]))
            _long_ago(sidecar)
            counts, image = await imported()
            assert (counts["cached"], image["title"], image["rating"]) == (1, title, rating)
            assert image["keywords"] == ["Rome", "Été"]
            counts, _ = await imported()
            assert counts["unchanged"] == 1
        sidecar.unlink()
        counts, image = await imported()
        assert (counts["cached"], image["title"], image["keywords"]) == (1, None, [])


async def test_a_sidecar_turns_the_picture(tmp_path: Path) -> None:
    """What the model sees, the thumbnail and the size; a copy without a sidecar stays as it is."""
    photos = tmp_path / "photos"
    photos.mkdir()
    two_halves = Image.new("RGB", (400, 200), "red")
    two_halves.paste("blue", (200, 0, 400, 200))
    for name in ("a.png", "copy.png"):
        two_halves.save(photos / name)
        _long_ago(photos / name)
    sidecar, lying, standing = photos / "a.xmp", (400, 200), (200, 400)
    async with orchestrator(tmp_path) as running:

        async def imported(orientation: int) -> tuple[str, int]:
            sidecar.write_bytes(xmp_with("", f' tiff:Orientation="{orientation}"'))
            _long_ago(sidecar)
            job = await running.ingested()
            (outcome,) = (name for name in ("embedded", "cached") if job["counts"][name])
            return outcome, running.service.images

        await running.ingested()
        assert running.service.images == 1  # of two copies
        assert await _shown(running, "a.png") == (lying, "red")
        assert await imported(6) == ("embedded", 2)
        assert await _shown(running, "a.png") == (standing, "red")
        assert await _shown(running, "copy.png") == (lying, "red")
        assert await imported(8) == ("embedded", 3)
        assert await _shown(running, "a.png") == (standing, "blue")
        assert await imported(1) == ("cached", 3)
        assert await _shown(running, "a.png") == (lying, "red")


async def test_a_turned_thumbnail_that_the_cache_lost_is_turned_again(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (400, 200), "red").save(photos / "a.png")
    (photos / "a.xmp").write_bytes(xmp_with("", ' tiff:Orientation="6"'))
    async with orchestrator(tmp_path) as running:
        await running.ingested()
    for cache in (tmp_path / "data").glob("cache*"):
        shutil.rmtree(cache)
    async with orchestrator(tmp_path) as running:
        assert await _shown(running, "a.png") == ((200, 400), "red")


async def test_files_of_one_shot_know_each_other(tmp_path: Path) -> None:
    """Also where the second comes later; both are images."""
    photos = tmp_path / "photos"
    paint(photos / "a.jpg", "red")
    _long_ago(photos / "a.jpg")
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        (photos / "a.dng").write_bytes(dng(scene(200, 150)))
        (photos / "a.mov").write_bytes(b"a film")
        for name in ("a.dng", "a.mov"):
            _long_ago(photos / name)
        job = await running.ingested()
        assert (job["counts"]["cached"], job["counts"]["embedded"]) == (1, 1)
        images = (await running.get("/images"))["images"]
        found = {image["filename"]: image["companions"] for image in images}
        assert found == {"a.jpg": ["a.dng", "a.mov"], "a.dng": ["a.jpg", "a.mov"]}
        (photos / "a.mov").unlink()
        await running.ingested()
        images = (await running.get("/images"))["images"]
        assert {image["filename"]: image["companions"] for image in images} == {
            "a.jpg": ["a.dng"],
            "a.dng": ["a.jpg"],
        }
        assert (await running.ingested())["counts"]["unchanged"] == 2


async def _shown(running: Running, name: str) -> tuple[tuple[int, int], str]:
    """The size that is told, and the colour in the thumbnail's upper left."""
    images = (await running.get("/images"))["images"]
    (image,) = (image for image in images if image["filename"] == name)
    answer = await running.http.get(image["thumbnail_url"])
    thumbnail = Image.open(io.BytesIO(answer.content)).convert("RGB")
    size = (image["width_px"], image["height_px"])
    assert (thumbnail.width > thumbnail.height) == (size[0] > size[1])
    pixel = thumbnail.getpixel((10, 10))
    assert isinstance(pixel, tuple)
    return size, "red" if pixel[0] > pixel[2] else "blue"


async def test_a_takeout_says_when_and_where(tmp_path: Path) -> None:
    """Its JSON comes after the picture, and changes no vector."""
    photo = tmp_path / "photos" / "IMG_1(1).png"
    paint(photo, "red")
    _long_ago(photo)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        beside = photo.with_name("IMG_1.png.supplemental-metad(1).json")
        place = {"latitude": 43.4, "longitude": -1.6, "altitude": 0.0}
        said = {"photoTakenTime": {"timestamp": "1562254212"}, "geoData": place, "favorited": True}
        beside.write_text(json.dumps(said))
        _long_ago(beside)
        job = await running.ingested()
        assert (job["counts"]["cached"], running.service.images) == (1, 1)
        (image,) = (await running.get("/images"))["images"]
    assert (image["taken_at"], image["taken_at_source"]) == ("2019-07-04T15:30:12", "takeout")
    assert (image["latitude"], image["altitude_m"], image["favourite"]) == (43.4, None, True)


def _long_ago(path: Path) -> None:
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))


async def test_a_search_is_narrowed_by_what_is_known_of_the_images(tmp_path: Path) -> None:
    said = {"low": xmp(rating=2, keywords=["Rome"]), "high": xmp(rating=5, keywords=["Rome", "b"])}
    for name, packet in said.items():
        (tmp_path / "photos").mkdir(exist_ok=True)
        exif = Image.Exif()
        exif.get_ifd(34665)[42036] = f"{name} 50mm"
        Image.new("RGB", (60, 60), "red").save(
            tmp_path / "photos" / f"{name}.jpg", exif=exif, xmp=packet
        )
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        for filters, expected in (
            ({"rating_min": 2}, ["high.jpg", "low.jpg"]),
            ({"rating_min": 3}, ["high.jpg"]),
            ({"keywords": ["rome"]}, ["high.jpg", "low.jpg"]),
            ({"keywords": ["rome", "B"]}, ["high.jpg"]),
            ({"keywords": ["rom"]}, []),
            ({"lens": "LOW 50"}, ["low.jpg"]),
        ):
            found = await running.post("/search/text", {"query": "red", "filters": filters})
            assert sorted(hit["filename"] for hit in found.json()["results"]) == expected
        wrong = await running.post("/search/text", {"query": "red", "filters": {"rating_min": 9}})
        check_problem(wrong, 400, ErrorCode.VALIDATION)
