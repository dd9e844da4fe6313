"""A RAW without a preview: what the inference service developed is what people see of it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from ingestion_orchestration_fastapi_app.domain.library.point import Point
from tests.component.inference_fakes import FakeEmbedder, loaded, problem_of, served
from tests.component.orchestrator_app import FakeService, Running, orchestrator, parts_of
from tests.component.test_raws_of_both_services import both_services
from tests.linear_dng import linear_dng, lossy_dng
from tests.picture_files import dng, encoded, put, scene
from utils.contract import BatchItem, BatchReply, ErrorCode
from utils.imaging.opening import oriented
from utils.imaging.thumbnail import shrunk, thumbnail_webp

pytestmark = pytest.mark.anyio

URL = "/api/v1/batch_embed_and_caption"
SENSOR = scene(640, 480)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with (
        served(FakeEmbedder()) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        yield client


async def batch(
    client: httpx.AsyncClient, *uploads: bytes, **params: int | str
) -> tuple[BatchItem, ...]:
    files = [("files", (str(n), data, "image/x-raw")) for n, data in enumerate(uploads)]
    response = await client.post(URL, params=params, files=files)
    assert response.status_code == 200, response.text
    return BatchReply.model_validate(response.json()).results


def drawn(item: BatchItem) -> Image.Image:
    assert item.thumbnail is not None
    with Image.open(BytesIO(base64.b64decode(item.thumbnail)), formats=("WEBP",)) as image:
        return image.convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean of the absolute differences of all channels, of 255, at a quarter of the size."""
    size = (one.width // 4, one.height // 4)
    pixels = [np.asarray(image.resize(size), np.float64) for image in (one, other)]
    return float(np.abs(pixels[0] - pixels[1]).mean())


async def test_a_raw_has_a_thumbnail_of_the_size_asked_for_and_nothing_else_has(
    client: httpx.AsyncClient,
) -> None:
    bare = dng(SENSOR, preview=False)
    others = [encoded(SENSOR, name) for name in ("JPEG", "TIFF", "WEBP")]
    asked = await batch(client, bare, b"no image", *others, dng(SENSOR), thumbnail_side_px=100)
    assert [item.thumbnail is not None for item in asked] == [True, *[False] * 4, True]
    assert drawn(asked[0]).size == (100, 75)
    assert max(drawn(asked[5]).size) <= 100, "a preview is decoded no larger than the model needs"
    plain = await batch(client, bare, b"no image", *others, dng(SENSOR))
    assert [item.thumbnail for item in plain] == [None] * 6
    assert [item.embedding for item in plain] == [item.embedding for item in asked]


@pytest.mark.parametrize("turn", range(1, 9))
async def test_the_thumbnail_of_a_raw_is_upright(client: httpx.AsyncClient, turn: int) -> None:
    data = dng(SENSOR, preview=False, orientation=turn)
    (item,) = await batch(client, data, thumbnail_side_px=320)
    found = drawn(item)
    upright = shrunk(oriented(SENSOR, turn), 320)
    assert found.size == upright.size
    assert difference(found, upright) < 12
    others = [oriented(SENSOR, other) for other in range(1, 9) if other != turn]
    assert all(difference(found, shrunk(other, 320).resize(found.size)) > 25 for other in others)


@pytest.mark.parametrize("side", ["0", "63", "1025", "-1", "many", "1e2", ""])
async def test_a_thumbnail_of_no_sensible_size_is_a_problem(
    client: httpx.AsyncClient, side: str
) -> None:
    files = [("files", ("a", encoded(SENSOR), "image/jpeg"))]
    response = await client.post(URL, params={"thumbnail_side_px": side}, files=files)
    assert (response.status_code, problem_of(response).code) == (400, ErrorCode.VALIDATION)


async def seen(
    running: Running,
    image: dict[str, str],
    *,
    caching: str = "private, max-age=300, stale-while-revalidate=86400",
) -> Image.Image:
    response = await running.http.get(image["thumbnail_url"])
    assert (response.status_code, response.headers["content-type"]) == (200, "image/webp")
    assert response.headers["cache-control"] == caching
    return Image.open(BytesIO(response.content)).convert("RGB")


async def points(running: Running) -> dict[str, Point]:
    store = running.app.state.services.ports.store
    ids = [one async for group in store.ids("default") for one in group]
    return {point.filename: point for point in await store.get("default", ids)}


async def test_what_was_developed_is_the_thumbnail_and_the_hash_of_the_scene(
    tmp_path: Path,
) -> None:
    turned = oriented(SENSOR, 6)
    async with both_services(tmp_path) as running:
        put(running.photos / "scene.jpg", encoded(SENSOR, quality=90))
        put(running.photos / "turned.jpg", encoded(turned, quality=90))
        put(running.photos / "bare.dng", dng(SENSOR, preview=False))
        put(running.photos / "copy.dng", dng(SENSOR, preview=False))
        put(running.photos / "turned.dng", dng(SENSOR, preview=False, orientation=6))
        put(running.photos / "small.dng", dng(SENSOR, preview_px=20))
        put(running.photos / "linear.dng", linear_dng(SENSOR))
        put(running.photos / "lossy.dng", lossy_dng(SENSOR))
        job = await running.ingested()
        assert (job["counts"]["embedded"], job["counts"]["cached"]) == (7, 1), job
        put(running.photos / "later" / "copy.dng", dng(SENSOR, preview=False))
        assert (await running.ingested())["counts"]["cached"] == 1
        found = await points(running)
        for image in (await running.get("/images?limit=100"))["images"]:
            name = image["filename"]
            scenes, jpeg = (turned, "turned.jpg") if "turned" in name else (SENSOR, "scene.jpg")
            shown = await seen(running, image)
            assert shown.size == shrunk(scenes, 320).size, name
            assert difference(shown, shrunk(scenes, 320)) < 12, name
            assert (found[name].phash ^ found[jpeg].phash).bit_count() <= 8, name
            pixel_source = "developed" if name.endswith(".dng") else "image"
            assert image["pixel_source"] == pixel_source
            assert (image["width_px"], image["height_px"]) == scenes.size


@dataclass
class Painter(FakeService):
    """Says the same of every image: `shown` is its thumbnail, left out where there is none."""

    shown: str | None = None
    asked: list[str | None] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.down or not request.url.path.endswith("/batch_embed_and_caption"):
            return super().__call__(request)
        self.asked.append(request.url.params.get("thumbnail_side_px"))
        vector = base64.b64encode(np.asarray([1] + [0] * 7, "<f4").tobytes()).decode()
        said = {} if self.shown is None else {"thumbnail": self.shown}
        results = [
            {"id": name, "embedding": vector, **said}
            for name, _ in parts_of(request.headers["Content-Type"], request.content)
        ]
        body = {"results": results, "fingerprint": self.told.clip.fingerprint}
        return httpx.Response(200, text=json.dumps(body))


async def is_grey(running: Running, image: dict[str, str]) -> bool:
    """And not to be kept."""
    pixels = np.asarray(await seen(running, image, caching="no-store"))
    return (pixels.min(), pixels.max()) == (128, 128)


def is_green(image: Image.Image) -> bool:
    return difference(image, Image.new("RGB", image.size, (0, 200, 0))) < 2


GREEN = base64.b64encode(thumbnail_webp(Image.new("RGB", (300, 200), (0, 200, 0)), 300)).decode()
GARBAGE = {
    "an older service": None,
    "no base64": "%%%",
    "no picture": base64.b64encode(b"RIFF\0\0\0\0WEBPVP8 ").decode(),
    "a JPEG": base64.b64encode(encoded(SENSOR)).decode(),
    "too large": base64.b64encode(thumbnail_webp(SENSOR, 640)).decode(),
}


@pytest.mark.parametrize("kind", GARBAGE)
async def test_a_service_that_shows_nothing_of_use_costs_nothing_but_the_picture(
    tmp_path: Path, kind: str
) -> None:
    service = Painter(shown=GARBAGE[kind])
    async with orchestrator(tmp_path, service=service) as running:
        put(running.photos / "a.dng", dng(SENSOR, preview=False))
        put(running.photos / "b.jpg", encoded(SENSOR))
        job = await running.ingested()
        assert job["counts"]["embedded"] == 2, job
        raw, jpeg = sorted(
            (await running.get("/images"))["images"], key=lambda image: image["filename"]
        )
        assert await is_grey(running, raw)
        assert difference(await seen(running, jpeg), shrunk(SENSOR, 320)) < 5


async def test_only_of_originals_a_thumbnail_is_asked_for_and_believed(tmp_path: Path) -> None:
    service = Painter(shown=GREEN)
    async with orchestrator(tmp_path, service=service, thumbnail_side_px=300) as running:
        put(running.photos / "b.jpg", encoded(SENSOR))
        put(running.photos / "c.dng", dng(SENSOR))
        await running.ingested()
        assert set(service.asked) == {None}
        put(running.photos / "a.dng", dng(SENSOR, preview=False))
        await running.ingested()
        assert service.asked[-1] == "300"
        put(running.photos / "d.dng", dng(scene(seed=1), preview=False))
        put(running.photos / "e.jpg", encoded(scene(seed=2)))
        await running.ingested()
        for image in (await running.get("/images"))["images"]:
            green = is_green(await seen(running, image))
            assert green == (image["filename"] in ("a.dng", "d.dng")), image["filename"]


async def test_a_picture_that_is_not_there_is_asked_for_until_a_service_shows_it(
    tmp_path: Path,
) -> None:
    service = Painter()
    async with orchestrator(tmp_path, service=service) as running:
        put(running.photos / "a.dng", dng(SENSOR, preview=False))
        await running.ingested()
        (image,) = (await running.get("/images"))["images"]
        assert await is_grey(running, image)
        service.shown = GREEN
        assert is_green(await seen(running, image))
        service.down = True
        assert is_green(await seen(running, image)), "it is kept"
    async with orchestrator(tmp_path, service=service, thumbnail_side_px=310) as running:
        assert await is_grey(running, image)
        service.down = False
        assert is_green(await seen(running, image))
    assert service.asked[-1] == "310"
