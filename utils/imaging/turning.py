"""A decoded picture, turned further than its file says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from utils.imaging.opening import Area, Decoded, oriented

Pixels = npt.NDArray[np.uint8]


def turned(decoded: Decoded, turn: int | None) -> Decoded:
    """As EXIF's orientation `turn` (1 to 8) says; None: as it is."""
    if turn is None or turn == 1:
        return decoded
    width, height = decoded.size
    if turn >= 5:
        width, height = height, width
    return replace(
        decoded,
        image=oriented(decoded.image, turn),
        width_px=width,
        height_px=height,
        area=_turned_area(decoded.area, decoded.image.size, turn),
    )


def turned_square(pixels: Pixels, turn: int | None) -> Pixels:
    """Of what a model sees; uint8, shape (side, side, 3)."""
    if turn is None or turn == 1:
        return pixels
    return np.asarray(oriented(Image.fromarray(pixels), turn))


def turned_size(size: tuple[int, int], turn: int | None) -> tuple[int, int]:
    return (size[1], size[0]) if turn is not None and turn >= 5 else size


def _turned_area(area: Area, size: tuple[int, int], turn: int) -> Area:
    left, top, right, bottom = area
    width, height = size
    if turn >= 5:  # each of these is the transposition, and then one of the others
        left, top, right, bottom = top, left, bottom, right
        width, height = height, width
    if turn in (2, 3, 6, 7):
        left, right = width - right, width - left
    if turn in (3, 4, 7, 8):
        top, bottom = height - bottom, height - top
    return left, top, right, bottom
