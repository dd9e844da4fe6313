"""Where a file is damaged that its decoder refused, in words for its owner."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import islice

from utils.containers.iso_boxes import boxes
from utils.containers.jpeg_segments import START_OF_SCAN, segments
from utils.containers.png_chunks import chunks
from utils.containers.tiff import bytes_reader, tiff_structure
from utils.imaging.formats import Format


class DamagedError(OSError):
    """A reader of ours found what is wrong. Its text is written for the owner of the file."""


_HOLE_BYTES = 4096  # disks and downloads leave out whole sectors
_MOST_PARTS = 4096
_KB = 1000
_BELIEVED = 100  # a length of more than so many times the file's is damage itself

_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES = 273, 279, 324, 325


def damage(data: bytes, known: Format | None, *, otherwise: str = "") -> str:
    """Looks at what may explain a failure; never raises. `otherwise`: where nothing does."""
    otherwise = otherwise or _of_unknown_cause(known)
    try:
        return _cut_off(data, known) or never_written(data) or otherwise
    except (struct.error, IndexError, ValueError):
        return otherwise


def cut_off(present_bytes: int, wanted_bytes: int) -> str:
    """The sentence for a file that is shorter than it says."""
    present, wanted = _size(present_bytes), _size(wanted_bytes)
    if present == wanted:
        return f"the file is cut off: {wanted_bytes - present_bytes} bytes are missing at its end"
    return f"the file is cut off: it ends after {present} of {wanted}"


def _size(count: int) -> str:
    if count < _KB:
        return f"{count} bytes"
    if count < _KB**2:
        return f"{count / _KB:.3g} KB" if count < 100 * _KB else f"{count // _KB} KB"
    return f"{count / _KB**2:.1f} MB"


def _cut_off(data: bytes, known: Format | None) -> str | None:
    wanted = _ENDS[known](data) if known in _ENDS else None
    if wanted is not None and len(data) < wanted < _BELIEVED * len(data) + _KB**2:
        return cut_off(len(data), wanted)
    return _cut_jpeg(data) if known is Format.JPEG else None


def _cut_jpeg(data: bytes) -> str | None:
    if not any(segment.marker == START_OF_SCAN for segment in segments(data)):
        return f"the file ends after {_size(len(data))}, before its picture begins"
    if b"\xff\xd9" not in data[-64 * 1024 :]:
        return f"the file is cut off: it ends after {_size(len(data))}, within its picture"
    return None


def never_written(data: bytes) -> str | None:
    """Zeros up to the end: a copy or a download that stopped."""
    written = len(data.rstrip(b"\0"))
    if len(data) - written < _HOLE_BYTES:
        return None
    if not written:
        return "the file holds nothing but zeros"
    return f"the file is empty from {_size(written)} on, of {_size(len(data))}: its copy broke off"


def check_written(data: bytes, known: Format) -> None:
    """Decoders of WebP, HEIC and AVIF make something of a half that was never written.

    Raises:
        DamagedError: the data of the picture ends in zeros, as no encoder's does.
    """
    ends = {Format.WEBP: _riff_end, Format.HEIC: _media_end, Format.AVIF: _media_end}
    if known in ends and (said := never_written(data)) is not None:
        end = ends[known](data)
        if end is not None and not any(data[min(end, len(data)) - _HOLE_BYTES : end]):
            raise DamagedError(said)


def _of_unknown_cause(known: Format | None) -> str:
    if known is not None and known.is_raw:
        return (
            "the RAW data is damaged, or of a camera that this version of Photoseek does not know"
        )
    return "the picture data is damaged, or written in a way that no decoder here understands"


def _png_end(data: bytes) -> int | None:
    last = None
    for chunk in islice(chunks(data), _MOST_PARTS):
        last = chunk
    return None if last is None else last.end


def _riff_end(data: bytes) -> int | None:
    return 8 + int.from_bytes(data[4:8], "little")


def _media_end(data: bytes) -> int | None:
    """Of the box that holds the pixels."""
    return max((box.end for box in boxes(data) if box.kind == b"mdat"), default=None)


def _boxes_end(data: bytes) -> int | None:
    last = None
    for box in islice(boxes(data), _MOST_PARTS):
        last = box
    return None if last is None else last.end


def _tiff_end(data: bytes) -> int | None:
    """Of the first picture's strips or tiles."""
    tiff = tiff_structure(bytes_reader(data))
    first = tiff.first() if tiff else None
    if first is None:
        return None
    ends = [0]
    for offsets, lengths in ((_STRIP_OFFSETS, _STRIP_BYTES), (_TILE_OFFSETS, _TILE_BYTES)):
        pairs = zip(first.numbers(offsets), first.numbers(lengths), strict=False)
        ends += [int(start) + int(length) for start, length in pairs]
    return max(ends)


_ENDS: dict[Format | None, Callable[[bytes], int | None]] = {
    Format.PNG: _png_end,
    Format.WEBP: _riff_end,
    Format.HEIC: _boxes_end,
    Format.AVIF: _boxes_end,
    Format.JPEG_2000: _boxes_end,
    Format.TIFF: _tiff_end,
}
