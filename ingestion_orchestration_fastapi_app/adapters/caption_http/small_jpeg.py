"""A picture as it leaves the machine: small, a JPEG, and without anything but its pixels."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from utils.imaging.thumbnail import shrunk

_QUALITY = 85


def small_jpeg(data: bytes, *, side_px: int) -> bytes:
    """Of a picture that Photoseek made. Always encoded anew: no metadata comes through. Blocking.

    Raises OSError, ValueError where it is none.
    """
    with Image.open(BytesIO(data)) as image:
        small = shrunk(image.convert("RGB"), side_px)
    encoded = BytesIO()
    small.save(encoded, "JPEG", quality=_QUALITY)
    return encoded.getvalue()
