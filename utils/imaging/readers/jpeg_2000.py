"""JPEG 2000 by Pillow's OpenJPEG, at the half or quarter that is enough."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, Jpeg2KImagePlugin

from utils.containers.jpeg_2000 import jpeg_2000_header
from utils.imaging.faults.damage import DamagedError
from utils.imaging.faults.unreadable import check_pixels
from utils.imaging.readers.loaded import Loaded


def read_jpeg_2000(data: bytes, *, min_side_px: int, max_pixels: int) -> Loaded:
    """Both sides stay at least `min_side_px` where they are. Raises as `open_upright`."""
    header = jpeg_2000_header(data)
    if header is None:
        raise DamagedError("the header of the JPEG 2000 is damaged")
    size = (header.width_px, header.height_px)
    check_pixels(size, max_pixels)
    halvings = 0
    while halvings < header.levels and min(size) >> (halvings + 1) >= min_side_px:
        halvings += 1
    with Image.open(BytesIO(data), formats=("JPEG2000",)) as image:
        assert isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile)
        if image.size != size:
            raise DamagedError("the header of the JPEG 2000 is damaged: it names two sizes")
        image.reduce = halvings
        image.load()
        if header.profile:
            image.info["icc_profile"] = header.profile
        return Loaded(image, size, turn=1)
