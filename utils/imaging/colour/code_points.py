"""Colour said by numbers instead of a profile (ITU-T H.273): what a PNG, HEIC or AVIF says."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from utils.containers.byte_source import ByteSource
from utils.containers.iso_boxes import Box, Fields, boxes
from utils.containers.png_chunks import chunks
from utils.imaging.formats import Format

_MAX_CHUNKS = 4096
_MAX_ASSOCIATIONS = 4096
_MAX_LISTINGS = 4  # one of each form


@dataclass(frozen=True, slots=True)
class CodePoints:
    """H.273's ColourPrimaries and TransferCharacteristics; 2 stands for unspecified.

    `full_range` is False where the pixels still lie between 16 and 235. `before_profile`: they
    win over an ICC profile, as PNG's third edition has it (4.3); in HEIF and AVIF the profile wins
    (MIAF, ISO/IEC 23000-22, 7.3.6.4).
    """

    primaries: int
    transfer: int
    full_range: bool = True
    before_profile: bool = False


def code_points(data: ByteSource, known: Format) -> CodePoints | None:
    """None where the file says nothing. Never raises.

    Of JPEG XL its decoder makes a profile. The bitstream of a HEIF is not asked: MIAF ignores it.
    """
    if known is Format.PNG:
        return _of_png(data)
    return _of_heif(data) if known in (Format.HEIC, Format.AVIF) else None


def _of_png(data: ByteSource) -> CodePoints | None:
    for chunk in islice(chunks(data), _MAX_CHUNKS):
        if chunk.kind == b"IDAT":
            return None
        if chunk.kind == b"cICP":
            said = data[chunk.content][:4]
            if len(said) < 4:
                return None
            return CodePoints(said[0], said[1], bool(said[3]), before_profile=True)
    return None


def _of_heif(data: ByteSource) -> CodePoints | None:
    """What belongs to the primary item: gain maps and thumbnails have colours of their own."""
    meta = next((box for box in boxes(data) if box.kind == b"meta"), None)
    if meta is None:
        return None
    parts = {box.kind: box for box in boxes(data, meta.start + 4, meta.end)}
    if b"pitm" not in parts or b"iprp" not in parts:
        return None
    fields = Fields(data, parts[b"pitm"].start, parts[b"pitm"].end)
    primary = _item(fields, wide=fields.number(4) >> 24 > 0)
    properties = list(boxes(data, parts[b"iprp"].start, parts[b"iprp"].end))
    container = next((box for box in properties if box.kind == b"ipco"), None)
    if container is None:
        return None
    numbered = dict(enumerate(boxes(data, container.start, container.end), start=1))
    for listing in [box for box in properties if box.kind == b"ipma"][:_MAX_LISTINGS]:
        for number in _associated(data, listing, primary):
            found = _nclx(data, numbered[number]) if number in numbered else None
            if found is not None:
                return found
    return None


def _item(fields: Fields, *, wide: bool) -> int:
    return fields.number(4 if wide else 2)


def _associated(data: ByteSource, listing: Box, wanted: int) -> list[int]:
    """The numbers, from 1, of an item's properties."""
    fields = Fields(data, listing.start, listing.end)
    head = fields.number(4)
    size, mask = (2, 0x7FFF) if head & 1 else (1, 0x7F)
    for _ in range(min(fields.number(4), _MAX_ASSOCIATIONS)):
        item = _item(fields, wide=head >> 24 > 0)
        count = fields.number(1)
        if fields.ended:
            break
        if item == wanted:
            return [fields.number(size) & mask for _ in range(count)]
        fields.skip(size * count)
    return []


def _nclx(data: ByteSource, box: Box) -> CodePoints | None:
    """The range is not told: decoders undo it when they make RGB."""
    said = data[box.start : min(box.start + 8, box.end)]
    if box.kind != b"colr" or len(said) < 8 or said[:4] != b"nclx":
        return None
    return CodePoints(int.from_bytes(said[4:6]), int.from_bytes(said[6:8]))
