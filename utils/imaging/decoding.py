"""From a file's bytes to a model's pixels and a thumbnail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from utils.contract import ClipUpload, ErrorCode
from utils.imaging import raw_developing
from utils.imaging.faults.unreadable import ImageUnreadableError, unreadable_as
from utils.imaging.formats import sniff
from utils.imaging.opening import Area, Decoded, open_upright
from utils.imaging.thumbnail import shrunk

__all__ = [
    "Decoded",
    "ImageUnreadableError",
    "Squares",
    "decode_for_clip",
    "decode_for_models",
    "encode_jpeg",
    "encode_ppm",
    "open_upright",
    "square_of",
    "squashed",
    "to_square",
]

Square = npt.NDArray[np.uint8]  # shape (side_px, side_px, 3), RGB

_FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
_UPLOAD_QUALITY = 95


@dataclass(frozen=True, slots=True)
class Squares:
    """One picture for both models. `whole` is all of it, squashed, for a captioner; or None.

    `small` is a RAW as people see it, where it was asked for.
    """

    clip: Square
    whole: Square | None = None
    small: Image.Image | None = None


def decode_for_clip(data: bytes, upload: ClipUpload, *, max_pixels: int) -> Square:
    """What `decode_for_models` gives, for CLIP alone."""
    return decode_for_models(data, upload, whole_side_px=0, max_pixels=max_pixels).clip


def decode_for_models(
    data: bytes, upload: ClipUpload, *, whole_side_px: int, max_pixels: int, small_side_px: int = 0
) -> Squares:
    """Any format, RAW included, to what models see. Blocking: call it from a worker thread.

    It is decoded once; with a `whole_side_px` of 0 there is no `whole`. `small_side_px` is the
    longest side that `small` may have: it changes nothing of what models see.

    Returns:
        uint8, shapes (upload.side_px, upload.side_px, 3) and (whole_side_px, whole_side_px, 3),
        RGB, not normalised.

    Raises:
        ImageUnreadableError: corrupt, of unknown format, or a decompression bomb.
    """
    known = sniff(data)
    if known is not None and known.is_raw:
        with unreadable_as(ErrorCode.DECODING_RAW, data, known):
            upright, squares = _raw_squares(data, upload, whole_side_px, max_pixels)
            return replace(squares, small=shrunk(upright, small_side_px) if small_side_px else None)
    min_side_px = 2 * max(upload.side_px, whole_side_px)
    decoded = open_upright(data, min_side_px=min_side_px, max_pixels=max_pixels)
    return _squares_of(decoded, upload, whole_side_px)


def _squares_of(decoded: Decoded, upload: ClipUpload, whole_side_px: int) -> Squares:
    whole = square_of(decoded, squashed(whole_side_px)) if whole_side_px else None
    return Squares(square_of(decoded, upload), whole)


def squashed(side_px: int) -> ClipUpload:
    """The whole picture in a square of that side: what a captioner sees."""
    return ClipUpload(side_px=side_px, crop="squash")


def square_of(decoded: Decoded, upload: ClipUpload) -> Square:
    return to_square(decoded.image, upload, original=decoded.size, area=decoded.area)


def to_square(
    image: Image.Image,
    upload: ClipUpload,
    *,
    original: tuple[int, int] | None = None,
    area: Area | None = None,
) -> Square:
    """What open_clip's own preprocessing gives before it normalises. `image` is RGB.

    `original` is the size before the picture was scaled down, `area` where it lies in `image`:
    what is kept is computed from them, because one row more or less shifts every pixel. Only
    what is kept is resampled: a panorama costs no more than a square.
    """
    side = upload.side_px
    original = original or image.size
    area = area or (0.0, 0.0, float(image.width), float(image.height))
    sampling = _FILTERS[upload.interpolation]
    if upload.crop == "longest":
        return np.asarray(_fitted(image, upload, original, area))
    if upload.crop == "center":
        area = _kept(original, side, area)
    return np.asarray(_resized(image, (side, side), sampling, area))


def _kept(original: tuple[int, int], side: int, area: Area) -> Area:
    """Where the centre crop lies: torchvision's Resize of the short side, then CenterCrop."""
    resized = int(side * max(original) / min(original))
    start = round((resized - side) / 2.0)
    left, top, right, bottom = area
    if original[0] <= original[1]:
        row = (bottom - top) / resized
        return left, top + start * row, right, top + (start + side) * row
    column = (right - left) / resized
    return left + start * column, top, left + (start + side) * column, bottom


def _fitted(
    image: Image.Image, upload: ClipUpload, original: tuple[int, int], area: Area
) -> Image.Image:
    side, fill = upload.side_px, upload.fill
    ratio = max(original) / side
    width, height = (max(1, round(length / ratio)) for length in original)
    square = Image.new("RGB", (side, side), (fill, fill, fill))
    small = _resized(image, (width, height), _FILTERS[upload.interpolation], area)
    square.paste(small, ((side - width) // 2, (side - height) // 2))
    return square


def _resized(
    image: Image.Image, size: tuple[int, int], sampling: Image.Resampling, area: Area
) -> Image.Image:
    """Only cuts where nothing is scaled: bicubic would give the same pixels, later."""
    left, top, right, bottom = area
    if (right - left, bottom - top) == size and left == int(left) and top == int(top):
        return image.crop((int(left), int(top), int(right), int(bottom)))
    inside = (max(0.0, left), max(0.0, top), min(right, image.width), min(bottom, image.height))
    return image.resize(size, sampling, box=inside)


def encode_ppm(square: Square) -> bytes:
    """Binary PPM (P6)."""
    height, width, _ = square.shape
    return b"P6\n%d %d\n255\n" % (width, height) + square.tobytes()


def encode_jpeg(square: Square) -> bytes:
    encoded = BytesIO()
    Image.fromarray(square).save(encoded, "JPEG", quality=_UPLOAD_QUALITY, subsampling=0)
    return encoded.getvalue()


def _raw_squares(
    data: bytes, upload: ClipUpload, whole_side_px: int, max_pixels: int
) -> tuple[Image.Image, Squares]:
    side = max(upload.side_px, whole_side_px)
    picture = raw_developing.read_preview(data, min_side_px=2 * side, max_pixels=max_pixels)
    if picture.preview is not None and picture.is_large_enough(upload.side_px):
        return picture.preview.image, _squares_of(picture.preview, upload, whole_side_px)
    developed = raw_developing.develop(data, min_side_px=side, max_pixels=max_pixels)
    whole = to_square(developed, squashed(whole_side_px)) if whole_side_px else None
    return developed, Squares(to_square(developed, upload), whole)
