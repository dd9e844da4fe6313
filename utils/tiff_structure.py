"""Directories of a TIFF structure (TIFF, EXIF, most RAW), bounded: no file can make it loop."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ReadAt = Callable[[int, int], bytes]  # offset, length -> bytes, fewer where the source ends

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_MAX_ENTRIES = 512
_MAX_VALUE_BYTES = 64 * 1024
_MAX_SUBDIRECTORIES = 8

Number = int | float
Value = bytes | tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """One IFD. Text and undefined values are bytes, all others tuples of numbers.

    A rational whose denominator is 0 reads as NaN.
    """

    values: Mapping[int, Value]

    def numbers(self, tag: int) -> tuple[Number, ...]:
        value = self.values.get(tag, ())
        return () if isinstance(value, bytes) else value

    def integer(self, tag: int) -> int | None:
        found = self.numbers(tag)
        return found[0] if found and isinstance(found[0], int) else None

    def text(self, tag: int) -> str | None:
        """Up to the first NUL, stripped; None where nothing is left."""
        value = self.values.get(tag)
        if not isinstance(value, bytes):
            return None
        text = value.split(b"\0", 1)[0].decode("utf-8", "replace")
        return "".join(c for c in text if c.isprintable()).strip() or None


@dataclass(frozen=True, slots=True)
class TiffStructure:
    """A source that starts like a TIFF. Offsets count from its first byte."""

    read: ReadAt
    order: str  # "<" or ">"
    first_offset: int

    def directory(self, offset: int) -> Directory | None:
        """The IFD at the offset, as far as it can be read; None where there is none."""
        head = self.read(offset, 2) if offset >= 8 else b""
        if len(head) < 2:
            return None
        (count,) = struct.unpack(self.order + "H", head)
        if not 0 < count <= _MAX_ENTRIES:
            return None
        entries = self.read(offset + 2, 12 * count)
        values: dict[int, Value] = {}
        for start in range(0, len(entries) - 11, 12):
            tag, kind, length = struct.unpack_from(self.order + "HHI", entries, start)
            value = self._value(kind, length, entries[start + 8 : start + 12])
            if value is not None:
                values.setdefault(tag, value)
        return Directory(values)

    def first(self) -> Directory | None:
        return self.directory(self.first_offset)

    def below(self, parent: Directory, tag: int) -> list[Directory]:
        """The directories that a pointer tag (SubIFDs, EXIF, GPS) names; one level, a few."""
        offsets = [v for v in parent.numbers(tag) if isinstance(v, int)][:_MAX_SUBDIRECTORIES]
        return [found for offset in offsets if (found := self.directory(offset)) is not None]

    def _value(self, kind: int, count: int, inline: bytes) -> Value | None:
        size = _SIZES.get(kind, 0) * count
        if not 0 < size <= _MAX_VALUE_BYTES:
            return None
        data = inline[:size] if size <= 4 else self._at(inline, size)
        if len(data) < size:
            return None
        if kind in (2, 7):
            return data
        if kind in (5, 10):
            pairs = struct.unpack(f"{self.order}{2 * count}{'I' if kind == 5 else 'i'}", data)
            return tuple(
                n / d if d else float("nan") for n, d in zip(pairs[::2], pairs[1::2], strict=True)
            )
        return struct.unpack(f"{self.order}{count}{_CODES[kind]}", data)

    def _at(self, inline: bytes, size: int) -> bytes:
        (offset,) = struct.unpack(self.order + "I", inline)
        return self.read(offset, size)


def bytes_reader(data: bytes | memoryview) -> ReadAt:
    return lambda offset, length: bytes(data[offset : offset + length])


def tiff_structure(read: ReadAt) -> TiffStructure | None:
    """Of anything that begins with a byte order and an offset: TIFF, EXIF, ORF, RW2.

    BigTIFF has another layout and gives None.
    """
    header = read(0, 8)
    order = {b"II": "<", b"MM": ">"}.get(header[:2])
    if order is None or len(header) < 8 or header[2:4] in (b"+\0", b"\0+"):
        return None
    (first_offset,) = struct.unpack(order + "I", header[4:])
    return TiffStructure(read, order, first_offset)
