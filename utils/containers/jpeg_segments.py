"""The segments of a JPEG before its first pixels, bounded: no file can make it loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

START_OF_SCAN = 0xDA
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MAX_SEGMENTS = 4096
_LONE = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))  # markers without a length


class Segment(NamedTuple):
    """From its 0xFF to behind its content, wherever the file ends."""

    marker: int
    start: int
    end: int


def segments(data: bytes) -> Iterator[Segment]:
    """Up to the first scan's header, which is the last.

    Raises OSError where there are more than any encoder writes.
    """
    position = 2
    for _ in range(_MAX_SEGMENTS):
        position = _marker(data, position)
        if position < 0 or position + 10 > len(data):
            return
        marker = data[position + 1]
        if marker in _LONE:
            position += 2
            continue
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4])
        yield Segment(marker, position, end)
        if marker == START_OF_SCAN:
            return
        position = end
    raise OSError("the JPEG has more segments than a picture needs")


def _marker(data: bytes, position: int) -> int:
    """The last 0xFF of the next run of them: as libjpeg, what lies between is skipped."""
    start = data.find(b"\xff", position)
    while start >= 0:
        run = data[start : start + 65536]
        fillers = len(run) - len(run.lstrip(b"\xff"))
        if fillers < len(run):
            return start + fillers - 1
        start += len(run)
        if start >= len(data):
            return -1
    return -1
