"""A camera's maker note: which maker's it is, where its directory lies, and what of it is read.

Where each value lies and how it is coded is documented by ExifTool's tables, exiftool.org/TagNames.
What is read is what a note says as text or numbers: no table of lens numbers is kept here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from utils.containers.byte_source import ByteSource
from utils.containers.tiff import (
    MAKER_NOTE,
    Directory,
    ReadAt,
    TiffStructure,
    bytes_reader,
    tiff_structure,
)
from utils.metadata.makernotes import canon, makers
from utils.metadata.photo_metadata import Metadata

_MAKE = 271
_MOST_START_BYTES = 64
_MOST_ENTRIES = 512
_INLINE_AT_MOST = 4  # numbers, of whatever size, that may stand in the entry itself
_RATING_MAKERS = ("SONY", "FUJI")
NOTHING = Metadata()

Reader = Callable[[TiffStructure, Directory], Metadata]


@dataclass(frozen=True, slots=True)
class _Kind:
    """`begins` with this, by a camera of `make` (in capitals).

    The directory lies `directory_at` bytes behind the start. Its offsets count from `base`: the
    file's structure, the note itself, or a structure of its own behind `directory_at`.
    """

    read: Reader
    tags: frozenset[int]
    begins: bytes = b""
    make: str = ""
    directory_at: int = 0
    base: str = "file"


_KINDS = (
    _Kind(makers.nikon, makers.NIKON, b"Nikon\0\x02", directory_at=10, base="own"),
    _Kind(makers.olympus, makers.OLYMPUS, b"OLYMPUS\0", directory_at=12, base="note"),
    _Kind(makers.olympus, makers.OLYMPUS, b"OM SYSTEM\0", directory_at=16, base="note"),
    _Kind(makers.olympus, makers.OLYMPUS, b"OLYMP\0", directory_at=8),
    _Kind(makers.olympus, makers.OLYMPUS, b"EPSON\0", directory_at=8),
    _Kind(makers.sony, makers.SONY, b"SONY DSC", directory_at=12),
    _Kind(makers.sony, makers.SONY, b"SONY CAM", directory_at=12),
    _Kind(makers.sony, makers.SONY, b"SONY MOBILE", directory_at=12),
    _Kind(makers.panasonic, makers.PANASONIC, b"Panasonic", directory_at=12),
    _Kind(makers.panasonic, makers.PANASONIC, b"LEICA CAMERA AG\0", directory_at=18),
    _Kind(makers.leica, makers.LEICA, b"LEICA\0\x08\0", directory_at=8),
    _Kind(makers.leica, makers.LEICA, b"LEICA\0\x09\0", directory_at=8),
    _Kind(makers.leica, makers.LEICA, b"LEICA\0\x02", directory_at=8),
    _Kind(makers.leica, makers.LEICA, b"LEICA\0", directory_at=8, base="note"),
    _Kind(makers.fujifilm, makers.FUJIFILM, b"FUJIFILM", base="fujifilm"),
    _Kind(makers.casio_two, makers.CASIO_TWO, b"QVC\0", directory_at=6),
    _Kind(makers.casio_two, makers.CASIO_TWO, b"DCI\0", directory_at=6),
    _Kind(makers.pentax, makers.PENTAX, b"AOC\0", directory_at=6),
    _Kind(makers.pentax, makers.PENTAX, b"PENTAX \0", directory_at=10, base="note"),
    _Kind(makers.pentax, makers.PENTAX, b"RICOH\0II", directory_at=8, base="note"),
    _Kind(makers.pentax, makers.PENTAX, b"RICOH\0MM", directory_at=8, base="note"),
    _Kind(canon.read, canon.TAGS, make="CANON"),
    _Kind(makers.casio, makers.CASIO, make="CASIO"),
    _Kind(makers.nikon, makers.NIKON, make="NIKON"),
    _Kind(makers.minolta, makers.MINOLTA, make="KONICA MINOLTA"),
    _Kind(makers.minolta, makers.MINOLTA, make="MINOLTA"),
    _Kind(makers.sony, makers.SONY, make="SONY"),
)


def rates(directories: Sequence[Directory]) -> bool:
    """Whether this maker's cameras take a rating, which stands in their notes."""
    make = next((text for each in directories if (text := each.text(_MAKE))), "")
    return make.upper().startswith(_RATING_MAKERS)


def read_maker_note(block: ByteSource, directories: Sequence[Directory]) -> Metadata:
    """Of the directories of this block. As far as it can be read; never raises."""
    places = (each.numbers(MAKER_NOTE) for each in directories)
    place = next((found for found in places if len(found) == 2), None)
    tiff = tiff_structure(bytes_reader(block))
    if place is None or tiff is None:
        return NOTHING
    at, length = int(place[0]), int(place[1])
    start = tiff.read(at, min(length, _MOST_START_BYTES))
    make = next((text for each in directories if (text := each.text(_MAKE))), "").upper()
    if start.startswith((b"KDK", b"\x01\xf1")):
        return makers.fixed_places(tiff.read(at, min(length, makers.FIXED_BYTES)))
    for kind in _KINDS:
        if start.startswith(kind.begins) and make.startswith(kind.make):
            return _read(kind, tiff, at, start)
    return NOTHING


def _read(kind: _Kind, tiff: TiffStructure, at: int, start: bytes) -> Metadata:
    offset = at + kind.directory_at
    read = tiff.read
    if kind.base == "own":
        begins = offset
        own = tiff_structure(lambda place, length: read(begins + place, length))
        if own is None:
            return NOTHING
        tiff, offset = own, own.first_offset
    elif kind.base in ("note", "fujifilm"):
        offset = kind.directory_at
        mark = start[8:10] if offset >= 12 else start[offset - 2 : offset]
        order = {b"II": "<", b"MM": ">"}.get(mark, tiff.order)
        if kind.base == "fujifilm":
            order, offset = "<", int.from_bytes(start[8:12], "little")
        tiff = replace(tiff, order=order, read=lambda place, length: read(at + place, length))
    found = tiff.directory(offset, only=kind.tags, places=makers.PLACES)
    if found is not None and kind.read is canon.read and not canon.is_in_place(found):
        found = _moved(tiff, offset, kind.tags) or (found if canon.says_nothing(found) else None)
    return NOTHING if found is None else kind.read(tiff, found)


def _moved(tiff: TiffStructure, offset: int, tags: frozenset[int]) -> Directory | None:
    """A program moved the note and left its offsets: the first value lies behind the entries."""
    tiff = tiff.in_order_of(offset)
    head = tiff.read(offset, 2)
    (count,) = struct.unpack(tiff.order + "H", head) if len(head) == 2 else (0,)
    entries = tiff.read(offset + 2, 12 * min(count, _MOST_ENTRIES))
    whole = entries[: len(entries) // 12 * 12]
    lies_at = [
        at
        for _, _, length, at in struct.iter_unpack(tiff.order + "HHII", whole)
        if length > _INLINE_AT_MOST
    ]
    for gap in canon.GAPS if lies_at else ():
        shift = offset + 2 + len(whole) + gap - min(lies_at)
        moved = replace(tiff, read=_shifted(tiff, shift)).directory(offset - shift, only=tags)
        if moved is not None and canon.is_in_place(moved):
            return moved
    return None


def _shifted(tiff: TiffStructure, shift: int) -> ReadAt:
    return lambda place, length: tiff.read(max(place + shift, 0), length)
