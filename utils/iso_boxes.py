"""The boxes of ISO media files (HEIC, AVIF): whether the file holds all that it announces."""

from __future__ import annotations

from collections.abc import Iterator

_MAX_BOXES = 1000


def ends_early(data: bytes) -> bool:
    """True where the pixels' box goes beyond the file: libheif leaves missing tiles black.

    What follows the boxes, as some phones append, is no concern.
    """
    return any(kind == b"mdat" and end > len(data) for kind, end in _boxes(data))


def _boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Kind and end of each top-level box."""
    position = 0
    for _ in range(_MAX_BOXES):
        length, kind = (
            int.from_bytes(data[position : position + 4]),
            data[position + 4 : position + 8],
        )
        if length == 1:
            length = int.from_bytes(data[position + 8 : position + 16])
        if len(kind) < 4 or length < 8:
            return
        position += length
        yield kind, position
