"""RAW files: the preview inside, and developing. Pillow never sees more than the preview."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from utils.containers.byte_source import ByteSource, FileBytes
from utils.contract import ErrorCode
from utils.imaging.faults.damage import DamagedError
from utils.imaging.faults.raw_data import check_sensor_data
from utils.imaging.faults.unreadable import (
    ImageUnreadableError,
    check_pixels,
    unreadable_as,
)
from utils.imaging.formats import Format
from utils.imaging.header_size import header_size
from utils.imaging.opening import Decoded, open_upright, oriented

_FLIPS = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}  # LibRaw's flip to EXIF's orientation
_ASPECT_TOLERANCE = 0.06


@dataclass(frozen=True, slots=True)
class RawPicture:
    """`preview` is None where there is none, or where it shows another part of the scene.

    Sizes are those of the RAW, as displayed.
    """

    width_px: int
    height_px: int
    preview: Decoded | None

    def is_large_enough(self, side_px: int) -> bool:
        return self.preview is not None and min(self.preview.size) >= side_px


def read_preview(source: bytes | int, *, min_side_px: int, max_pixels: int) -> RawPicture:
    """Blocking; milliseconds, nothing is developed.

    `source` is a file's bytes or a descriptor of it, of which little more than the preview is read.
    The preview may be scaled down by whole factors while both sides stay at least `min_side_px`.

    Raises:
        ImageUnreadableError: LibRaw does not know the file, or it has too many pixels.
    """
    with _opened(source, max_pixels) as raw:
        sizes = raw.sizes
        width, height, turn = sizes.width, sizes.height, _FLIPS.get(sizes.flip, 1)
        thumb = _thumbnail(raw)
    preview = None
    if thumb is not None:
        with contextlib.suppress(ImageUnreadableError):
            preview = _preview(thumb, width / height, turn, min_side_px, max_pixels)
    if preview is None:
        with unreadable_as(ErrorCode.DECODING_RAW):
            check_sensor_data(_bytes_of(source))
    if turn >= 5:
        width, height = height, width
    return RawPicture(width, height, preview)


def develop(source: bytes | int, *, min_side_px: int, max_pixels: int) -> Image.Image:
    """Upright sRGB, at half the size where that leaves `min_side_px`. Blocking, up to seconds.

    `source` is as for `read_preview`.

    Raises:
        ImageUnreadableError: it cannot be developed, or nothing but one colour comes out.
    """
    with unreadable_as(ErrorCode.DECODING_RAW):
        check_sensor_data(_bytes_of(source))
    with _opened(source, max_pixels) as raw:
        half = min(raw.sizes.width, raw.sizes.height) // 2 >= min_side_px
        pixels = raw.postprocess(half_size=half, use_camera_wb=True, output_bps=8)
    image = Image.fromarray(pixels).convert("RGB")
    if int(pixels.min()) == int(pixels.max()):
        detail = "the sensor data is damaged: nothing but one colour comes out of it"
        raise ImageUnreadableError(ErrorCode.DECODING_RAW, detail)
    return image


def _bytes_of(source: bytes | int) -> ByteSource:
    return source if isinstance(source, bytes) else FileBytes(source, os.fstat(source).st_size)


@contextlib.contextmanager
def _opened(source: bytes | int, max_pixels: int) -> Iterator[Any]:
    import rawpy  # here: the orchestrator needs it only when it meets a RAW

    data = source if isinstance(source, bytes) else b""
    file = BytesIO(data) if data else f"/proc/self/fd/{source!r}"
    with unreadable_as(ErrorCode.DECODING_RAW, data, Format.DNG), rawpy.imread(file) as raw:
        check_pixels((raw.sizes.width, raw.sizes.height), max_pixels)
        if raw.sizes.width < 1 or raw.sizes.height < 1:
            raise DamagedError("the header of the RAW is damaged: it names no size")
        yield raw


def _thumbnail(raw: Any) -> bytes | npt.NDArray[np.uint8] | None:
    """A JPEG or RGB pixels; None for the many ways in which LibRaw says that there is none."""
    try:
        thumb = raw.extract_thumb().data
    except Exception:  # noqa: BLE001  # rawpy's errors have no common base
        return None
    # Copied: LibRaw's memory goes when the RAW is closed.
    return thumb if isinstance(thumb, bytes) else np.array(thumb, dtype=np.uint8)


def _preview(
    thumb: bytes | npt.NDArray[np.uint8],
    sensor_aspect: float,
    turn: int,
    min_side_px: int,
    max_pixels: int,
) -> Decoded | None:
    size = _size(thumb)
    if size is None:
        return None
    aspect = size[0] / size[1]
    if turn >= 5 and _agree(1 / aspect, sensor_aspect) and not _agree(aspect, sensor_aspect):
        turn = 1  # most cameras store it as the sensor lies, some have turned it already
    elif not _agree(aspect, sensor_aspect):
        return None
    if isinstance(thumb, bytes):
        return open_upright(thumb, min_side_px=min_side_px, max_pixels=max_pixels, orientation=turn)
    image = oriented(Image.fromarray(thumb).convert("RGB"), turn)
    width, height = image.size
    return Decoded(image, width, height, (0.0, 0.0, width, height), Format.PPM, partial=False)


def _size(thumb: bytes | npt.NDArray[np.uint8]) -> tuple[int, int] | None:
    if isinstance(thumb, bytes):
        size = header_size(thumb, Format.JPEG)
        return size if size is not None and min(size) > 0 else None
    return (thumb.shape[1], thumb.shape[0]) if thumb.ndim == 3 and thumb.size else None


def _agree(one: float, other: float) -> bool:
    return abs(one / other - 1) <= _ASPECT_TOLERANCE
