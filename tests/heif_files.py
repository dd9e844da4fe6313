"""HEIC and AVIF files put together of items that encoders made: grids, turns, other pictures."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from PIL import Image

from tests.picture_files import encoded
from utils.containers.heif_structure import Property, heif_structure
from utils.containers.heif_writer import NewItem, box
from utils.containers.iso_boxes import boxes
from utils.imaging.pillow_setup import ready_pillow

BRANDS = {"AVIF": b"avif", "HEIF": b"heic"}
References = Sequence[tuple[bytes, Sequence[int]]]


def coded(
    image: Image.Image, name: str, *properties: Property, references: References = ()
) -> NewItem:
    """The one item of an encoder's file, with further properties behind its own."""
    ready_pillow()
    options = {"subsampling": "4:4:4"} if name == "AVIF" else {"chroma": 444}
    data = encoded(image, name, quality=95, **options)
    found = heif_structure(data)
    assert found is not None
    item = found.picture
    content = b"".join(data[start : start + length] for start, length in item.pieces)
    return NewItem(item.kind, content, [*item.properties, *properties], references)


def size_of(width: int, height: int) -> Property:
    return Property(b"ispe", struct.pack(">III", 0, width, height))


def grid(width: int, height: int, rows: int, columns: int, *properties: Property) -> NewItem:
    """Of the items 2, 3, ... of the file."""
    content = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)
    tiles = range(2, 2 + rows * columns)
    return NewItem(b"grid", content, [size_of(width, height), *properties], [(b"dimg", tiles)])


def overlay(width: int, height: int, places: Sequence[tuple[int, int]]) -> NewItem:
    """Of the items 2, 3, ... of the file, on blue."""
    content = struct.pack(">BB4HHH", 0, 0, 0, 0, 65535, 65535, width, height)
    content += b"".join(struct.pack(">hh", *place) for place in places)
    inputs = range(2, 2 + len(places))
    return NewItem(b"iovl", content, [size_of(width, height)], [(b"dimg", inputs)])


def crop(width: int, height: int, right: tuple[int, int], down: tuple[int, int]) -> Property:
    """`right` and `down` of the picture's centre, as fractions."""
    content = struct.pack(">IIIIiIiI", width, 1, height, 1, *right, *down)
    return Property(b"clap", content, essential=True)


def turned(quarters: int) -> Property:
    """Against the clock."""
    return Property(b"irot", bytes((quarters,)), essential=True)


def mirrored(axis: int) -> Property:
    """0: top and bottom change places, 1: left and right."""
    return Property(b"imir", bytes((axis,)), essential=True)


def auxiliary(kind: str) -> Property:
    return Property(b"auxC", bytes(4) + kind.encode() + b"\0", essential=True)


def metadata(kind: bytes, content: bytes) -> NewItem:
    return NewItem(kind, content, (), [(b"cdsc", [1])])


def with_a_listing_each(data: bytes) -> bytes:
    """As early encoders of AVIF wrote it: the properties of each item in a box of their own.

    `data` is a file of `heif_file`.
    """
    at = data.index(b"ipma") - 4
    end = at + int.from_bytes(data[at : at + 4])
    listings, position = b"", at + 16
    while position < end:
        length = 3 + 2 * data[position + 2]
        entry = data[position : position + length]
        listings += box(b"ipma", struct.pack(">II", 1, 1) + entry)
        position += length
    more = len(listings) - (end - at)
    changed = bytearray(data[:at] + listings + data[end:])
    for kind in (b"meta", b"iprp"):
        place = changed.index(kind) - 4
        length = int.from_bytes(changed[place : place + 4]) + more
        changed[place : place + 4] = length.to_bytes(4)
    first = changed.index(b"iloc") + 12
    for entry_at in range(first, changed.index(b"iinf") - 4, 14):
        offset = int.from_bytes(changed[entry_at + 6 : entry_at + 10]) + more
        changed[entry_at + 6 : entry_at + 10] = offset.to_bytes(4)
    assert [found.kind for found in boxes(bytes(changed))] == [b"ftyp", b"meta", b"mdat"]
    return bytes(changed)
