"""What the blocks of a file say, each by its kind: EXIF, XMP, IPTC and what counts last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from utils.containers.byte_source import ByteSource
from utils.containers.motion_photo import holds_film
from utils.containers.tiff import IPTC, PHOTOSHOP, XMP, Directory
from utils.imaging.formats import Format
from utils.metadata.blocks.find import Blocks, metadata_blocks
from utils.metadata.capture_time import Moment, Times
from utils.metadata.exif import ORIENTATION, exif_directories, read_exif
from utils.metadata.iptc import (
    EXIF_RESOURCE,
    IPTC_RESOURCE,
    XMP_RESOURCE,
    image_resources,
    read_iptc,
)
from utils.metadata.makernotes.ciff import read_ciff
from utils.metadata.makernotes.note import rates, read_maker_note
from utils.metadata.makernotes.old_jpeg import read_picture_info, read_qvci
from utils.metadata.makernotes.x3f import read_x3f
from utils.metadata.photo_metadata import Metadata
from utils.metadata.png_words import read_png_words
from utils.metadata.xmp import read_xmp

_NOTHING = Metadata()
_WITH_FILMS = frozenset({Format.JPEG, Format.HEIC, Format.AVIF})


@dataclass(slots=True)
class Sources:
    """What each kind of block said, in the order found; times in the order of trust."""

    sidecars: list[Metadata] = field(default_factory=list)
    takeout: list[Metadata] = field(default_factory=list)
    xmp: list[Metadata] = field(default_factory=list)
    iptc: list[Metadata] = field(default_factory=list)
    exif: list[Metadata] = field(default_factory=list)
    others: list[Metadata] = field(default_factory=list)  # what counts last
    notes: list[Metadata] = field(default_factory=list)  # of makers, which count behind that
    times: list[Times] = field(default_factory=list)
    orientation: int | None = None  # by EXIF
    sidecar_orientation: int | None = None
    motion: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """`said`: what each block said, by its kind. `orientation`: EXIF's, 1 to 8."""

    orientation: int | None
    said: tuple[tuple[str, Metadata], ...]


def said_inside(data: ByteSource, known: Format) -> Inside:
    """For those who ask where a value comes from. As `extract_metadata`: never raises, blocks."""
    found = Sources()
    with suppress(Exception):
        read_embedded(found, data, known)
    kinds = (
        ("exif", found.exif),
        ("xmp", found.xmp),
        ("iptc", found.iptc),
        ("maker_note", found.notes),
        ("other", found.others),
    )
    said = tuple((name, each) for name, blocks in kinds for each in blocks if each != _NOTHING)
    return Inside(found.orientation, said)


def read_embedded(found: Sources, data: ByteSource, known: Format) -> None:
    """Reads what is in the file itself."""
    blocks = metadata_blocks(data, known)
    directories = [exif_directories(block) for block in blocks.exif]
    flat = [each for one in directories for each in one]
    resources = (*blocks.photoshop, *_within(flat, PHOTOSHOP))
    numbered = [one for each in resources for one in image_resources(each)]
    if not flat:  # Photoshop keeps a copy, which counts where there is no other
        copies = (content for number, content in numbered if number == EXIF_RESOURCE)
        blocks.exif = [*islice(copies, 1)]
        directories = [exif_directories(block) for block in blocks.exif]
        flat = [each for one in directories for each in one]
    turns = (each.integer(ORIENTATION) for each in flat)
    found.orientation = next((turn for turn in turns if turn in range(1, 9)), None)
    if flat or known is Format.CRW:
        metadata, times = read_exif(flat) if flat else read_ciff(data)
        found.exif.append(metadata)
        found.times.insert(0, times)  # its GPS time before that of XMP
    packets = [content for number, content in numbered if number == XMP_RESOURCE]
    if known in _WITH_FILMS:
        found.motion = holds_film(data, blocks.xmp, is_heif=known is not Format.JPEG)
    for block in (*blocks.xmp, *_within(flat, XMP), *packets[:1]):
        add(found.xmp, found.times, read_xmp(block))
    bare = (content for number, content in numbered if number == IPTC_RESOURCE)
    alone = (block for kind, block in blocks.others if kind == "iptc")
    for block in (*bare, *alone, *_within(flat, IPTC)):
        add(found.iptc, found.times, read_iptc(block))
    _read_others(found, blocks, directories)


def _read_others(
    found: Sources, blocks: Blocks, directories: Sequence[Sequence[Directory]]
) -> None:
    """What counts where nothing else says it."""
    texts = [block for kind, block in blocks.others if kind == "png_text"]
    stamps = [block for kind, block in blocks.others if kind == "png_time"]
    if texts or stamps:
        add(found.others, found.times, read_png_words(texts, stamps))
    for kind, block in blocks.others:
        if kind in _OTHERS:
            add(found.others, found.times, _OTHERS[kind](block))
    is_whole = any(each.lens and each.iso for each in found.exif)
    for source, each in zip(blocks.exif, directories, strict=True):
        if is_whole and not rates(each):
            continue
        note = read_maker_note(source, each)
        found.notes.append(note)
        if note.taken_at is not None and note.taken_at_source is not None:
            found.times.append(((note.taken_at_source, Moment(note.taken_at)),))


_OTHERS = {
    "ciff": read_ciff,
    "picture_info": read_picture_info,
    "casio_qvci": read_qvci,
    "x3f": read_x3f,
}


def _within(directories: Iterable[Directory], tag: int) -> Iterator[bytes]:
    return (block for each in directories if (block := each.block(tag)))


def add(to: list[Metadata], times: list[Times], read: tuple[Metadata, Times]) -> None:
    metadata, found = read
    to.append(metadata)
    times.append(found)
