"""The header of a JPEG 2000: bare, or in the boxes of a JP2."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from utils.containers.byte_source import ByteSource
from utils.containers.iso_boxes import boxes

CODESTREAM = b"\xff\x4f\xff\x51"
_MOST_MARKERS = 64
_CODING_STYLE, _START_OF_TILE = 0xFF52, 0xFF90
_MOST_PROFILE_BYTES = 4 * 1024 * 1024
_ICC_METHODS = (2, 3)


@dataclass(frozen=True, slots=True)
class Jpeg2000Header:
    """`levels`: how often the picture can be halved by leaving data out."""

    width_px: int
    height_px: int
    levels: int
    profile: bytes | None


def jpeg_2000_header(data: ByteSource) -> Jpeg2000Header | None:
    """None where it is damaged or cut off."""
    start, profile = 0, None
    if data[:4] != CODESTREAM:
        found = list(boxes(data))
        start = next((box.start for box in found if box.kind == b"jp2c"), -1)
        profile = next((_profile(data, b.start, b.end) for b in found if b.kind == b"jp2h"), None)
    if start < 0 or data[start : start + 4] != CODESTREAM:
        return None
    size = data[start + 8 : start + 24]
    if len(size) < 16:
        return None
    right, bottom, left, top = struct.unpack(">IIII", size)
    if not (left < right and top < bottom):
        return None
    return Jpeg2000Header(right - left, bottom - top, _levels(data, start + 2), profile)


def _levels(data: ByteSource, position: int) -> int:
    for _ in range(_MOST_MARKERS):
        head = data[position : position + 4]
        if len(head) < 4:
            break
        marker, length = struct.unpack(">HH", head)
        if marker == _CODING_STYLE:
            style = data[position + 9 : position + 10]
            return min(style[0], 32) if style else 0
        if marker == _START_OF_TILE or length < 2:
            break
        position += 2 + length
    return 0


def _profile(data: ByteSource, start: int, end: int) -> bytes | None:
    for box in boxes(data, start, end):
        head = data[box.start : box.start + 3]
        if box.kind == b"colr" and head[:1] and head[0] in _ICC_METHODS:
            length = min(box.end - box.start, _MOST_PROFILE_BYTES)
            return data[box.start + 3 : box.start + length]
    return None
