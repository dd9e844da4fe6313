"""Odd, hostile and endless uploads over real HTTP: each has its answer, and the service goes on."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import AsyncIterator

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.component.inference_fakes import (
    FakeEmbedder,
    Served,
    files,
    loaded,
    picture,
    ppm,
    problem_of,
    served,
    vector_of,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

URL = "/api/v1/batch_embed_and_caption"
SAFE_BATCH = 40
MULTIPART = {"Content-Type": "multipart/form-data; boundary=B"}


@pytest.fixture
async def service() -> AsyncIterator[Served]:
    async with served(
        FakeEmbedder(), ml_max_batch=SAFE_BATCH, max_image_pixels=1_000_000
    ) as service:
        yield service


@pytest.fixture
async def client(service: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.url, timeout=60) as client:
        await loaded(client)
        yield client
        assert (await client.get("/health/ready")).status_code == 200, "its threads live"
        queue = (await client.get("/api/v1/capabilities")).json()["queue"]
        assert (queue["running"], queue["waiting"]) == (0, 0), "no place is lost"


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def odd_pictures() -> dict[str, bytes]:
    rgb = Image.fromarray(np.arange(40 * 30 * 3, dtype=np.uint8).reshape(30, 40, 3))
    deep = Image.fromarray(np.linspace(0, 65535, 1200).astype(np.uint16).reshape(30, 40))
    palette = rgb.quantize(16)
    return {
        "1x1.png": encoded(rgb.resize((1, 1)), "PNG"),
        "1x900.png": encoded(rgb.resize((1, 900)), "PNG"),
        "cmyk.jpg": encoded(rgb.convert("CMYK"), "JPEG"),
        "16 bit.png": encoded(deep, "PNG"),
        "16 bit.tif": encoded(deep, "TIFF"),
        "palette.png": encoded(palette, "PNG", transparency=3),
        "alpha.webp": encoded(rgb.convert("RGBA"), "WEBP"),
        "animated.gif": encoded(rgb, "GIF", save_all=True, append_images=[rgb.rotate(90)]),
        "a png.jpg": encoded(rgb, "PNG"),
        "../../etc/passwd": encoded(rgb, "PNG"),
        "no extension": encoded(rgb, "BMP"),
        "bilevel.png": encoded(rgb.convert("1"), "PNG"),
    }


async def test_every_kind_of_picture_has_its_vector_under_its_own_id(
    client: httpx.AsyncClient,
) -> None:
    odd = odd_pictures()
    uploads = [("first", ppm(picture(1))), *odd.items(), ("last", ppm(picture(2)))]
    response = await client.post(URL, files=files(*uploads))
    results = response.json()["results"]
    assert [item["id"] for item in results] == ["first", *odd, "last"]
    assert [item["error"] for item in results] == [None] * len(uploads)
    assert results[0]["embedding"] == pytest.approx(vector_of(picture(1)).tolist())
    assert results[-1]["embedding"] == pytest.approx(vector_of(picture(2)).tolist())


def bomb(side_px: int) -> bytes:
    """A PNG that says that it is so large, with a row and a bit of pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


async def test_a_picture_of_too_many_pixels_costs_its_neighbours_nothing(
    client: httpx.AsyncClient,
) -> None:
    uploads = files(
        ("good", ppm(picture(1))),
        ("just over", encoded(Image.new("L", (1001, 1000)), "PNG")),
        ("bomb", bomb(60_000)),
        ("good too", ppm(picture(2))),
    )
    results = (await client.post(URL, files=uploads)).json()["results"]
    codes = [item["error"] and item["error"]["code"] for item in results]
    assert codes == [None, ErrorCode.IMAGE_TOO_LARGE, ErrorCode.IMAGE_TOO_LARGE, None]


@pytest.mark.parametrize("name", [b"files", b"caption_images", b"wholes"])
@pytest.mark.parametrize(("declared", "status"), [(None, 413), ("1", 400)])
async def test_ten_thousand_parts_are_refused_and_the_next_batch_is_served(
    client: httpx.AsyncClient, name: bytes, declared: str | None, status: int
) -> None:
    part = b'--B\r\nContent-Disposition: form-data; name="%s"; filename="same"\r\n\r\nx\r\n' % name
    headers = MULTIPART if declared is None else {**MULTIPART, "X-Image-Count": declared}
    response = await client.post(URL, content=part * 10_000 + b"--B--", headers=headers)
    problem = problem_of(response)
    assert problem.status == status
    if status == 413:
        assert problem.code is ErrorCode.BATCH_TOO_LARGE
        assert problem.limit is not None
    served_again = await client.post(URL, files=files(("a", ppm(picture(1)))))
    assert served_again.status_code == 200


async def test_a_body_of_anything_is_a_problem_and_not_a_5xx(client: httpx.AsyncClient) -> None:
    whole = b'--B\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nx\r\n--B--'
    random = np.random.default_rng(3)
    for _ in range(200):
        body = bytearray(whole)
        for at in random.integers(0, len(body), 5):
            body[at] = random.integers(0, 256)
        cut = bytes(body[: random.integers(1, len(body) + 1)])
        response = await client.post(URL, content=cut, headers=MULTIPART)
        assert response.status_code in (200, 400), cut
