"""Where a file ends by what it says of itself, for telling that one is cut off."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice

from utils.containers.heif_structure import heif_structure
from utils.containers.iso_boxes import boxes
from utils.containers.png_chunks import chunks
from utils.containers.tiff import bytes_reader, tiff_structure
from utils.imaging.formats import Format

_MOST_PARTS = 4096
_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES = 273, 279, 324, 325
_GAP = rb"(?:\s|#[^\n]*\n)+"
_PNM = re.compile(rb"P([456])" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})\s")
_PNM_MOST = re.compile(rb"(?:\s|#[^\n]*\n)*(\d{1,5})\s")
_PNM_HEAD_BYTES = 1024  # each gap takes 150 times its memory
_JPEG_END = b"\xff\xd9"  # of JPEG 2000, too
_TAIL_BYTES = 64 * 1024


def said_end(data: bytes, known: Format | None) -> int | None:
    """None where it is not said; may raise what parsing of garbage raises."""
    return _ENDS[known](data) if known in _ENDS else None


def lacks_end(data: bytes, known: Format | None) -> bool:
    """True where the format has a mark for its end, and it is not there."""
    if known in (Format.JPEG, Format.JPEG_2000):
        return _JPEG_END not in data[-_TAIL_BYTES:]
    return known is Format.GIF and _gif_runs_out(data)


def media_end(data: bytes) -> int | None:
    """Of the box that holds the pixels."""
    return max((box.end for box in boxes(data) if box.kind == b"mdat"), default=None)


def _png_end(data: bytes) -> int | None:
    last = None
    for chunk in islice(chunks(data), _MOST_PARTS):
        last = chunk
    return last.end if last is not None and last.kind.isalpha() else None


def _riff_end(data: bytes) -> int | None:
    return 8 + int.from_bytes(data[4:8], "little")


def _boxes_end(data: bytes) -> int | None:
    last = None
    for box in islice(boxes(data), _MOST_PARTS):
        last = box
    return None if last is None else last.end


def _heif_end(data: bytes) -> int | None:
    """Of the boxes or the picture's pieces: the last box may go on to the end, wherever it is."""
    structure = heif_structure(data)
    pieces = 0 if structure is None else structure.end
    return max(_boxes_end(data) or 0, pieces) or None


def _tiff_end(data: bytes) -> int | None:
    """Of the first picture's strips or tiles; or of its directory, which many write last."""
    tiff = tiff_structure(bytes_reader(data))
    if tiff is None:
        return None
    first = tiff.first()
    if first is None:
        return tiff.first_offset + 2
    ends = [0]
    for offsets, lengths in ((_STRIP_OFFSETS, _STRIP_BYTES), (_TILE_OFFSETS, _TILE_BYTES)):
        pairs = zip(first.numbers(offsets), first.numbers(lengths), strict=False)
        ends += [int(start) + int(length) for start, length in pairs]
    return max(ends)


def _pnm_end(data: bytes) -> int | None:
    """Of the binary kinds."""
    head = _PNM.match(data, 0, _PNM_HEAD_BYTES)
    if head is None:
        return None
    kind, width, height = (int(number) for number in head.groups())
    if kind == 4:
        return head.end() + (width + 7) // 8 * height
    most = _PNM_MOST.match(data, head.end(), head.end() + _PNM_HEAD_BYTES)
    if most is None:
        return None
    sample_bytes = 1 if int(most[1]) < 256 else 2
    return most.end() + width * height * sample_bytes * (1 if kind == 5 else 3)


def _gif_runs_out(data: bytes) -> bool:
    position = 13 + _colours_bytes(data, 10)
    while position < len(data):
        match data[position]:
            case 0x21:
                position += 2
            case 0x2C:
                position += 11 + _colours_bytes(data, position + 9)
            case _:  # its end, or nothing that a GIF has
                return False
        while position < len(data) and data[position]:
            position += 1 + data[position]
        position += 1
    return True


def _colours_bytes(data: bytes, at: int) -> int:
    flags = data[at] if at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_ENDS: dict[Format | None, Callable[[bytes], int | None]] = {
    Format.PNG: _png_end,
    Format.WEBP: _riff_end,
    Format.HEIC: _heif_end,
    Format.AVIF: _heif_end,
    Format.JPEG_2000: _boxes_end,
    Format.TIFF: _tiff_end,
    Format.PPM: _pnm_end,
}
