"""The boxes of ISO media files (HEIC, AVIF, JPEG XL, CR3): found without decoding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from utils.containers.byte_source import ByteSource

_MAX_BOXES = 1000


@dataclass(frozen=True, slots=True)
class Box:
    """`start` and `end` of its content, as the box says: it may say more than the file has."""

    kind: bytes
    start: int
    end: int


def boxes(data: ByteSource, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """One level of boxes, as far as they can be followed. The last may announce more than is."""
    position, limit = start, len(data) if end is None else min(end, len(data))
    for _ in range(_MAX_BOXES):
        if position + 8 > limit:
            return
        length, kind = (
            int.from_bytes(data[position : position + 4]),
            data[position + 4 : position + 8],
        )
        header = 8
        if length == 1:
            length, header = int.from_bytes(data[position + 8 : position + 16]), 16
        elif length == 0:  # up to the end
            length = limit - position
        if length < header:
            return
        yield Box(kind, position + header, position + length)
        position += length


def ends_early(data: ByteSource) -> bool:
    """True where the pixels' box goes beyond the file: libheif leaves missing tiles black.

    What follows the boxes, as some phones append, is no concern.
    """
    return any(box.kind == b"mdat" and box.end > len(data) for box in boxes(data))


@dataclass(slots=True)
class Fields:
    """Big-endian fields one after the other; behind the end they are 0."""

    data: ByteSource
    position: int
    end: int

    @property
    def ended(self) -> bool:
        return self.position > min(self.end, len(self.data))

    def skip(self, count: int) -> None:
        self.position += count

    def take(self, count: int) -> bytes:
        taken = self.data[self.position : min(self.position + count, self.end)]
        self.position += count
        return taken

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count))
