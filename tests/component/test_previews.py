"""Previews over HTTP: any format as an upright sRGB picture, of few sizes, kept by content."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from ingestion_orchestration_fastapi_app.adapters import preview_rendering
from tests.component.orchestrator_app import Running, check_problem, orchestrator
from tests.component.test_raw_pictures import Painter
from tests.picture_files import dng, encoded, exif_with, put, scene, xmp_with
from tests.profiles import ADOBE_GAMMA, ADOBE_RGB, in_srgb, rgb_profile
from utils.contract import ErrorCode
from utils.imaging.faults.unreadable import unreadable_as
from utils.imaging.opening import oriented

pytestmark = pytest.mark.anyio
pillow_heif.register_heif_opener()
SCENE = scene(640, 480)
RIGHT_TOP = 6
_TURNED = xmp_with("", f' tiff:Orientation="{RIGHT_TOP}"')
# Each as it is stored; all of them show the same.
KINDS = {
    "upright.jpg": encoded(SCENE, quality=95),
    "turned.jpg": encoded(oriented(SCENE, 8), quality=95, exif=exif_with(orientation=RIGHT_TOP)),
    "a.png": encoded(SCENE, "PNG"),
    "a.webp": encoded(SCENE, "WEBP", quality=95),
    "a.tif": encoded(SCENE, "TIFF"),
    "a.heic": encoded(SCENE, "HEIF", quality=95),
    "a.avif": encoded(SCENE, "AVIF", quality=95),
    "a.jp2": encoded(SCENE, "JPEG2000"),
    "a.jxl": encoded(SCENE, "JXL"),
    "a.bmp": encoded(SCENE, "BMP"),
    "shown.dng": dng(SCENE, preview_px=640),
    "small preview.dng": dng(SCENE, preview_px=100),
    "no preview.dng": dng(SCENE, preview=False),
}


async def urls(running: Running) -> dict[str, str]:
    images = (await running.get("/images?limit=100"))["images"]
    return {image["filename"]: image["preview_url"] for image in images}


def opened(response: httpx.Response, kind: str = "JPEG") -> Image.Image:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == f"image/{kind.lower()}"
    with Image.open(BytesIO(response.content), formats=(kind,)) as image:
        assert not image.getexif()
        return image.convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    size = (one.width // 4, one.height // 4)
    pixels = [np.asarray(image.resize(size), np.float64) for image in (one, other)]
    return float(np.abs(pixels[0] - pixels[1]).mean())


async def test_every_format_is_shown_upright_and_large(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, service=Painter()) as running:
        for name, data in KINDS.items():
            put(running.photos / name, data)
        put(running.photos / "beside.jpg", encoded(oriented(SCENE, 8), quality=95))
        put(running.photos / "beside.jpg.xmp", _TURNED)
        await running.ingested()
        found = await urls(running)
        assert found.keys() == {*KINDS, "beside.jpg"}
        for name, url in found.items():
            for kind in ("jpeg", "webp"):
                shown = opened(await running.http.get(f"{url}&size=512&format={kind}"), kind)
                assert shown.size == (512, 384), name
                assert difference(shown, SCENE.resize((512, 384))) < 12, name


async def test_colours_are_those_of_srgb(tmp_path: Path) -> None:
    colour = (40, 180, 90)
    async with orchestrator(tmp_path) as running:
        wide = Image.new("RGB", (64, 64), colour)
        profile = rgb_profile(ADOBE_RGB, ADOBE_GAMMA)
        put(running.photos / "wide.jpg", encoded(wide, quality=100, icc_profile=profile))
        await running.ingested()
        shown = opened(await running.http.get((await urls(running))["wide.jpg"]))
        wanted = in_srgb(np.array([colour], np.uint8), ADOBE_RGB, ADOBE_GAMMA)[0].clip(0, 255)
        assert "icc_profile" not in shown.info
        assert np.abs(np.asarray(shown)[32, 32] - wanted).max() <= 4


async def test_a_preview_has_one_of_few_sizes_and_no_picture_is_enlarged(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        put(running.photos / "wide.jpg", encoded(SCENE.resize((1800, 600))))
        put(running.photos / "small.jpg", encoded(SCENE.resize((200, 300))))
        await running.ingested()
        found = await urls(running)
        sizes = {}
        for size in (16, 256, 257, 1000, 1600, 1601, 8192):
            sizes[size] = opened(await running.http.get(f"{found['wide.jpg']}&size={size}")).width
        assert sizes == {
            16: 256,
            256: 256,
            257: 512,
            1000: 1024,
            1600: 1600,
            1601: 1800,
            8192: 1800,
        }
        assert opened(await running.http.get(found["wide.jpg"])).size == (1600, 533)
        tags = set()
        for size in (300, 1600, 4096):
            answer = await running.http.get(f"{found['small.jpg']}&size={size}")
            assert opened(answer).size == (200, 300)
            tags.add(answer.headers["etag"])
        assert len(tags) == 1, "one picture is kept once where it is smaller than each step"
        for wrong in ("size=15", "size=8193", "size=large", "format=png", "width=300"):
            refused = await running.http.get(f"{found['wide.jpg']}&{wrong}")
            check_problem(refused, 400, ErrorCode.VALIDATION)
        thumbnail = found["wide.jpg"].replace("/preview", "/thumbnail")
        check_problem(await running.http.get(f"{thumbnail}&size=512"), 400, ErrorCode.VALIDATION)


async def test_who_has_a_preview_is_not_sent_it_again(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        put(running.photos / "a.jpg", KINDS["upright.jpg"])
        await running.ingested()
        url = (await urls(running))["a.jpg"]
        first = await running.http.get(url)
        assert (
            first.headers["cache-control"] == "private, max-age=300, stale-while-revalidate=86400"
        )
        assert first.headers["vary"] == "Accept"
        again = await running.http.get(url, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        head = await running.http.head(url)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(first.content))
        webp = await running.http.get(url, headers={"Accept": "image/webp"})
        assert opened(webp, "WEBP").size == opened(first).size
        assert webp.headers["etag"] != first.headers["etag"]
        assert webp.headers["content-security-policy"] == "sandbox; default-src 'none'"


async def test_an_edited_file_is_seen_as_it_is_now_by_who_asks_again(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        put(running.photos / "a.jpg", KINDS["upright.jpg"])
        await running.ingested()
        preview = (await urls(running))["a.jpg"]
        for url in (preview, preview.replace("/preview", "/thumbnail")):
            before = await running.http.get(url)
            put(running.photos / "a.jpg", encoded(SCENE.convert("L").convert("RGB")))
            await running.ingested()
            now = await running.http.get(url, headers={"If-None-Match": before.headers["etag"]})
            assert (now.status_code, now.content == before.content) == (200, False)
            put(running.photos / "a.jpg", KINDS["upright.jpg"])
            await running.ingested()


async def test_a_preview_outlives_its_file_and_a_restart(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        put(running.photos / "a.heic", KINDS["a.heic"])
        put(running.photos / "b.jpg", KINDS["upright.jpg"])
        await running.ingested()
        found = await urls(running)
        first = await running.http.get(found["a.heic"])
        (running.photos / "a.heic").unlink()
        put(running.photos / "b.jpg", KINDS["turned.jpg"])
    async with orchestrator(tmp_path) as running:
        again = await running.http.get(found["a.heic"])
        assert opened(again).tobytes() == opened(first).tobytes()
        check_problem(await running.http.get(found["b.jpg"]), 404, ErrorCode.IMAGE_NOT_FOUND)
        unknown = found["a.heic"].replace(found["a.heic"].split("/")[4], "0" * 32)
        check_problem(await running.http.get(unknown), 404, ErrorCode.IMAGE_NOT_FOUND)


@pytest.mark.parametrize("step", ["open_upright", "_encoded"])
async def test_a_preview_for_which_memory_ran_out_is_made_when_there_is_some(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*_: object, **__: object) -> None:
        with unreadable_as(ErrorCode.DECODING_IMAGE):  # as decoders say it
            raise MemoryError

    async with orchestrator(tmp_path) as running:
        put(running.photos / "a.jpg", KINDS["upright.jpg"])
        await running.ingested()
        url = (await urls(running))["a.jpg"]
        with monkeypatch.context() as patched:
            patched.setattr(preview_rendering, step, out_of_memory)
            check_problem(await running.http.get(url), 503, ErrorCode.PICTURE_UNAVAILABLE)
        assert opened(await running.http.get(url)).size == SCENE.size
