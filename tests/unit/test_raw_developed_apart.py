"""RAWs that are developed in a decoder process: as large as was asked for."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator

import numpy as np
import pytest

from tests.picture_files import dng, scene
from utils.contract import ErrorCode
from utils.imaging.decoding import ImageUnreadableError
from utils.imaging.formats import Format
from utils.sandbox.canaries import canary_file
from utils.sandbox.pool import DecoderPool
from utils.sandbox.protocol import Answer, Ask, LostDecoderError, PictureHead, receive_result, send

pytestmark = pytest.mark.anyio
LIMIT = 20_000_000
SCENE = scene(640, 480)


@pytest.fixture
async def decoders() -> AsyncIterator[DecoderPool]:
    async with DecoderPool(workers=1, timeout_s=60, memory_bytes=1024**3) as pool:
        yield pool


def descriptor_of(data: bytes) -> int:
    descriptor = os.memfd_create("raw")
    os.write(descriptor, data)
    return descriptor


async def test_a_raw_is_developed_at_the_side_that_was_asked_for(decoders: DecoderPool) -> None:
    descriptor = descriptor_of(dng(SCENE, preview=False, orientation=6))
    try:
        small = await decoders.develop(
            descriptor, min_side_px=150, small_side_px=200, max_pixels=LIMIT
        )
        assert small.image.size == (150, 200)
        whole = await decoders.develop(
            descriptor, min_side_px=4000, small_side_px=4000, max_pixels=LIMIT
        )
        assert whole.image.size == (480, 640)
        upright = SCENE.rotate(-90, expand=True)
        pair = [np.asarray(one.resize((60, 80)), np.float64) for one in (whole.image, upright)]
        assert np.abs(pair[0] - pair[1]).mean() < 12
    finally:
        os.close(descriptor)


async def test_what_is_no_raw_is_refused(decoders: DecoderPool) -> None:
    descriptor = descriptor_of(b"II*\0" + bytes(4000))
    try:
        with pytest.raises(ImageUnreadableError) as refused:
            await decoders.develop(descriptor, min_side_px=9, small_side_px=9, max_pixels=LIMIT)
        assert refused.value.code is ErrorCode.DECODING_RAW
    finally:
        os.close(descriptor)


async def test_the_known_good_file_of_raws_can_be_developed(decoders: DecoderPool) -> None:
    """Else each RAW that takes a decoder down would be said to be the machine's fault."""
    with canary_file(Format.DNG, as_descriptor=True) as canary:
        assert isinstance(canary, int)
        shown = await decoders.develop(canary, min_side_px=8, small_side_px=8, max_pixels=LIMIT)
        assert max(shown.image.size) <= 8


@pytest.mark.parametrize("size", [(9, 8), (8, 9), (9, 9)])
def test_more_pixels_than_were_asked_for_are_not_believed(size: tuple[int, int]) -> None:
    ask = Ask(work="develop", max_pixels=LIMIT, small_side_px=8)
    told = Answer(
        picture=PictureHead(
            pixels_size=size,
            size=size,
            area=(0.0, 0.0, 8.0, 8.0),
            format=Format.DNG,
            partial=False,
        )
    )
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send(theirs, told, bytes(3 * size[0] * size[1]))
        with pytest.raises(LostDecoderError, match="larger"):
            receive_result(ours, ask)
