"""What two thumbnails show: copies are known, bursts and look-alikes are not taken for copies."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from ingestion_orchestration_fastapi_app.domain.duplicates.hash_search import turned_hashes
from ingestion_orchestration_fastapi_app.domain.duplicates.same_picture import (
    GRID_PX,
    difference,
    turned,
)
from tests.made_scenes import Scene, copies, encoded, others
from utils.imaging.perceptual_hash import perceptual_hash
from utils.imaging.thumbnail import thumbnail_grid, thumbnail_webp

LEAST_PRECISION = 0.99
LEAST_RECALL = 0.95
HASH_BITS, TURNED_BITS = 8, 11
Seen = tuple[int, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]


def seen(data: bytes) -> Seen:
    """As an import sees it: its hash, and what its thumbnail shows."""
    with Image.open(io.BytesIO(data)) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    return perceptual_hash(image), thumbnail_grid(thumbnail_webp(image, 320), GRID_PX)


def are_same(one: Seen, other: Seen) -> bool:
    for quarters in range(4):
        asked = turned_hashes(np.array([one[0]], np.uint64), quarters) if quarters else [one[0]]
        bits = (int(asked[0]) ^ other[0]).bit_count()
        if bits <= (TURNED_BITS if quarters else HASH_BITS):
            found = difference(turned(one[1], quarters), other[1])
            if found.is_none:
                return True
    return False


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "seeds", [range(8), pytest.param(range(100, 160), marks=pytest.mark.slow)], ids=len
)
def test_copies_are_found_and_bursts_and_look_alikes_are_not(seeds: range) -> None:
    """By pixels alone: no date or camera helps."""
    found, missed, wrong = 0, list[str](), list[str]()
    for number in seeds:
        scene = Scene(number)
        original = encoded(scene.photograph(number), quality=92)
        first = seen(original)
        for name, data in copies(original):
            if are_same(seen(data), first):
                found += 1
            else:
                missed.append(name)
        for name, image in others(scene, 1000 * (number + 1)):
            if are_same(seen(encoded(image, quality=92)), first):
                wrong.append(name)
    assert found / (found + len(wrong)) >= LEAST_PRECISION, wrong
    assert found / (found + len(missed)) >= LEAST_RECALL, missed


def test_a_plain_picture_is_itself_and_no_other_colour() -> None:
    grey, blue = (np.full((GRID_PX, GRID_PX, 3), one, np.uint8) for one in (128, (20, 30, 200)))
    assert difference(grey, grey).is_none
    assert not difference(grey, blue).is_none
    assert not difference(grey, grey + 2).is_none


def test_a_picture_that_is_turned_back_is_as_it_was() -> None:
    grid = np.random.default_rng(1).integers(0, 256, (GRID_PX, GRID_PX, 3)).astype(np.uint8)
    assert (turned(turned(grid, 3), 1) == grid).all()


def blank(seed: int, level: float, *, noise: float) -> Image.Image:
    """A wall that is a little darker at its sides, or what is under a lens cap."""
    across = np.linspace(-1, 1, 900)[None, :] ** 2 + np.linspace(-1, 1, 600)[:, None] ** 2
    light = (level * (1 - across / 16))[..., None] * np.ones(3)
    light += np.random.default_rng(seed).normal(size=light.shape) * noise
    return Image.fromarray(np.clip(light, 0, 255).astype(np.uint8))


def grid_of(image: Image.Image, quality: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return seen(encoded(image, quality=quality))[1]


@pytest.mark.parametrize("seed", range(3))
def test_frames_of_noise_are_no_copies_of_one_another(seed: int) -> None:
    black, other = blank(seed, 3, noise=3), blank(seed + 10, 3, noise=3)
    assert not difference(grid_of(black, 92), grid_of(other, 92)).is_none
    assert not difference(grid_of(black, 92), grid_of(ImageOps.mirror(black), 92)).is_none
    assert difference(grid_of(black, 92), grid_of(black, 92)).is_none
    wall = blank(seed, 190, noise=2.5)
    assert difference(grid_of(wall, 92), grid_of(wall, 60)).is_none
