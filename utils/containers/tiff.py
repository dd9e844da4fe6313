"""Directories of a TIFF structure (TIFF, EXIF, most RAW), bounded: no file can make it loop."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from utils.containers.byte_source import ByteSource

ReadAt = Callable[[int, int], bytes]  # offset, length -> bytes, fewer where the source ends

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_MAX_ENTRIES = 512
_MAX_VALUE_BYTES = 64 * 1024
_MAX_DIRECTORY_BYTES = 512 * 1024
_MAX_SUBDIRECTORIES = 8
# Whole blocks of other formats: bytes, whatever type their writer gave them, and often long.
XMP, IPTC, PHOTOSHOP = 700, 33723, 34377
_BLOCKS = frozenset({XMP, IPTC, PHOTOSHOP})
_MAX_BLOCK_BYTES = 4 * 1024 * 1024

Number = int | float
Value = bytes | tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """One IFD. Text, undefined values and blocks are bytes, all others tuples of numbers.

    A rational whose denominator is 0 reads as NaN.
    """

    values: Mapping[int, Value]

    def numbers(self, tag: int) -> tuple[Number, ...]:
        value = self.values.get(tag, ())
        return () if isinstance(value, bytes) else value

    def integer(self, tag: int) -> int | None:
        found = self.numbers(tag)
        return found[0] if found and isinstance(found[0], int) else None

    def block(self, tag: int) -> bytes:
        value = self.values.get(tag, b"")
        return value if isinstance(value, bytes) else b""

    def text(self, tag: int) -> str | None:
        """Up to the first NUL, stripped; None where nothing is left."""
        value = self.values.get(tag)
        if not isinstance(value, bytes):
            return None
        text = decoded_text(value.split(b"\0", 1)[0])
        return "".join(c for c in text if c.isprintable()).strip() or None


@dataclass(frozen=True, slots=True)
class TiffStructure:
    """A source that starts like a TIFF. Offsets count from its first byte."""

    read: ReadAt
    order: str  # "<" or ">"
    first_offset: int

    def directory(self, offset: int, *, blocks: bool = False) -> Directory | None:
        """The IFD at the offset, as far as it can be read; None where there is none.

        `blocks`: XMP, IPTC and Photoshop's resources are read, too.
        """
        head = self.read(offset, 2) if offset >= 8 else b""
        if len(head) < 2:
            return None
        (count,) = struct.unpack(self.order + "H", head)
        if not 0 < count <= _MAX_ENTRIES:
            return None
        entries = self.read(offset + 2, 12 * count)
        values: dict[int, Value] = {}
        left = _MAX_DIRECTORY_BYTES
        for start in range(0, len(entries) - 11, 12):
            tag, kind, length = struct.unpack_from(self.order + "HHI", entries, start)
            if tag in values or (tag in _BLOCKS and not blocks):
                continue
            inline = entries[start + 8 : start + 12]
            most = _MAX_BLOCK_BYTES if tag in _BLOCKS else min(_MAX_VALUE_BYTES, left)
            data = self._bytes(kind, length, inline, most=most)
            if data is None:
                continue
            if tag in _BLOCKS:
                values[tag] = data
            else:
                left -= len(data)
                values[tag] = self._value(kind, length, data)
        return Directory(values)

    def first(self, *, blocks: bool = False) -> Directory | None:
        return self.directory(self.first_offset, blocks=blocks)

    def subdirectories(
        self, parent: Directory, tag: int, *, most: int = _MAX_SUBDIRECTORIES
    ) -> list[Directory]:
        """The directories that a pointer tag (SubIFDs, EXIF, GPS) names; one level, a few."""
        offsets = [v for v in parent.numbers(tag) if isinstance(v, int)][:most]
        return [found for offset in offsets if (found := self.directory(offset)) is not None]

    def _value(self, kind: int, count: int, data: bytes) -> Value:
        if kind in (2, 7):
            return data
        if kind in (5, 10):
            pairs = struct.unpack(f"{self.order}{2 * count}{'I' if kind == 5 else 'i'}", data)
            return tuple(
                n / d if d else float("nan") for n, d in zip(pairs[::2], pairs[1::2], strict=True)
            )
        return struct.unpack(f"{self.order}{count}{_CODES[kind]}", data)

    def _bytes(self, kind: int, count: int, inline: bytes, *, most: int) -> bytes | None:
        """None where they are too many, or where the source ends before them."""
        size = _SIZES.get(kind, 0) * count
        if not 0 < size <= most:
            return None
        if size <= 4:
            data = inline[:size]
        else:
            (offset,) = struct.unpack(self.order + "I", inline)
            data = self.read(offset, size)
        return data if len(data) == size else None


def decoded_text(data: bytes) -> str:
    """UTF-8, or else Latin-1: what old cameras and programs wrote."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def bytes_reader(data: ByteSource) -> ReadAt:
    return lambda offset, length: data[offset : offset + length]


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
