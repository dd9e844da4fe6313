"""Colour said by numbers instead of a profile (ITU-T H.273): what a PNG, HEIC or AVIF says."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from utils.containers.byte_source import ByteSource
from utils.containers.heif_structure import Item, heif_structure
from utils.containers.png_chunks import chunks
from utils.imaging.formats import Format

UNSPECIFIED = 2
_MAX_CHUNKS = 4096
_MAX_TAGS = 256
_HDR_TRANSFERS = (16, 18)  # PQ and HLG


@dataclass(frozen=True, slots=True)
class CodePoints:
    """H.273's ColourPrimaries and TransferCharacteristics; 2 stands for unspecified.

    `full_range` is False where the pixels still lie between 16 and 235. `before_profile`: they
    win over an ICC profile, as PNG's third edition has it (4.3); in HEIF and AVIF the profile wins
    (MIAF, ISO/IEC 23000-22, 7.3.6.4).
    """

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    full_range: bool = True
    before_profile: bool = False


def code_points(data: ByteSource, known: Format) -> CodePoints | None:
    """None where the file says nothing. Never raises.

    Of JPEG XL its reader tells. The bitstream of a HEIF is not asked: MIAF ignores it.
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
    structure = heif_structure(data)
    return None if structure is None else item_code_points(structure.picture)


def item_code_points(item: Item) -> CodePoints | None:
    """The range is not told: decoders undo it when they make RGB."""
    for said in item.properties:
        if said.kind == b"colr" and said.content[:4] == b"nclx" and len(said.content) >= 8:
            numbers = said.content[4:8]
            return CodePoints(int.from_bytes(numbers[:2]), int.from_bytes(numbers[2:]))
    return None


def profile_code_points(profile: bytes) -> CodePoints | None:
    """What an ICC profile says of high dynamic range (`cicp`, ICC.1:2022, 9.2.17).

    Only then: its tables lead to a display of that range, where they are there at all.
    """
    count = min(int.from_bytes(profile[128:132]), _MAX_TAGS)
    for at in range(132, 132 + 12 * count, 12):
        if profile[at : at + 4] == b"cicp":
            start = int.from_bytes(profile[at + 4 : at + 8])
            said = profile[start : start + 12]
            if len(said) == 12 and said[:4] == b"cicp" and said[9] in _HDR_TRANSFERS:
                return CodePoints(said[8], said[9])
    return None
