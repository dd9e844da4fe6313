"""Directories of a TIFF structure (TIFF, EXIF, most RAW), bounded: no file can make it loop."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from utils.containers.byte_source import ByteSource
from utils.text.old_encodings import decoded_text

ReadAt = Callable[[int, int], bytes]  # offset, length -> bytes, fewer where the source ends

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
          16: 8, 17: 8, 18: 8, 129: 1}  # fmt: skip
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I",
          16: "Q", 17: "q", 18: "Q"}  # fmt: skip
_TEXTS = (2, 7, 129)  # ASCII, undefined, and the UTF-8 of EXIF 3
_MAX_ENTRIES = 512
_MAX_VALUE_BYTES = 64 * 1024
_MAX_DIRECTORY_BYTES = 512 * 1024
_MAX_SUBDIRECTORIES = 8
_MOST_OFFSET = 2**40  # beyond any file, and small enough for every system call
# Whole blocks of other formats: bytes, whatever type their writer gave them, and often long.
XMP, IPTC, PHOTOSHOP = 700, 33723, 34377
_BLOCKS = frozenset({XMP, IPTC, PHOTOSHOP})
_MAX_BLOCK_BYTES = 4 * 1024 * 1024
MAKER_NOTE = 37500
_PLACES = frozenset({MAKER_NOTE})

Number = int | float
Value = bytes | tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """One IFD. Text, undefined values and blocks are bytes, all others tuples of numbers.

    A rational whose denominator is 0 reads as NaN. The value of a block that is a directory
    itself (a maker note) is its offset and length.
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
        text = decoded_text(value.partition(b"\0")[0])
        kept = text if text.isprintable() else "".join(c for c in text if c.isprintable())
        return kept.strip() or None


@dataclass(frozen=True, slots=True)
class TiffStructure:
    """A source that starts like a TIFF. Offsets count from its first byte."""

    read: ReadAt
    order: str  # "<" or ">"
    first_offset: int
    big: bool = False  # BigTIFF: counts and offsets have 64 bits

    def directory(
        self,
        offset: int,
        *,
        blocks: bool = False,
        only: Collection[int] | None = None,
        places: Collection[int] = _PLACES,
    ) -> Directory | None:
        """The IFD at the offset, as far as it can be read; None where there is none.

        `blocks`: XMP, IPTC and Photoshop's resources are read, too. `only`: no other tags.
        `places`: tags of which it is told where their value lies.
        """
        count_bytes = 8 if self.big else 2
        head = self.read(offset, count_bytes) if offset >= 8 else b""
        if len(head) < count_bytes:
            return None
        (count,) = struct.unpack(self.order + ("Q" if self.big else "H"), head)
        if self._is_other_way(count):
            return self._other_way().directory(offset, blocks=blocks, only=only, places=places)
        if not 0 < count <= _MAX_ENTRIES:
            return None
        entry = struct.Struct(self.order + ("HHQ8s" if self.big else "HHI4s"))
        entries = self.read(offset + count_bytes, entry.size * count)
        values: dict[int, Value] = {}
        left = _MAX_DIRECTORY_BYTES
        whole = len(entries) // entry.size * entry.size
        for tag, kind, length, inline in entry.iter_unpack(entries[:whole]):
            if tag in values or (only is not None and tag not in only):
                continue
            if tag in places:
                values[tag] = self._place(kind, length, inline)
            elif tag not in _BLOCKS:
                data = self._bytes(kind, length, inline, most=min(_MAX_VALUE_BYTES, left))
                if data is not None:
                    left -= len(data)
                    values[tag] = self._value(kind, length, data)
            elif blocks:
                data = self._bytes(kind, length, inline, most=_MAX_BLOCK_BYTES)
                if data is not None:
                    values[tag] = data
        return Directory(values)

    def first(
        self, *, blocks: bool = False, only: Collection[int] | None = None
    ) -> Directory | None:
        return self.directory(self.first_offset, blocks=blocks, only=only)

    def subdirectories(
        self,
        parent: Directory,
        tag: int,
        *,
        most: int = _MAX_SUBDIRECTORIES,
        only: Collection[int] | None = None,
    ) -> list[Directory]:
        """The directories that a pointer tag (SubIFDs, EXIF, GPS) names; one level, a few."""
        numbers = parent.numbers(tag)[:most]
        offsets = [v for v in numbers if isinstance(v, int) and 0 <= v < _MOST_OFFSET]
        found = (self.directory(offset, only=only) for offset in offsets)
        return [each for each in found if each is not None]

    def in_order_of(self, offset: int) -> TiffStructure:
        """With the byte order of the directory there, which may be another than the header's."""
        head = self.read(offset, 2)
        swapped = len(head) == 2 and self._is_other_way(struct.unpack(self.order + "H", head)[0])
        return self._other_way() if swapped else self

    def _is_other_way(self, count: int) -> bool:
        return not self.big and count > 255 and count & 0xFF == 0

    def _other_way(self) -> TiffStructure:
        """A count that makes sense only so is of a writer whose header names the wrong order."""
        return replace(self, order="<" if self.order == ">" else ">")

    def _value(self, kind: int, count: int, data: bytes) -> Value:
        if kind in _TEXTS:
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
        data = inline[:size] if size <= len(inline) else self.read(self._offset(inline), size)
        return data if len(data) == size else None

    def _place(self, kind: int, count: int, inline: bytes) -> tuple[int, int]:
        return self._offset(inline), _SIZES.get(kind, 0) * count

    def _offset(self, inline: bytes) -> int:
        (offset,) = struct.unpack(self.order + ("Q" if self.big else "I"), inline)
        return min(int(offset), _MOST_OFFSET)


def bytes_reader(data: ByteSource) -> ReadAt:
    return lambda offset, length: data[offset : offset + length]


def tiff_structure(read: ReadAt) -> TiffStructure | None:
    """Of anything that begins with a byte order and an offset: TIFF, BigTIFF, EXIF, ORF, RW2."""
    header = read(0, 16)
    order = {b"II": "<", b"MM": ">"}.get(header[:2])
    if order is None or len(header) < 8:
        return None
    if header[2:4] in (b"+\0", b"\0+"):
        if len(header) < 16:
            return None
        (first_offset,) = struct.unpack(order + "Q", header[8:])
        return TiffStructure(read, order, min(first_offset, _MOST_OFFSET), big=True)
    (first_offset,) = struct.unpack(order + "I", header[4:8])
    found = TiffStructure(read, order, first_offset)
    other = found._other_way()
    (swapped,) = struct.unpack(other.order + "I", header[4:8])
    # Where the header names the wrong order for itself, too, 8 reads as 134,217,728.
    return (
        found
        if read(first_offset, 2) or not read(swapped, 2)
        else replace(other, first_offset=swapped)
    )
