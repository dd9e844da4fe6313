"""Writes a HEIF or AVIF file of given items: what a decoder needs of one, or what a test wants."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from utils.containers.byte_source import ByteSource
from utils.containers.heif_structure import TRANSFORMS, HeifStructure, Property

# Configurations of codecs and what describes pixels; others may be what a decoder trips over.
_NEEDED = frozenset(
    (b"av1C", b"hvcC", b"a1op", b"a1lx", b"lsel", b"ispe", b"pixi", b"colr", b"auxC")
)


@dataclass(frozen=True, slots=True)
class NewItem:
    """`references`: kind, and numbers of other new items, from 1 in the order of the file."""

    kind: bytes
    content: bytes
    properties: Sequence[Property] = ()
    references: Sequence[tuple[bytes, Sequence[int]]] = ()


def picture_alone(
    data: ByteSource, structure: HeifStructure, *, brand: bytes, turned: bool
) -> bytes | None:
    """A file of the primary picture and its opaqueness: no metadata, gain map or thumbnail.

    `turned`: crop, turn and mirror are left out, because the caller does them. None where the
    pieces are more than the file.
    """
    numbers = structure.parts()
    new_numbers = {number: index for index, number in enumerate(numbers, start=1)}
    left_bytes = len(data)
    items = []
    for number in numbers:
        item = structure.items[number]
        left_bytes -= sum(length or left_bytes for _, length in item.pieces)
        if left_bytes < 0:
            return None
        pieces = [
            data[start : start + length if length else len(data)] for start, length in item.pieces
        ]
        kept = [
            said
            for said in item.properties
            if said.kind in _NEEDED or (said.kind in TRANSFORMS and not turned)
        ]
        references = [
            (kind, [new_numbers[to] for to in said if to in new_numbers])
            for kind, said in item.references
            if kind in (b"dimg", b"auxl", b"prem")
        ]
        items.append(NewItem(item.kind, b"".join(pieces), kept, references))
    return heif_file(items, brand=brand)


def heif_file(items: Sequence[NewItem], *, brand: bytes, primary: int = 1) -> bytes:
    head = box(b"ftyp", brand + bytes(4) + brand + b"mif1miaf")
    start = len(head) + len(_meta(items, primary, 0)) + 8
    content = b"".join(item.content for item in items)
    return head + _meta(items, primary, start) + box(b"mdat", content)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def full_box(kind: bytes, content: bytes, *, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags) + content)


def _meta(items: Sequence[NewItem], primary: int, start: int) -> bytes:
    entries, places, used = b"", b"", b""
    known: list[Property] = []
    links = b""
    for number, item in enumerate(items, start=1):
        entries += full_box(b"infe", struct.pack(">HH", number, 0) + item.kind + b"\0", version=2)
        places += struct.pack(">HHHII", number, 0, 1, start, len(item.content))
        start += len(item.content)
        used += struct.pack(">HB", number, len(item.properties))
        for said in item.properties:
            if said not in known:
                known.append(said)
            used += struct.pack(">H", said.essential << 15 | known.index(said) + 1)
        for kind, to in item.references:
            if to:
                links += box(kind, struct.pack(f">HH{len(to)}H", number, len(to), *to))
    properties = b"".join(box(said.kind, said.content) for said in known)
    return full_box(
        b"meta",
        full_box(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + full_box(b"pitm", struct.pack(">H", primary))
        + full_box(b"iloc", b"\x44\0" + struct.pack(">H", len(items)) + places)
        + full_box(b"iinf", struct.pack(">H", len(items)) + entries)
        + (full_box(b"iref", links) if links else b"")
        + box(
            b"iprp",
            box(b"ipco", properties)
            + full_box(b"ipma", struct.pack(">I", len(items)) + used, flags=1),
        ),
    )
