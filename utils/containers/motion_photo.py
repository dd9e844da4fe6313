"""Whether a still has its film inside: Google's and Samsung's motion photos."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from utils.containers.byte_source import ByteSource
from utils.containers.iso_boxes import boxes

_MAX_BOXES = 100
_CLAIM = re.compile(rb"""(?:MotionPhoto|MicroVideo)(?:\s*=\s*["']|>)\s*1\b""")
# How far from the file's end the film begins: by the old names, and by those of items.
_LENGTH = re.compile(
    rb"""(?:MicroVideoOffset|Item:Length|MotionPhotoOffset)(?:\s*=\s*["']|>)\s*(\d{1,10})"""
)
_MAX_LENGTHS = 10
_SAMSUNG_END, _SAMSUNG_START = b"SEFT", b"SEFH"
_SAMSUNG_FILM = 0x0A30
_MAX_SAMSUNG_BYTES = 64 * 1024


def holds_film(data: ByteSource, xmp: Iterable[bytes], *, is_heif: bool) -> bool:
    """Where it is claimed, it is also looked for: programs keep the claim and drop the film."""
    if is_heif and any(box.kind == b"mpvd" for box in islice(boxes(data), _MAX_BOXES)):
        return True
    return _ends_with_film(data, xmp) or _samsung_says_so(data)


def _ends_with_film(data: ByteSource, xmp: Iterable[bytes]) -> bool:
    size = len(data)
    for block in xmp:
        if _CLAIM.search(block) is None:
            continue
        for found in islice(_LENGTH.finditer(block), _MAX_LENGTHS):
            start = size - int(found[1])
            if 0 < start < size and data[start + 4 : start + 8] == b"ftyp":
                return True
    return False


def _samsung_says_so(data: ByteSource) -> bool:
    """By the directory at the end of the file: entries of 2 bytes, a kind, an offset, a length."""
    size = len(data)
    if size < 20 or data[size - 4 : size] != _SAMSUNG_END:
        return False
    length = int.from_bytes(data[size - 8 : size - 4], "little")
    start = size - 8 - length
    if not 12 <= length <= _MAX_SAMSUNG_BYTES or start < 0:
        return False
    directory = data[start : size - 8]
    if directory[:4] != _SAMSUNG_START:
        return False
    count = min(int.from_bytes(directory[8:12], "little"), (length - 12) // 12)
    entries = (directory[12 + 12 * number : 24 + 12 * number] for number in range(count))
    return any(
        int.from_bytes(entry[2:4], "little") == _SAMSUNG_FILM and any(entry[8:12])
        for entry in entries
    )
