"""What a decoder needs of a JPEG, PNG or GIF, and nothing that makes it work without end.

Pillow reads every segment before the first pixel: it joins EXIF blocks, unpacks texts and loads
every directory entry eagerly, so that a small file can cost minutes or gigabytes. None of that
is needed for the picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from utils.containers.jpeg_segments import FRAMES, START_OF_SCAN, segments

_FREE_CHUNKS = 4096
_MAX_SCANS = 128  # encoders write about ten; each takes a pass over all coefficients
_MAX_BLOCKS = 16_384  # of a GIF before its first picture
_MIN_MEAN_CHUNK_BYTES = 512

_EXIF = b"Exif\0\0"
_APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_ONE_PASS_FRAMES = (0xC0, 0xC1)
_END_OF_IMAGE, _RESTART_INTERVAL = 0xD9, 0xDD
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_END_MARKER = re.compile(rb"\xff\xd9")
_PADDING = bytes(16)  # libjpeg looks this far ahead of the last block

_KEPT_CHUNKS = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"fdAT")
)


@dataclass(frozen=True, slots=True)
class JpegStream:
    """`data` is a JPEG of tables, frame, profile and scans; `exif` the first EXIF block.

    Of a JPEG of one pass the end marker is gone. libjpeg fills what it lacks with grey when it
    meets that marker, and says so to nobody; at the end of the data it asks for more.
    """

    data: bytes
    exif: bytes | None


def jpeg_stream(data: bytes) -> JpegStream:
    """Raises OSError where there is no scan, or more segments or scans than any encoder writes."""
    kept: list[memoryview] = [memoryview(data)[:2]]
    exif: bytes | None = None
    marker = components = 0
    one_pass = restarts = False
    position = 2
    for segment in segments(data):
        marker, start, end = segment.marker, segment.start, segment.end
        position = start
        if marker == START_OF_SCAN:
            one_pass = one_pass and data[start + 4] == components
            break
        if marker in FRAMES:
            one_pass, components = marker in _ONE_PASS_FRAMES, data[start + 9]
        if marker == _RESTART_INTERVAL:
            restarts = any(data[start + 4 : start + 6])
        if marker == _APP1 and exif is None and data.startswith(_EXIF, start + 4):
            exif = data[start + 4 : end]
        if _needed(data, marker, start):
            kept.append(memoryview(data)[start:end])
    if marker != START_OF_SCAN:
        raise OSError("the JPEG has no picture data")
    if not one_pass:
        _check_scans(data, position)
        return JpegStream(b"".join([*kept, memoryview(data)[position:]]), exif)
    # libjpeg reads no further than the end marker or one that damage made, but it goes on behind
    # the latter where there are marks to restart at.
    scan = position + 2 + int.from_bytes(data[position + 2 : position + 4])
    stop = (_END_MARKER if restarts else _NEXT_MARKER).search(data, scan)
    last = stop.start() if stop else len(data.rstrip(b"\0"))
    return JpegStream(b"".join([*kept, memoryview(data)[position:last], _PADDING]), exif)


def _needed(data: bytes, marker: int, start: int) -> bool:
    if marker == _APP2:
        return data.startswith(b"ICC_PROFILE\0", start + 4)
    return marker in (_APP0, _APP14) or not (_APP0 <= marker <= _APP15 or marker == _COMMENT)


def _check_scans(data: bytes, position: int) -> None:
    for scans, _ in enumerate(_scans(data, position)):
        if scans >= _MAX_SCANS:
            raise OSError("the JPEG has more scans than a picture needs")


def _scans(data: bytes, position: int) -> Iterator[int]:
    """Where each scan begins, up to the end of the image."""
    while 0 <= position < len(data) - 4 and data[position + 1] != _END_OF_IMAGE:
        if data[position + 1] == START_OF_SCAN:
            yield position
        found = _NEXT_MARKER.search(
            data, position + 2 + int.from_bytes(data[position + 2 : position + 4])
        )
        if found is None:
            return
        position = found.start()


def png_stream(data: bytes) -> bytes:
    """Without texts and private chunks; the same object where there are none.

    Raises OSError where it is cut into more chunks than any encoder writes.
    """
    kept: list[memoryview] = []
    begin, position, chunks = 0, 8, 0
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4])
        kind = data[position + 4 : position + 8]
        end = position + 12 + length
        chunks += 1
        if chunks > _FREE_CHUNKS + position // _MIN_MEAN_CHUNK_BYTES:
            raise OSError("the PNG has more chunks than a picture needs")
        if kind not in _KEPT_CHUNKS:
            kept.append(memoryview(data)[begin:position])
            begin = end
        position = end
        if kind == b"IEND":
            break
    if not kept:
        return data
    return b"".join([*kept, memoryview(data)[begin:]])


def check_gif(data: bytes) -> None:
    """Raises OSError where blocks without end come before the first picture."""
    flags = data[10] if len(data) > 10 else 0
    position = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    blocks = 0
    while data[position : position + 1] == b"!":
        position += 2
        while position < len(data) and data[position]:
            position += 1 + data[position]
            blocks += 1
            if blocks > _MAX_BLOCKS:
                raise OSError("the GIF has more blocks than a picture needs")
        position += 1
