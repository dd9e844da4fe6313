"""CIFF, the heaps of Canon's CRW: camera and time, which stand in no EXIF there."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta

from utils.byte_source import ByteSource
from utils.capture_time import Moment, Times
from utils.metadata_text import one_line
from utils.photo_metadata import Metadata, TakenAtSource
from utils.tiff_structure import decoded_text

_MAKE_MODEL, _CAPTURED = 0x080A, 0x180E
_IN_ENTRY, _TYPE_BITS, _HEAPS = 0x4000, 0x3800, (0x2800, 0x3000)
_MAX_HEAPS, _MAX_ENTRIES, _MAX_VALUE_BYTES = 32, 512, 1024
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the camera counts by its own wall clock


def read_ciff(data: ByteSource) -> tuple[Metadata, Times]:
    """As far as it can be read; never raises."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 26:
        return Metadata(), ()
    (header_bytes,) = struct.unpack(order + "I", data[2:6])
    found: dict[int, bytes] = {}
    for tag, value in _values(data, order, header_bytes):
        found.setdefault(tag, value)
    names = [*found.get(_MAKE_MODEL, b"").split(b"\0"), b"", b""]
    metadata = Metadata(
        camera_make=one_line(decoded_text(names[0])),
        camera_model=one_line(decoded_text(names[1])),
    )
    captured = found.get(_CAPTURED, b"")
    seconds = struct.unpack_from(order + "I", captured)[0] if len(captured) >= 4 else 0
    if not seconds:
        return metadata, ()
    when = Moment(_EPOCH + timedelta(seconds=seconds))
    return metadata, ((TakenAtSource.DATE_TIME_ORIGINAL, when),)


def _values(data: ByteSource, order: str, start: int) -> Iterator[tuple[int, bytes]]:
    """Tag and value of what is short, heap by heap; a heap that holds itself ends it."""
    heaps = [(start, len(data))]
    for _ in range(_MAX_HEAPS):
        if not heaps:
            return
        start, end = heaps.pop(0)
        if end - start < 6 or end > len(data):
            continue
        (place,) = struct.unpack(order + "I", data[end - 4 : end])
        directory = start + place
        if directory + 2 > end:
            continue
        (count,) = struct.unpack(order + "H", data[directory : directory + 2])
        last = min(directory + 2 + 10 * min(count, _MAX_ENTRIES), end) - 9
        for at in range(directory + 2, last, 10):
            tag, size, offset = struct.unpack(order + "HII", data[at : at + 10])
            if tag & _IN_ENTRY:
                yield tag & 0x3FFF, data[at + 2 : at + 10]
            elif tag & _TYPE_BITS in _HEAPS:
                heaps.append((start + offset, start + offset + size))
            elif size <= _MAX_VALUE_BYTES:
                yield tag & 0x3FFF, data[start + offset : start + offset + size]
