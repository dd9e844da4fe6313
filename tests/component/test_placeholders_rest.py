"""What a page draws before a thumbnail is there, over REST: of imports of today and of before."""

from __future__ import annotations

import sqlite3
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, sleep
from PIL import Image

from tests.component.orchestrator_app import PATIENCE_S, Running, orchestrator, paint

pytestmark = pytest.mark.anyio


def striped(path: Path, *, is_turned: bool = False) -> None:
    """Red above blue, however it is stored."""
    image = Image.new("RGB", (80, 60), "blue")
    image.paste("red", (0, 0, 80, 30))
    exif = Image.Exif()
    if is_turned:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = 6
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, exif=exif)


def colours(image: Any) -> list[tuple[int, ...]]:
    """Twelve, row by row."""
    pixels = b64decode(image["placeholder"], validate=True)
    assert len(pixels) == 36
    return [tuple(pixels[at : at + 3]) for at in range(0, 36, 3)]


async def all_drawn(running: Running) -> list[Any]:
    """What is made after it is asked for comes soon."""
    with fail_after(PATIENCE_S):
        while True:
            images: list[Any] = (await running.get("/images"))["images"]
            if all(one["placeholder"] for one in images):
                return images
            await sleep(0.01)


async def test_every_answer_with_images_has_their_placeholders(tmp_path: Path) -> None:
    striped(tmp_path / "photos" / "flat.png")
    striped(tmp_path / "photos" / "turned.png", is_turned=True)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        for image in (await running.get("/images"))["images"]:
            found = colours(image)
            assert found[:4] == [(255, 0, 0)] * 4
            assert found[8:] == [(0, 0, 255)] * 4
            one = await running.get(f"/images/{image['id']}")
            assert one["placeholder"] == image["placeholder"]
            similar = await running.get(f"/images/{image['id']}/similar")
            assert [hit["placeholder"] for hit in similar["results"]] == [image["placeholder"]]
        album = await running.post("/albums", {"name": "both"})
        ids = [image["id"] for image in (await running.get("/images"))["images"]]
        url = f"/albums/{album.json()['id']}/images"
        assert (await running.post(url, {"ids": ids})).is_success
        listed = (await running.get(url))["results"]
        assert len(listed) == 2
        assert all(colours(hit)[0] == (255, 0, 0) for hit in listed)


async def test_a_library_of_before_gets_its_own_without_its_files_and_keeps_them(
    tmp_path: Path,
) -> None:
    for number, colour in enumerate(("red", "green", "blue")):
        paint(tmp_path / "photos" / f"{number}.png", colour)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        expected = {image["id"]: colours(image)[0] for image in await all_drawn(running)}
    with sqlite3.connect(tmp_path / "data" / "ledger.sqlite") as ledger:
        assert ledger.execute("DELETE FROM catalogue_placeholders").rowcount == 3
    ledger.close()
    for file in (tmp_path / "photos").iterdir():
        file.unlink()
    async with orchestrator(tmp_path) as running:
        for image in await all_drawn(running):
            mean = zip(colours(image)[0], expected[image["id"]], strict=True)
            assert all(abs(now - before) < 6 for now, before in mean)
    async with orchestrator(tmp_path) as running:
        images = (await running.get("/images"))["images"]
        assert all(image["placeholder"] for image in images)


async def test_a_copy_that_comes_from_the_cache_has_one_soon(tmp_path: Path) -> None:
    paint(tmp_path / "photos" / "a.png", "red")
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        (tmp_path / "photos" / "b.png").write_bytes((tmp_path / "photos" / "a.png").read_bytes())
        job = await running.ingested()
        assert job["counts"]["cached"] == 1
        first, second = await all_drawn(running)
        assert colours(second)[0][0] > 245
        assert colours(first)[0] == (255, 0, 0)


async def test_another_content_of_a_file_has_another_placeholder(tmp_path: Path) -> None:
    paint(tmp_path / "photos" / "a.png", "red")
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        paint(tmp_path / "photos" / "a.png", "blue", side_px=70)
        await running.ingested()
        (image,) = (await running.get("/images"))["images"]
        assert colours(image) == [(0, 0, 255)] * 12
