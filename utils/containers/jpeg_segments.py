"""The segments of a JPEG: those before its first pixels, and those of its scans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from utils.containers.byte_source import ByteSource

START_OF_SCAN = 0xDA
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MAX_SEGMENTS = 4096  # more than any encoder writes
_WINDOW_BYTES = 65536
_END_OF_IMAGE = 0xD9
_LONE = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))  # markers without a length
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # neither stuffing nor a restart


class Segment(NamedTuple):
    """From its 0xFF to behind its content, wherever the file ends."""

    marker: int
    start: int
    end: int

    @property
    def content(self) -> slice:
        """Without the marker and the length."""
        return slice(self.start + 4, self.end)


def segments(data: ByteSource) -> Iterator[Segment]:
    """The segments up to the first scan's header. What lies between them is skipped.

    They also end with the data, and after as many as a picture may have.
    """
    position = 2
    for _ in range(_MAX_SEGMENTS):
        head = data[position : position + 4]
        if head[:1] != b"\xff" or head[1:2] == b"\xff":
            position = _marker(data, position)
            head = data[position : position + 4] if position >= 0 else b""
        if len(head) < 4 or position + 10 > len(data):
            return
        if head[1] in _LONE:
            position += 2
            continue
        end = position + 2 + int.from_bytes(head[2:])
        yield Segment(head[1], position, end)
        if head[1] == START_OF_SCAN:
            return
        position = end


def scan_segments(data: bytes, position: int = 2) -> Iterator[Segment]:
    """The tables and scans from a marker to the end of the image.

    A scan ends behind its coded data, at the next marker. What lies between segments is skipped.
    """
    while 0 <= position < len(data) - 4 and data[position + 1] != _END_OF_IMAGE:
        marker, start = data[position + 1], position
        end = start + 2 + int.from_bytes(data[start + 2 : start + 4])
        position = next_marker(data, end)
        if marker == START_OF_SCAN:
            end = position if position >= 0 else len(data)
        yield Segment(marker, start, end)


def next_marker(data: bytes, position: int) -> int:
    """The first marker behind coded data that begins at `position`; -1 if there is none."""
    found = _MARKER_IN_SCAN.search(data, position)
    return found.start() if found else -1


def _marker(data: ByteSource, position: int) -> int:
    """The last 0xFF of the next run of them; -1 if there is none before the data ends."""
    while len(window := data[position : position + _WINDOW_BYTES]) > 1:
        start = window.find(b"\xff")
        behind = window[start:].lstrip(b"\xff") if start >= 0 else b""
        if behind:
            return position + len(window) - len(behind) - 1
        position += len(window) - 1  # a run may go on in the next
    return -1
