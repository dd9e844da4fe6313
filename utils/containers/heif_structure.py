"""What the items of a HEIF or AVIF file are, and what belongs to its primary picture."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from utils.containers.byte_source import ByteSource
from utils.containers.heif_items import located_items
from utils.containers.iso_boxes import Box, Fields, boxes

_MAX_ITEMS = 4096
_MAX_PROPERTY_BYTES = 8 * 1024 * 1024  # a profile is the largest
TRANSFORMS = frozenset((b"clap", b"irot", b"imir"))
_OF_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")


@dataclass(frozen=True, slots=True)
class Property:
    """Of an item: a box. `essential`: who does not know that kind must not read the item."""

    kind: bytes
    content: bytes
    essential: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """`pieces`: start and length in the file. `references`: kind and numbers, in order."""

    kind: bytes
    pieces: tuple[tuple[int, int], ...] = ()
    properties: tuple[Property, ...] = ()
    references: tuple[tuple[bytes, tuple[int, ...]], ...] = ()

    def referred(self, kind: bytes) -> tuple[int, ...]:
        return tuple(
            number for said, numbers in self.references if said == kind for number in numbers
        )

    def first_property(self, kind: bytes) -> bytes | None:
        return next((said.content for said in self.properties if said.kind == kind), None)

    @property
    def transforms(self) -> tuple[Property, ...]:
        """Crop, turn and mirror, in the order in which they are to be done."""
        return tuple(said for said in self.properties if said.kind in TRANSFORMS)


@dataclass(frozen=True, slots=True)
class HeifStructure:
    primary: int
    items: dict[int, Item]

    @property
    def picture(self) -> Item:
        return self.items[self.primary]

    @property
    def codec(self) -> bytes:
        """The kind of the items that hold the primary picture's pixels."""
        item, seen = self.picture, {self.primary}
        while inputs := [n for n in item.referred(b"dimg") if n in self.items and n not in seen]:
            seen.add(inputs[0])
            item = self.items[inputs[0]]
        return item.kind

    @property
    def end(self) -> int:
        """Where the last piece of the primary picture ends, by what the file says."""
        pieces = (piece for number in self.parts() for piece in self.items[number].pieces)
        return max((start + length for start, length in pieces), default=0)

    def base(self) -> HeifStructure:
        """That of a tone-mapped picture is what people see on a common screen: its first input."""
        inputs = self.picture.referred(b"dimg")
        if self.picture.kind == b"tmap" and inputs and inputs[0] in self.items:
            return replace(self, primary=inputs[0])
        return self

    def parts(self) -> list[int]:
        """The numbers of what the primary picture is made of, and of its opaqueness."""
        found = self._inputs([self.primary])
        alphas = [
            number
            for number, item in self.items.items()
            if set(item.referred(b"auxl")) & set(found) and _is_alpha(item)
        ]
        return found + [number for number in self._inputs(alphas) if number not in found]

    def _inputs(self, numbers: Iterable[int]) -> list[int]:
        found: dict[int, None] = {}
        waiting = deque(numbers)
        while waiting:
            number = waiting.popleft()
            if number in self.items and number not in found:
                found[number] = None
                waiting += self.items[number].referred(b"dimg")
        return list(found)


def heif_structure(data: ByteSource) -> HeifStructure | None:
    """None where the file names no primary picture, or is damaged there. Never raises."""
    meta = next((box for box in boxes(data) if box.kind == b"meta"), None)
    if meta is None:
        return None
    parts = {box.kind: box for box in boxes(data, meta.start + 4, meta.end)}
    if not {b"pitm", b"iinf", b"iloc", b"iprp"} <= parts.keys():
        return None
    fields = Fields(data, parts[b"pitm"].start, parts[b"pitm"].end)
    primary = fields.number(4 if fields.number(4) >> 24 else 2)
    kinds = _kinds(data, parts[b"iinf"])
    if primary not in kinds:
        return None
    idat = parts.get(b"idat")
    places = dict(located_items(data, parts[b"iloc"], None if idat is None else idat.start))
    properties = _properties(data, parts[b"iprp"])
    references = _references(data, parts[b"iref"]) if b"iref" in parts else {}
    items = {
        number: Item(
            kind,
            tuple(places.get(number, ())),
            tuple(properties.get(number, ())),
            tuple(references.get(number, ())),
        )
        for number, kind in kinds.items()
    }
    return HeifStructure(primary, items)


def _is_alpha(item: Item) -> bool:
    said = item.first_property(b"auxC")
    return said is not None and said[4:].split(b"\0")[0] in _OF_ALPHA


def _kinds(data: ByteSource, listing: Box) -> dict[int, bytes]:
    count_bytes = 2 if data[listing.start : listing.start + 1] == b"\0" else 4
    found = {}
    for box in boxes(data, listing.start + 4 + count_bytes, listing.end):
        fields = Fields(data, box.start, box.end)
        version = fields.number(4) >> 24
        if box.kind == b"infe" and version >= 2:  # earlier ones name no kind
            number = fields.number(2 if version == 2 else 4)
            fields.skip(2)
            found[number] = fields.take(4)
    return found


def _properties(data: ByteSource, listing: Box) -> dict[int, list[Property]]:
    """Of all listings: early encoders write one for each item."""
    parts = list(boxes(data, listing.start, listing.end))
    container = next((box for box in parts if box.kind == b"ipco"), None)
    if container is None:
        return {}
    known = [
        Property(box.kind, data[box.start : min(box.end, box.start + _MAX_PROPERTY_BYTES)])
        for box in boxes(data, container.start, container.end)
    ]
    found: dict[int, list[Property]] = {}
    for number, index, essential in _associations(data, parts):
        if 0 < index <= len(known) and len(found.get(number, ())) < _MAX_ITEMS:
            said = replace(known[index - 1], essential=essential)  # shares what may be megabytes
            found.setdefault(number, []).append(said)
    return found


def _associations(data: ByteSource, parts: list[Box]) -> list[tuple[int, int, bool]]:
    found: list[tuple[int, int, bool]] = []
    for listing in (box for box in parts if box.kind == b"ipma"):
        fields = Fields(data, listing.start, listing.end)
        head = fields.number(4)
        size, top = (2, 0x8000) if head & 1 else (1, 0x80)
        for _ in range(min(fields.number(4), _MAX_ITEMS)):
            number = fields.number(4 if head >> 24 else 2)
            said = [fields.number(size) for _ in range(fields.number(1))]
            if fields.ended or len(found) > 4 * _MAX_ITEMS:
                break
            found += [(number, index & (top - 1), bool(index & top)) for index in said]
    return found


def _references(data: ByteSource, listing: Box) -> dict[int, list[tuple[bytes, tuple[int, ...]]]]:
    size = 4 if data[listing.start : listing.start + 1] > b"\0" else 2
    found: dict[int, list[tuple[bytes, tuple[int, ...]]]] = {}
    for box in boxes(data, listing.start + 4, listing.end):
        fields = Fields(data, box.start, box.end)
        number, count = fields.number(size), min(fields.number(2), _MAX_ITEMS)
        to = tuple(fields.number(size) for _ in range(count))
        if not fields.ended:
            found.setdefault(number, []).append((box.kind, to))
    return found
