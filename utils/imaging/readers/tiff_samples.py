"""From a TIFF's values to a picture of 8 bits: what white is, and what the samples mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from utils.imaging.readers.tiff_pages import (
    CIELAB,
    ICCLAB,
    INKS,
    PALETTE,
    WHITE_IS_ZERO,
    YCBCR,
    Layout,
)

_BAND = 1 << 20  # values at once


@dataclass(frozen=True, slots=True)
class Tone:
    """`black` and `white` are the values that become 0 and 255.

    `is_light`: the values are a scene's light, which sRGB's curve is laid on; else they are shown
    as they are.
    """

    black: float
    white: float
    is_light: bool

    def levels(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        shown = np.empty(values.shape, np.uint8)
        rows = max(1, _BAND // max(1, values[0].size if len(values) else 1))
        for top in range(0, len(values), rows):
            band = np.nan_to_num(values[top : top + rows].astype(np.float32), posinf=self.white)
            band = ((band - self.black) / (self.white - self.black)).clip(0, 1)
            if self.is_light:
                band = np.where(band <= 0.0031308, band * 12.92, 1.055 * band ** (1 / 2.4) - 0.055)
            shown[top : top + rows] = np.rint(band * 255)
        return shown


def tone_of(some: npt.NDArray[Any], layout: Layout) -> Tone:
    """Integers by their range if they fill it, and fractions from 0 to 1 as they are.

    Fractions that reach far above 1 are a scene's light (Photoshop's HDR): its brightest hundredth
    is white. Where half of them are above 1 they count levels of 8 bits, of 16, or of what they
    hold. What is below 0 is black, but for whole numbers with a sign: those are measured, not
    seen, and go from the least to the most.
    """
    finite = some[np.isfinite(some)].astype(np.float64)
    if not finite.size:
        return Tone(0.0, 1.0, is_light=False)
    top, bright, median = (float(np.percentile(finite, at)) for at in (100, 99, 50))
    if layout.is_float and bright <= 1:
        return Tone(0.0, 1.0, is_light=False)
    if layout.is_float and median <= 1:
        return Tone(0.0, bright, is_light=True)
    if not layout.is_float and float(finite.min()) < 0:
        least = float(finite.min())
        return Tone(least, max(top, least + 1), is_light=False)
    full = float((1 << layout.bits) - 1)
    for white in (255.0, 65535.0):
        if top <= white:
            return Tone(0.0, white, is_light=False)
    return Tone(0.0, full if not layout.is_float and top > full / 256 else top, is_light=False)


def picture_of(canvas: npt.NDArray[np.uint8], layout: Layout) -> Image.Image:
    """`canvas` is (rows, columns, samples), and may be changed."""
    kind = layout.photometric
    if kind == PALETTE:
        return Image.fromarray(_coloured(canvas[..., 0], layout))
    if kind == WHITE_IS_ZERO:
        canvas[..., 0] = 255 - canvas[..., 0]
    if kind == ICCLAB:
        canvas[..., 1:3] ^= 128  # from an offset to a sign
    if kind in (CIELAB, ICCLAB):
        return Image.fromarray(np.ascontiguousarray(canvas[..., :3]), "LAB")
    if kind == INKS:
        return Image.fromarray(canvas[..., :4], "CMYK")
    if kind == YCBCR and not layout.is_decoded_to_rgb:
        return Image.fromarray(np.ascontiguousarray(canvas[..., :3]), "YCbCr").convert("RGB")
    if layout.colours == 1:
        mode = {0: "L", 1: "La", 2: "LA"}[layout.alpha]
        return Image.frombytes(mode, (layout.width_px, layout.height_px), canvas.tobytes())
    mode = {0: "RGB", 1: "RGBa", 2: "RGBA"}[layout.alpha]
    return Image.frombytes(mode, (layout.width_px, layout.height_px), canvas.tobytes())


def _coloured(indices: npt.NDArray[np.uint8], layout: Layout) -> npt.NDArray[np.uint8]:
    """An index without a colour is black."""
    assert layout.colour_map is not None, "a palette has colours"
    colours = np.zeros((256, 3), np.uint8)
    colours[: len(layout.colour_map)] = layout.colour_map[:256]
    return colours[indices]
