"""Indices of a palette to colours; an index that has none is damage, not a colour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from utils.imaging.faults.damage import DamagedError

Colours = npt.NDArray[np.uint8]  # shape (entries, 3), RGB

_MOST_WITHOUT = 0.01  # of the pixels: a picture with more is another than its owner sees


def coloured(indices: npt.NDArray[np.uint8], colours: Colours) -> tuple[Colours, bool]:
    """Pixels, and whether some are black because their index has no colour.

    Raises:
        DamagedError: more than a hundredth of them are.
    """
    without = _check(np.bincount(indices.reshape(-1), minlength=256)[len(colours) :].sum(), indices)
    table = np.zeros((256, 3), np.uint8)
    table[: len(colours)] = colours[:256]
    return table[indices], without


def lacks_colours(image: Image.Image) -> bool:
    """Of a palette image that Pillow has loaded. Raises as `coloured`."""
    if image.mode != "P" or image.palette is None:
        return False
    entries = len(image.palette.palette) // len(image.palette.mode)
    return _check(sum(image.histogram()[entries:256]), image)


def _check(without: int, of: npt.NDArray[np.uint8] | Image.Image) -> bool:
    pixels = of.size if isinstance(of, np.ndarray) else of.width * of.height
    if without > _MOST_WITHOUT * pixels:
        raise DamagedError(
            f"{without * 100 // max(1, pixels)} % of its pixels have a colour that is not in its "
            "palette: the file is damaged"
        )
    return bool(without)
