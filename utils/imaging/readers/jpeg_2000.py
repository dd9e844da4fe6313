"""JPEG 2000 by Pillow's OpenJPEG, at the half or quarter that is enough; other depths whole."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, Jpeg2KImagePlugin

from utils.containers.jpeg_2000 import Jpeg2000Header, jpeg_2000_header
from utils.imaging.faults.damage import DamagedError
from utils.imaging.faults.unreadable import check_pixels
from utils.imaging.readers.loaded import Loaded
from utils.imaging.readers.tiff_samples import Tone

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_BYTE_BITS = 8


def read_jpeg_2000(data: bytes, *, min_side_px: int, max_pixels: int) -> Loaded:
    """Both sides stay at least `min_side_px` where they are. Raises as `open_upright`."""
    header = jpeg_2000_header(data)
    if header is None:
        raise DamagedError("the header of the JPEG 2000 is damaged")
    size = (header.width_px, header.height_px)
    check_pixels(size, max_pixels)
    if _is_of_other_depth(header):
        return Loaded(_deep(data, header), size, turn=1)
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


def _is_of_other_depth(header: Jpeg2000Header) -> bool:
    """Pillow turns white of more than 8 bits to black, and makes less than 8 bits too dark."""
    if header.samples == 1:
        return 0 < header.bits < _BYTE_BITS  # Pillow keeps all of a deep grey
    return header.samples in _MODES and header.bits not in (0, _BYTE_BITS)


def _deep(data: bytes, header: Jpeg2000Header) -> Image.Image:
    import imagecodecs  # takes 0.1 s and is seldom needed

    values = imagecodecs.jpeg2k_decode(data)
    across, down = header.width_px, header.height_px
    if values.shape not in ((down, across, header.samples), (down, across)):
        raise DamagedError("the header of the JPEG 2000 is damaged: it names two sizes")
    levels = Tone(0.0, float((1 << header.bits) - 1), is_light=False).levels(values)
    mode = _MODES[1 if values.ndim == 2 else header.samples]
    image = Image.frombytes(mode, (across, down), levels.tobytes())
    if header.profile:
        image.info["icc_profile"] = header.profile
    return image
