"""Width and height as stored, from a file's header, without a decoder."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from utils.containers.bmp_header import bmp_header
from utils.containers.iso_boxes import boxes
from utils.containers.jpeg_2000 import jpeg_2000_header
from utils.containers.jpeg_segments import FRAMES, Segment, segments
from utils.containers.tiff import bytes_reader, tiff_structure
from utils.imaging.formats import Format

Size = tuple[int, int]

_JXL_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_PNM_SIZE = re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")


def header_size(header: bytes, known: Format) -> Size | None:
    """None where the header does not tell: RAW, a damaged file, a header cut too short."""
    try:
        return _READERS[known](header) if known in _READERS else None
    except (struct.error, IndexError, ValueError):
        return None


def is_progressive(header: bytes) -> bool:
    """Of a JPEG: decoding it holds every coefficient in memory, whatever the scale."""
    frame = _frame(header)
    return frame is not None and frame.marker in (0xC2, 0xC6, 0xCA, 0xCE)


def _frame(data: bytes) -> Segment | None:
    return next((segment for segment in segments(data) if segment.marker in FRAMES), None)


def _jpeg(data: bytes) -> Size | None:
    frame = _frame(data)
    if frame is None:
        return None
    height, width = struct.unpack_from(">HH", data, frame.start + 5)
    return width, height


def _png(data: bytes) -> Size | None:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _webp(data: bytes) -> Size | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _gif(data: bytes) -> Size | None:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _bmp(data: bytes) -> Size | None:
    found = bmp_header(data)
    return None if found is None else (abs(found.width_px), found.height_px)


def _pnm(data: bytes) -> Size | None:
    found = _PNM_SIZE.match(data[:1024])
    return (int(found[1]), int(found[2])) if found else None


def _tiff(data: bytes) -> Size | None:
    tiff = tiff_structure(bytes_reader(data))
    first = tiff.first() if tiff else None
    width, height = (first.integer(256), first.integer(257)) if first else (None, None)
    return (width, height) if width and height else None


def _heif(data: bytes) -> Size | None:
    """The largest of the `ispe` properties: tiles and thumbnails have theirs beside the picture."""
    sizes = [
        struct.unpack_from(">II", data, at.end() + 4) for at in re.finditer(b"ispe", data[:65536])
    ]
    best = max(sizes, key=lambda size: size[0] * size[1], default=None)
    return (best[0], best[1]) if best else None


def _jxl(data: bytes) -> Size | None:
    start = _codestream(data)
    if start is None or data[start : start + 2] != b"\xff\x0a":
        return None
    bits = _Bits(int.from_bytes(data[start + 2 : start + 14], "little"))
    small = bits.take(1)
    height = _jxl_side(bits, small=small)
    ratio = bits.take(3)
    if ratio:
        across, down = _JXL_RATIOS[ratio - 1]
        return height * across // down, height
    return _jxl_side(bits, small=small), height


def _jpeg_2000(data: bytes) -> Size | None:
    found = jpeg_2000_header(data)
    return None if found is None else (found.width_px, found.height_px)


def _codestream(data: bytes) -> int | None:
    """Where it begins: bare, in a box of its own, or in a box behind the number of its part."""
    if data[:2] == b"\xff\x0a":
        return 0
    for box in boxes(data):
        if box.kind in (b"jxlc", b"jxlp"):
            return box.start + 4 * (box.kind == b"jxlp")
    return None


def _jxl_side(bits: _Bits, *, small: int) -> int:
    if small:
        return 8 * (bits.take(5) + 1)
    return bits.take((9, 13, 18, 30)[bits.take(2)]) + 1


class _Bits:
    """Least significant first, as JPEG XL packs them."""

    def __init__(self, packed: int) -> None:
        self._packed = packed

    def take(self, count: int) -> int:
        taken = self._packed & ((1 << count) - 1)
        self._packed >>= count
        return taken


_READERS: dict[Format, Callable[[bytes], Size | None]] = {
    Format.JPEG: _jpeg,
    Format.PNG: _png,
    Format.WEBP: _webp,
    Format.GIF: _gif,
    Format.BMP: _bmp,
    Format.PPM: _pnm,
    Format.TIFF: _tiff,
    Format.HEIC: _heif,
    Format.AVIF: _heif,
    Format.JXL: _jxl,
    Format.JPEG_2000: _jpeg_2000,
}
