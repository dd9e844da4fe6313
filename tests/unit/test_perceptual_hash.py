"""The perceptual hash is that of imagehash 4.3.2 over scipy 1.17.1: they made what is expected."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.picture_files import encoded, scene
from utils.imaging.perceptual_hash import perceptual_hash

GOLDEN = Path(__file__).with_name("perceptual_hashes.txt")


def pictures() -> Iterator[Image.Image]:
    """Of integers alone: the same on every machine. Flat and symmetric ones have ties."""
    for number in range(60):
        rng = np.random.default_rng(number)
        height, width = (int(side) for side in rng.integers(16, 96, 2))
        down, across = np.mgrid[:height, :width]
        stripe = 1 + number % 7
        for grey in (
            np.full((height, width), number * 4),
            across * 255 // width,
            (down + across) * number // 2,
            (down // stripe + across // stripe) % 2 * 255,
            rng.integers(0, 256, (height, width)),
        ):
            yield Image.fromarray((grey % 256).astype(np.uint8))
        yield Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_hashes_are_those_that_stored_pictures_have(mode: str) -> None:
    golden = [int(line, 16) for line in GOLDEN.read_text().split()]
    assert len(golden) == 360
    assert [perceptual_hash(picture.convert(mode)) for picture in pictures()] == golden


def test_a_hash_stays_close_under_compression() -> None:
    picture = scene()
    with Image.open(BytesIO(encoded(picture, quality=60))) as compressed:
        one, other = perceptual_hash(picture), perceptual_hash(compressed)
    assert (one ^ other).bit_count() <= 4
    assert (one ^ perceptual_hash(ImageOps.mirror(picture))).bit_count() > 10
    assert 0 <= one < 2**64
