"""The header of a Windows or OS/2 bitmap, with or without the file header before it (DIB)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from utils.containers.byte_source import ByteSource

_FILE_HEADER_BYTES = 14
_CORE_BYTES = 12  # OS/2 1
_WINDOWS = frozenset({40, 52, 56, 108, 124})
_OS2 = frozenset({16, 64})
HEADER_BYTES = frozenset({_CORE_BYTES, *_WINDOWS, *_OS2})
_DEPTHS = frozenset({1, 2, 4, 8, 16, 24, 32, 64})
_BARE = frozenset({40, 108, 124})  # of what is found without a file header
_MOST_BARE_SIDE = 1 << 16
_BIT_FIELDS, _ALPHA_BIT_FIELDS = 3, 6


@dataclass(frozen=True, slots=True)
class BmpHeader:
    """`pixels_at` is where the rows begin, `masks` those of red, green, blue and alpha.

    `palette` are the file's bytes that hold it, of `entry_bytes` a colour.
    """

    width_px: int
    height_px: int
    is_top_down: bool
    bits: int
    compression: int
    is_os2: bool
    pixels_at: int
    masks: tuple[int, int, int, int] | None
    palette: slice
    entry_bytes: int

    @property
    def row_bytes(self) -> int:
        return (self.width_px * self.bits + 31) // 32 * 4


def is_bare_bitmap(header: bytes) -> bool:
    """Whether it is a bitmap without a file header: every field has to be one."""
    if len(header) < 40 or int.from_bytes(header[:4], "little") not in _BARE:
        return False
    width, height, planes, bits, compression = struct.unpack_from("<iiHHI", header, 4)
    return (
        0 < width < _MOST_BARE_SIDE
        and 0 < abs(height) < _MOST_BARE_SIDE
        and planes == 1
        and bits in _DEPTHS
        and compression <= _ALPHA_BIT_FIELDS
    )


def bmp_header(data: ByteSource) -> BmpHeader | None:
    """None where it is none, or cut off."""
    start = _FILE_HEADER_BYTES if data[:2] == b"BM" else 0
    head = data[start : start + 124]
    length = int.from_bytes(head[:4], "little")
    if len(head) < min(length, 40) or length not in HEADER_BYTES:
        return None
    compression = colours = 0
    if length == _CORE_BYTES:
        width, height, _, bits = struct.unpack_from("<HHHH", head, 4)
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", head, 4)
        if length >= 40:
            compression, _, _, _, colours = struct.unpack_from("<IIiiI", head, 16)
    masks, behind = None, start + length
    if length in _WINDOWS and compression in (_BIT_FIELDS, _ALPHA_BIT_FIELDS):
        at = start + 40
        count = 4 if length >= 56 or compression == _ALPHA_BIT_FIELDS else 3
        found = data[at : at + 4 * count]
        if len(found) < 4 * count:
            return None
        fields = struct.unpack(f"<{count}I", found)
        masks = (fields[0], fields[1], fields[2], fields[3] if count == 4 else 0)
        behind = max(behind, at + 4 * count)
    entry_bytes = 3 if length == _CORE_BYTES else 4
    entries = min(colours or 1 << bits, 1 << bits) if bits <= 8 else 0
    pixels_at = int.from_bytes(data[10:14], "little") if start else 0
    if pixels_at < behind:
        pixels_at = behind + entry_bytes * (entries if bits <= 8 else colours)
    palette = slice(behind, min(behind + entry_bytes * entries, pixels_at))
    return BmpHeader(
        width_px=width,
        height_px=abs(height),
        is_top_down=height < 0,
        bits=bits,
        compression=compression,
        is_os2=length in _OS2,
        pixels_at=pixels_at,
        masks=masks,
        palette=palette,
        entry_bytes=entry_bytes,
    )
