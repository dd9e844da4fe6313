"""How a thumbnail is made of a picture: its size, its format, its quality; and a blurred one."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

_THUMBNAIL_QUALITY = 80
_THUMBNAIL_EFFORT = 2  # WebP's method, 0 to 6: 4 takes twice the time for a tenth of the bytes
PLACEHOLDER_COLUMNS, PLACEHOLDER_ROWS = 4, 3


def shrunk(image: Image.Image, side_px: int) -> Image.Image:
    """With its longest side at most `side_px`, and nothing but its pixels."""
    scale = min(1.0, side_px / max(image.size))
    width, height = (max(1, round(length * scale)) for length in image.size)
    small = Image.new("RGB", (width, height))
    small.paste(image.resize((width, height), Image.Resampling.BICUBIC))
    return small


def thumbnail_webp(image: Image.Image, side_px: int) -> bytes:
    """WebP, longest side at most `side_px`, without any metadata."""
    encoded = BytesIO()
    shrunk(image, side_px).save(
        encoded, "WEBP", quality=_THUMBNAIL_QUALITY, method=_THUMBNAIL_EFFORT
    )
    return encoded.getvalue()


def thumbnail_grid(webp: bytes, side_px: int) -> npt.NDArray[np.uint8]:
    """What a thumbnail of our own shows, squeezed into a square: shape (side, side, 3), RGB."""
    with Image.open(BytesIO(webp), formats=["WEBP"]) as image:
        square = image.convert("RGB").resize((side_px, side_px), Image.Resampling.HAMMING)
        return np.asarray(square, np.uint8)


def placeholder_pixels(image: Image.Image) -> bytes:
    """What stands for a picture until it is there: 4 columns and 3 rows of its mean colours.

    36 bytes: red, green and blue in sRGB, row by row from the top left, whatever the picture's
    proportions. Stretched to them with smoothing it is the picture, blurred.
    """
    size = (PLACEHOLDER_COLUMNS, PLACEHOLDER_ROWS)
    return image.convert("RGB").resize(size, Image.Resampling.BOX).tobytes()


def thumbnail_placeholder(webp: bytes) -> bytes:
    """The same, of a thumbnail of our own."""
    with Image.open(BytesIO(webp), formats=["WEBP"]) as image:
        return placeholder_pixels(image)
