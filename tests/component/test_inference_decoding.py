"""Uploads to pixels: the shortcut for exact PPMs, and the bound on what waits for a thread."""

from __future__ import annotations

import anyio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_inference_fastapi_app.decoding import BatchDecoding, Decoder, exact_ppm
from ml_inference_fastapi_app.multipart import Part
from tests.component.inference_fakes import SIDE_PX, picture, ppm
from utils.contract import ClipUpload, ErrorCode
from utils.image_decoding import decode_for_clip
from utils.problems import Rejected

pytestmark = pytest.mark.anyio

UPLOAD = ClipUpload(side_px=SIDE_PX, crop="center")


def decoder(*, max_undecoded_bytes: int = 1_000_000) -> Decoder:
    return Decoder(workers=2, max_pixels=10_000, max_undecoded_bytes=max_undecoded_bytes)


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
    limited, added = decoder(max_undecoded_bytes=len(uploads[0])), []
    async with anyio.create_task_group() as tg:
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
    result = await decoder().decode(b"P6\n60000 60000\n255\n", UPLOAD, query=False)
    assert isinstance(result, Rejected)
    assert result.code is ErrorCode.IMAGE_TOO_LARGE
