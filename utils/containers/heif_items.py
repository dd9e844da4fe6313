"""Items of a HEIC or AVIF file that hold metadata: their bytes, found without decoding."""

from __future__ import annotations

from collections.abc import Iterator

from utils.containers.byte_source import ByteSource
from utils.containers.iso_boxes import Box, Fields, boxes

_MAX_ITEMS = 4096
_MAX_EXTENTS = 64
_MAX_ITEM_BYTES = 4 * 1024 * 1024
_XMP_TYPE = b"application/rdf+xml"
_IN_FILE, _IN_IDAT = 0, 1  # what an extent's offset counts from


def metadata_items(data: ByteSource) -> Iterator[tuple[bytes, bytes]]:
    """(`Exif` or `mime`, content) of each item of EXIF or XMP, in the order of the file."""
    meta = next((box for box in boxes(data) if box.kind == b"meta"), None)
    if meta is None:
        return
    parts = {box.kind: box for box in boxes(data, meta.start + 4, meta.end)}
    if b"iinf" not in parts or b"iloc" not in parts:
        return
    wanted = dict(_listed(data, parts[b"iinf"]))
    idat = parts.get(b"idat")
    for item, pieces in located_items(data, parts[b"iloc"], None if idat is None else idat.start):
        kind = wanted.pop(item, None)
        if kind is not None and sum(length for _, length in pieces) <= _MAX_ITEM_BYTES:
            yield kind, b"".join(data[start : start + length] for start, length in pieces)


def _listed(data: ByteSource, listing: Box) -> Iterator[tuple[int, bytes]]:
    """Number and kind of the items that hold metadata."""
    count_bytes = 2 if data[listing.start : listing.start + 1] == b"\0" else 4
    for box in boxes(data, listing.start + 4 + count_bytes, listing.end):
        if box.kind != b"infe":
            continue
        fields = Fields(data, box.start, box.end)
        version = fields.number(1)
        fields.skip(3)
        if version < 2:
            continue  # an older form that names no kind
        item = fields.number(2 if version == 2 else 4)
        fields.skip(2)
        kind = fields.take(4)
        if kind == b"Exif" or (kind == b"mime" and _XMP_TYPE in data[fields.position : box.end]):
            yield item, kind


def located_items(
    data: ByteSource, places: Box, idat_start: int | None
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Each item with the start and length of its pieces."""
    fields = Fields(data, places.start, places.end)
    version = fields.number(1)
    fields.skip(3)
    sizes = fields.number(2)
    offset_bytes, length_bytes, base_bytes = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_bytes = sizes & 15 if version else 0
    for _ in range(min(fields.number(2 if version < 2 else 4), _MAX_ITEMS)):
        item = fields.number(2 if version < 2 else 4)
        method = fields.number(2) & 15 if version else _IN_FILE
        fields.skip(2)
        base = fields.number(base_bytes)
        pieces = []
        for _ in range(min(fields.number(2), _MAX_EXTENTS)):
            fields.skip(index_bytes)
            pieces.append((base + fields.number(offset_bytes), fields.number(length_bytes)))
        if fields.ended:
            return
        if method == _IN_FILE:
            yield item, pieces
        elif method == _IN_IDAT and idat_start is not None:
            yield item, [(idat_start + start, length) for start, length in pieces]
