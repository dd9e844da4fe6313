"""Uploads to pixels: the shortcut for exact PPMs, and the bound on what waits for a thread."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ml_inference_fastapi_app.backends.base import Picture
from ml_inference_fastapi_app.serving.decoding import BatchDecoding, Decoder, exact_ppm
from ml_inference_fastapi_app.serving.multipart import Part
from tests.component.inference_fakes import SIDE_PX, picture, ppm
from tests.hostile_decoder import gif
from tests.picture_files import dng, encoded, scene
from utils.contract import ClipUpload, ErrorCode
from utils.imaging.decoding import decode_for_clip
from utils.imaging.opening import oriented
from utils.imaging.pillow_setup import ready_pillow
from utils.problems import MlUnavailable, Rejected, ServiceOverloaded
from utils.sandbox.pool import DecoderPool

pytestmark = pytest.mark.anyio

UPLOAD = ClipUpload(side_px=SIDE_PX, crop="center")


@asynccontextmanager
async def decoder(
    *,
    max_undecoded_bytes: int = 1_000_000,
    timeout_s: float = 60,
    module: str = "utils.sandbox.worker",
) -> AsyncIterator[Decoder]:
    async with DecoderPool(
        workers=3, timeout_s=timeout_s, memory_bytes=1024**3, control_gap_s=0.01, module=module
    ) as pool:
        yield Decoder(pool, workers=2, max_pixels=10_000, max_undecoded_bytes=max_undecoded_bytes)


async def decoded(decoder: Decoder, uploads: list[bytes]) -> list[Picture | Rejected]:
    async with anyio.create_task_group() as tg:
        decoding = BatchDecoding(decoder, UPLOAD, tg)
        for index, data in enumerate(uploads):
            decoding.add(Part("files", str(index), "", data))
    assert decoding.fault is None
    return decoding.pictures


@given(st.integers(0, 1000), st.sampled_from([b"\n", b" ", b"\t"]))
def test_the_shortcut_gives_what_the_decoder_would(seed: int, space: bytes) -> None:
    data = ppm(picture(seed)).replace(b"P6\n", b"P6" + space, 1)
    pixels = exact_ppm(data, side_px=SIDE_PX)
    assert pixels is not None
    assert np.array_equal(pixels, decode_for_clip(data, UPLOAD, max_pixels=10_000))


@pytest.mark.parametrize(
    "data",
    [
        ppm(picture(1))[:-1],
        ppm(picture(1)) + b"x",
        ppm(picture(1), side_px=SIDE_PX - 1),
        ppm(picture(1)).replace(b"255", b"254", 1),
        ppm(picture(1)).replace(b"P6", b"P5", 1),
        b"P6\n# a comment\n" + ppm(picture(1))[3:],
        b"P6",
    ],
)
def test_the_shortcut_takes_nothing_else(data: bytes) -> None:
    assert exact_ppm(data, side_px=SIDE_PX) is None


async def test_more_bytes_than_allowed_hold_the_next_parts_back() -> None:
    uploads = [b"P6\n# no shortcut\n" + ppm(picture(seed))[3:] for seed in range(6)]
    added = []
    async with (
        decoder(max_undecoded_bytes=len(uploads[0])) as limited,
        anyio.create_task_group() as tg,
    ):
        decoding = BatchDecoding(limited, UPLOAD, tg)
        for seed, data in enumerate(uploads):
            decoding.add(Part("files", str(seed), "", data))
            added.append(decoding.held_bytes)
            await decoding.room()
            assert decoding.held_bytes <= len(uploads[0])
    assert max(added) <= 2 * len(uploads[0])
    for seed, pixels in enumerate(decoding.pictures):
        assert not isinstance(pixels, Rejected)
        assert pixels.tobytes() == picture(seed)


async def test_a_picture_beyond_the_pixel_limit_is_refused_undecoded() -> None:
    async with decoder() as limited:
        for data in (b"P6\n60000 60000\n255\n", encoded(scene(101, 100), "GIF")):
            result = await limited.decode(data, UPLOAD, query=False)
            assert isinstance(result, Rejected)
            assert result.code is ErrorCode.IMAGE_TOO_LARGE


@pytest.mark.parametrize("turn", range(2, 9))
async def test_models_see_a_picture_turned_as_its_part_says(turn: int) -> None:
    raw, exact = dng(scene(90, 80)), ppm(picture(1))
    async with decoder() as any_format:
        plain = await decoded(any_format, [raw, exact])
        async with anyio.create_task_group() as tg:
            decoding = BatchDecoding(any_format, UPLOAD, tg, caption_side_px=SIDE_PX)
            for data in (raw, exact):
                decoding.add(Part("files", "a", "", data, turn))
    for found, whole, before in zip(decoding.pictures, decoding.caption_images, plain, strict=True):
        assert not isinstance(found, Rejected)
        assert not isinstance(before, Rejected)
        assert whole is not None
        expected = oriented(Image.fromarray(before), turn)
        assert np.array_equal(found, np.asarray(expected))


async def test_any_format_gives_the_same_pixels_as_its_decoder_in_a_thread() -> None:
    ready_pillow()
    uploads = [encoded(scene(90, 80), name) for name in ("HEIF", "AVIF", "TIFF", "GIF", "WEBP")]
    uploads.append(dng(scene(90, 80)))
    async with decoder() as any_format:
        results = await decoded(any_format, uploads)
    for data, result in zip(uploads, results, strict=True):
        assert not isinstance(result, Rejected)
        assert np.array_equal(result, decode_for_clip(data, UPLOAD, max_pixels=10_000))


async def test_uploads_that_hang_or_crash_their_decoder_cost_no_neighbour() -> None:
    good = encoded(scene(64, 64), "GIF")
    uploads = [gif("hang"), good, gif("segfault"), good, gif("eat memory"), good, gif("lie"), good]
    async with decoder(timeout_s=8, module="tests.hostile_decoder") as hostile:
        results = await decoded(hostile, uploads)
        query = await hostile.decode(good, UPLOAD, query=True)
    codes = [result.code if isinstance(result, Rejected) else None for result in results]
    assert codes[::2] == [
        ErrorCode.DECODING_TIMEOUT,
        ErrorCode.FILE_QUARANTINED,
        ErrorCode.IMAGE_TOO_LARGE,
        ErrorCode.FILE_QUARANTINED,
    ]
    assert codes[1::2] == [None] * 4
    assert not isinstance(query, Rejected)


async def test_where_no_decoder_starts_the_service_is_to_blame_and_no_upload() -> None:
    gif_data = encoded(scene(64, 64), "GIF")
    async with decoder(module="tests.no_such_module") as broken:
        async with anyio.create_task_group() as tg:
            decoding = BatchDecoding(broken, UPLOAD, tg)
            decoding.add(Part("files", "a", "", gif_data))
        assert isinstance(decoding.fault, MlUnavailable)
        with pytest.raises(MlUnavailable):
            await broken.decode(gif_data, UPLOAD, query=True)


async def test_where_no_thread_starts_the_service_is_to_blame_and_no_upload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading, "_start_new_thread", refuse)
    async with decoder() as without:
        async with anyio.create_task_group() as tg:
            decoding = BatchDecoding(without, UPLOAD, tg)
            decoding.add(Part("files", "a", "", encoded(scene(64, 64), "PNG")))
        assert isinstance(decoding.fault, ServiceOverloaded)
