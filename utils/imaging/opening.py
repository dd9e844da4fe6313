"""Opens image bytes as an upright RGB picture at about the size that is needed."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, JpegImagePlugin

from utils.containers.png.texts import exif_of_texts
from utils.containers.tiff import bytes_reader, tiff_structure
from utils.contract import ErrorCode
from utils.imaging.colour.code_points import code_points
from utils.imaging.colour.srgb import to_srgb
from utils.imaging.faults.damage import DamagedError, check_written, damage
from utils.imaging.faults.unreadable import (
    ImageUnreadableError,
    check_pixels,
    of_no_format,
    unreadable_as,
)
from utils.imaging.formats import Format, sniff
from utils.imaging.header_size import header_size
from utils.imaging.jpeg_rows import open_damaged
from utils.imaging.pillow_setup import ready_pillow
from utils.imaging.pixel_streams import check_gif, jpeg_stream, png_stream, webp_stream
from utils.imaging.readers.bmp import read_bmp
from utils.imaging.readers.heif import read_heif
from utils.imaging.readers.jpeg_2000 import read_jpeg_2000
from utils.imaging.readers.jpeg_xl import read_jxl
from utils.imaging.readers.loaded import Loaded
from utils.imaging.readers.palettes import lacks_colours
from utils.imaging.readers.tiff import read_tiff

_PILLOW_NAMES = {
    Format.PNG: "PNG",
    Format.WEBP: "WEBP",
    Format.GIF: "GIF",
    Format.PPM: "PPM",
}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112
# Opening these reads no pixels, and then they tell.
_SIZES_DEEP_INSIDE = frozenset({Format.TIFF, Format.HEIC, Format.AVIF})

Area = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Decoded:
    """`image` is RGB and upright, at least as large as was asked for where the file is.

    `width_px` and `height_px` are the file's own, as displayed. `area` is where the picture lies
    in `image`: scaling by a whole factor leaves a part of a pixel over at two edges, which shows
    at a model's input. `partial`: rows at the bottom could not be read and are grey.
    """

    image: Image.Image
    width_px: int
    height_px: int
    area: Area
    format: Format
    partial: bool

    @property
    def size(self) -> tuple[int, int]:
        return self.width_px, self.height_px


def open_upright(
    data: bytes, *, min_side_px: int, max_pixels: int, orientation: int | None = None
) -> Decoded:
    """Decodes once, oriented and in sRGB. Blocking: call it from a worker thread.

    The picture may be scaled down by whole factors while both sides stay at least `min_side_px`.
    `orientation` (EXIF 1 to 8) overrides what the file says.

    Raises:
        ImageUnreadableError: corrupt, of unknown format, RAW, or of more than `max_pixels`.
    """
    ready_pillow()
    if not data:
        raise ImageUnreadableError(ErrorCode.FILE_EMPTY, "the file is empty")
    known = sniff(data)
    if known is None or known.is_raw:
        raise of_no_format(data)
    with unreadable_as(ErrorCode.DECODING_IMAGE, data, known):
        size = header_size(data, known)
        if size is None and known not in _SIZES_DEEP_INSIDE:
            raise DamagedError(damage(data, known, otherwise="the header is damaged"))
        check_pixels(size, max_pixels)
        return _decoded(data, known, min_side_px, max_pixels, orientation)


def _decoded(
    data: bytes, known: Format, min_side_px: int, max_pixels: int, orientation: int | None
) -> Decoded:
    loaded = _loaded(data, known, min_side_px, max_pixels)
    points = loaded.points or code_points(data, known)
    width, height = loaded.size
    turn = orientation or loaded.turn
    reduced = _reduced(loaded.image, min_side_px)
    area = _area((width, height), reduced.size, turn)
    upright = oriented(to_srgb(reduced, points), turn)
    if turn >= 5:
        width, height = height, width
    return Decoded(upright, width, height, area, known, loaded.partial)


def _loaded(data: bytes, known: Format, min_side_px: int, max_pixels: int) -> Loaded:
    if known is Format.TIFF:
        return read_tiff(data, max_pixels=max_pixels)
    if known is Format.JXL:
        return read_jxl(data, max_pixels=max_pixels)
    if known is Format.JPEG_2000:
        return read_jpeg_2000(data, min_side_px=min_side_px, max_pixels=max_pixels)
    if known is Format.BMP:
        return read_bmp(data, max_pixels=max_pixels)
    if known in (Format.HEIC, Format.AVIF):
        return read_heif(data, known, max_pixels=max_pixels)
    exif: object = None
    if known is Format.JPEG:
        stream = jpeg_stream(data)
        data, exif = stream.data, stream.exif
    with _opened(data, known) as image:
        size = image.size
        check_pixels(size, max_pixels)
        partial = False
        loaded: Image.Image = image
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            image.draft(None, (min_side_px, min_side_px))
            try:
                image.load()
            except OSError:
                loaded, partial = open_damaged(data, min_side_px)
        else:
            image.load()
            partial = lacks_colours(image)
        exif = exif or image.info.get("exif")
        if not exif and known is Format.PNG:
            exif = exif_of_texts(data)
        return Loaded(loaded, size, exif_orientation(exif), partial)


def _area(size: tuple[int, int], scaled: tuple[int, int], turn: int) -> Area:
    """Of a picture scaled down by one whole factor (rounded up) and then turned."""
    factor = round(max(size[0] / scaled[0], size[1] / scaled[1]))
    across, down = size[0] / factor, size[1] / factor
    left, top = scaled[0] - across, scaled[1] - down
    if turn >= 5:
        across, down, left, top = down, across, top, left
    left = left if turn in (2, 3, 6, 7) else 0.0
    top = top if turn in (3, 4, 7, 8) else 0.0
    return left, top, left + across, top + down


def _opened(data: bytes, known: Format) -> Image.Image:
    check_written(data, known)
    if known is Format.JPEG:
        # Not Image.open: it looks for further pictures behind the first (MPO) and trips over them.
        return JpegImagePlugin.JpegImageFile(BytesIO(data))
    profile: bytes | None = None
    if known is Format.PNG:
        stream = png_stream(data)
        data, profile = stream.data, stream.profile
    elif known is Format.GIF:
        check_gif(data)
    elif known is Format.WEBP:
        data = webp_stream(data)
    image = Image.open(BytesIO(data), formats=(_PILLOW_NAMES[known],))
    if profile:
        image.info["icc_profile"] = profile
    return image


def _reduced(image: Image.Image, min_side_px: int) -> Image.Image:
    """By a whole factor: what follows, colour conversion above all, costs by the pixel."""
    factor = min(image.width, image.height) // max(1, min_side_px)
    if factor < 2 or image.mode in ("P", "1") or "transparency" in image.info:
        return image
    if image.mode.startswith("I;"):
        return image
    reduced = image.reduce(factor)
    reduced.info = dict(image.info)
    return reduced


def exif_orientation(exif: object) -> int:
    """1 to 8; 1 where it is absent or nonsense."""
    if not isinstance(exif, bytes):
        return 1
    tiff = tiff_structure(bytes_reader(exif.removeprefix(b"Exif\0\0")))
    first = tiff.first() if tiff else None
    turn = first.integer(_ORIENTATION) if first else None
    return turn if turn in _TURNS else 1


def oriented(image: Image.Image, turn: int) -> Image.Image:
    return image.transpose(_TURNS[turn]) if turn in _TURNS else image
