"""TIFF: by Pillow where it is right, and else by tifffile, strip by strip."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from utils.imaging.faults.damage import DamagedError, cut_off
from utils.imaging.faults.unreadable import ImageUnreadableError, check_pixels
from utils.imaging.jpeg_rows import MIN_READABLE
from utils.imaging.readers.loaded import Loaded
from utils.imaging.readers.tiff_pages import (
    JPEGS,
    PICTURE_CODECS,
    Layout,
    check_packing,
    layout_of,
    main_page,
    pillow_is_right,
    size_of,
)
from utils.imaging.readers.tiff_samples import Tone, picture_of, tone_of

Values = npt.NDArray[Any]

_GREY = 128
_UNPACKED, _LZW, _LOW_BITS_FIRST = 1, 5, 2
_MOST_SEGMENTS = 1_000_000
_SAMPLED = 250_000  # values of a segment and its like that a tone is chosen by


def read_tiff(data: bytes, *, max_pixels: int) -> Loaded:
    """The first picture that is not a small copy of another. Blocking.

    Raises:
        ImageUnreadableError: of a kind that is not read, or of too many pixels.
        DamagedError: less than 80 % of its rows can be read.
    """
    tifffile = _tifffile()
    try:
        with tifffile.TiffFile(BytesIO(data)) as file:
            page, is_first = main_page(file)
            check_pixels(size_of(page), max_pixels)
            layout = layout_of(page)
            loaded = _by_pillow(data) if is_first and pillow_is_right(page, layout) else None
            if loaded is not None:
                return loaded
            check_packing(page, layout)
            return _Strips(data, page, layout).read()
    except (ImageUnreadableError, DamagedError, MemoryError):
        raise
    except Exception:
        # What tifffile takes for damaged from the start, libtiff may still make a picture of.
        loaded = _by_pillow(data, max_pixels)
        if loaded is None:
            raise
        return loaded


@cache
def _tifffile() -> Any:
    import tifffile  # here: only who meets a TIFF needs it

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it tells of every odd tag
    return tifffile


def _by_pillow(data: bytes, max_pixels: int | None = None) -> Loaded | None:
    """None where it fails."""
    try:
        with Image.open(BytesIO(data), formats=("TIFF",)) as image:
            if max_pixels is not None:
                check_pixels(image.size, max_pixels)
            size = image.size
            image.load()  # turns it
            return Loaded(image, size, turn=1)
    except (ImageUnreadableError, MemoryError):
        raise
    except Exception:  # noqa: BLE001  # Pillow raises anything
        return None


@dataclass(frozen=True, slots=True)
class _Segment:
    """A strip or tile as decoded: (rows, columns, samples), and where it lies in the picture."""

    values: Values
    top: int
    left: int
    first_sample: int


class _Strips:
    """One page, decoded piece by piece into 8 bits a sample, so that no wider copy is held."""

    def __init__(self, data: bytes, page: Any, layout: Layout) -> None:
        self._data = data
        self._page = page
        self._layout = layout
        self._readable_rows = layout.height_px
        self._missing_end = 0  # the byte up to which the file should go
        self._is_lzw = int(page.compression) == _LZW
        self._is_reversed = self._is_lzw and int(page.fillorder) == _LOW_BITS_FIRST
        if self._is_lzw:  # tifffile then finds it unpacked
            page.compression, page.fillorder = _UNPACKED, 1

    def read(self) -> Loaded:
        layout = self._layout
        tone = self._tone() if layout.needs_tone else None
        levels = tone.levels if tone is not None else layout.levels
        shape = (layout.height_px, layout.width_px, layout.samples)
        canvas = np.zeros(shape, np.uint8)
        for segment in self._segments():
            self._place(canvas, segment, levels)
        rows, height = self._readable_rows, layout.height_px
        if rows < MIN_READABLE * height:
            raise DamagedError(self._what_lacks(rows * 100 // height))
        canvas[rows:] = _GREY
        profile = None if tone is not None and tone.is_light else layout.profile
        image = picture_of(canvas, layout)
        if profile:
            image.info["icc_profile"] = profile
        return Loaded(image, (layout.width_px, height), layout.turn, partial=rows < height)

    def _what_lacks(self, percent: int) -> str:
        if self._missing_end > len(self._data):
            return cut_off(len(self._data), self._missing_end)
        return f"the TIFF is damaged: {percent} % of its rows are readable"

    def _tone(self) -> Tone:
        """From some of the values of all segments: a picture of fractions is scaled as a whole."""
        most = max(1, _SAMPLED // max(1, len(self._page.dataoffsets)))
        some = [
            segment.values.reshape(-1)[:: max(1, segment.values.size // most)]
            for segment in self._segments()
            if segment.first_sample < self._layout.colours
        ]
        self._readable_rows = self._layout.height_px
        return tone_of(np.concatenate(some) if some else np.zeros(1), self._layout)

    def _segments(self) -> Iterator[_Segment]:
        page, layout = self._page, self._layout
        offsets, lengths = page.dataoffsets, page.databytecounts
        if max(len(offsets), layout.segments) > _MOST_SEGMENTS:
            raise DamagedError("the header is damaged: it names more parts than a picture has")
        tables = {}
        if page.compression in JPEGS:
            tables = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
        for index in range(layout.segments):
            offset, length = (offsets[index], lengths[index]) if index < len(offsets) else (0, 0)
            raw = self._data[offset : offset + length]
            top = layout.top_of(index)
            if not length or len(raw) < length:
                self._missing_end = max(self._missing_end, offset + length)
                self._readable_rows = min(self._readable_rows, top)
                continue
            if page.compression in PICTURE_CODECS and not layout.is_picture_of_its_size(raw):
                self._readable_rows = min(self._readable_rows, top)
                continue
            try:
                raw = self._unpacked(raw) if self._is_lzw else raw
                values, (sample, _, top, left, _), _ = page.decode(raw, index, **tables)
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001  # codecs raise their own
                self._readable_rows = min(self._readable_rows, top)
                continue
            yield _Segment(values[0], int(top), int(left), int(sample))

    def _unpacked(self, raw: bytes) -> bytes:
        """Of LZW: imagecodecs crashes on damage where it is told a size, as tifffile does."""
        import imagecodecs

        if self._is_reversed:
            raw = bytes(imagecodecs.bitorder_decode(raw))
        return bytes(imagecodecs.lzw_decode(raw, out=bytearray(self._layout.segment_bytes)))

    def _place(
        self, canvas: npt.NDArray[np.uint8], segment: _Segment, levels: Callable[[Values], Values]
    ) -> None:
        first = segment.first_sample
        if first >= self._layout.samples:
            return  # what else there is beside colours and alpha
        values = segment.values[..., : self._layout.samples - first]
        target = canvas[
            segment.top : segment.top + values.shape[0],
            segment.left : segment.left + values.shape[1],
            first : first + values.shape[2],
        ]
        target[:] = levels(values[: target.shape[0], : target.shape[1]])
