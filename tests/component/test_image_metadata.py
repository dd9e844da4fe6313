"""What files and their sidecars say of images, over the REST API: shown, searched, kept fresh."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.component.orchestrator_app import check_problem, orchestrator, paint
from tests.picture_files import LONG_AGO_NS, xmp
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
