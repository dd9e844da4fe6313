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
_MOST_SAMPLES = 5
_SIGNED = 0x80


@dataclass(frozen=True, slots=True)
class Jpeg2000Header:
    """`levels`: how often the picture can be halved by leaving data out.

    `samples` a pixel; `bits` of each, 0 where they are not alike, have a sign or are spread apart.
    """

    width_px: int
    height_px: int
    levels: int
    profile: bytes | None
    samples: int
    bits: int


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
    samples, bits = _samples(data, start + 40)
    levels = _levels(data, start + 2)
    return Jpeg2000Header(right - left, bottom - top, levels, profile, samples, bits)


def _samples(data: ByteSource, position: int) -> tuple[int, int]:
    count = int.from_bytes(data[position : position + 2])
    said = data[position + 2 : position + 2 + 3 * min(count, _MOST_SAMPLES)]
    kinds = {said[at : at + 3] for at in range(0, len(said), 3)}
    first = next(iter(kinds), b"")
    is_plain = len(kinds) == 1 and first[1:] == b"\1\1" and first[0] < _SIGNED
    return count, first[0] + 1 if is_plain else 0


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
