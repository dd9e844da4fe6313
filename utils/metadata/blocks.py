"""Where each format keeps its EXIF, XMP and IPTC: found without decoding a pixel."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, TypeAlias

from utils.containers.byte_source import ByteSource
from utils.containers.heif_items import metadata_items
from utils.containers.iso_boxes import boxes
from utils.containers.jpeg_segments import segments
from utils.containers.png_chunks import chunks
from utils.imaging.formats import Format

Kind: TypeAlias = Literal["exif", "xmp", "photoshop"]
Found: TypeAlias = Iterator[tuple[Kind, bytes]]

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_PNG_XMP = b"XML:com.adobe.xmp"
_MAX_CHUNKS = 10_000
_MAX_BLOCKS = 4  # of EXIF, of XMP
_MAX_BLOCK_BYTES = 4 * 1024 * 1024
_MAX_BYTES = 8 * 1024 * 1024
_RAF_PREVIEW_AT = 84  # offset and length of the JPEG that carries a RAF's metadata
_CR3_DIRECTORIES = (b"CMT1", b"CMT2", b"CMT4")  # main, EXIF and GPS
_CR3_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_HEADER_BYTES = 1024 * 1024
_TIFF_STARTS = (b"II*\0", b"MM\0*")


@dataclass(slots=True)
class Blocks:
    """`exif`: TIFF structures, each from its byte order on; or the whole of a RAW that is a TIFF.

    `photoshop`: image resources, one of which may be IPTC.
    """

    exif: list[ByteSource] = field(default_factory=list)
    xmp: list[bytes] = field(default_factory=list)
    photoshop: list[bytes] = field(default_factory=list)


def metadata_blocks(data: ByteSource, known: Format) -> Blocks:
    """What is found before the file ends or stops making sense; never raises."""
    found = Blocks()
    if known not in _FINDERS:
        if known.is_raw or known is Format.TIFF:
            found.exif.append(data)
        return found
    left = _MAX_BYTES
    for kind, block in _FINDERS[known](data):
        left -= len(block)
        if left < 0:
            break
        if kind == "exif" and len(found.exif) < _MAX_BLOCKS:
            found.exif.append(block.removeprefix(_EXIF))
        elif kind == "xmp" and len(found.xmp) < _MAX_BLOCKS:
            found.xmp.append(block)
        elif kind == "photoshop":
            found.photoshop.append(block)
    if found.photoshop:  # long resources go on in the next segment
        found.photoshop = [b"".join(found.photoshop)]
    return found


def _jpeg(data: ByteSource) -> Found:
    for segment in segments(data):
        if segment.marker not in (0xE1, 0xED):
            continue
        content = data[segment.content]
        if segment.marker == 0xED:
            if content.startswith(_PHOTOSHOP):
                yield "photoshop", content.removeprefix(_PHOTOSHOP)
        elif content.startswith(_EXIF):
            yield "exif", content
        elif content.startswith(_XMP):
            yield "xmp", content.removeprefix(_XMP)


def _png(data: ByteSource) -> Found:
    for chunk in islice(chunks(data), _MAX_CHUNKS):
        if chunk.end - chunk.start > _MAX_BLOCK_BYTES or chunk.kind not in (b"eXIf", b"iTXt"):
            continue
        content = data[chunk.content]
        if chunk.kind == b"eXIf":
            yield "exif", content
        elif content.startswith(_PNG_XMP + b"\0"):
            yield "xmp", _itxt_text(content)


def _itxt_text(chunk: bytes) -> bytes:
    """Keyword, compression flag and method, language, translated keyword, text."""
    compressed = chunk[len(_PNG_XMP) + 1 : len(_PNG_XMP) + 2] == b"\x01"
    parts = chunk[len(_PNG_XMP) + 3 :].split(b"\0", 2)
    text = parts[2] if len(parts) == 3 else b""
    if not compressed:
        return text
    try:
        return zlib.decompressobj().decompress(text, _MAX_BLOCK_BYTES)
    except zlib.error:
        return b""


def _webp(data: ByteSource) -> Found:
    position = 12
    for _ in range(_MAX_CHUNKS):
        head = data[position : position + 8]
        if len(head) < 8:
            return
        kind, size, start = head[:4], int.from_bytes(head[4:], "little"), position + 8
        if kind in (b"EXIF", b"XMP ") and size <= _MAX_BLOCK_BYTES:
            yield "exif" if kind == b"EXIF" else "xmp", data[start : start + size]
        position = start + size + size % 2


def _jxl(data: ByteSource) -> Found:
    """Of the container; a bare codestream has none."""
    for box in boxes(data):
        if box.end - box.start > _MAX_BLOCK_BYTES:
            continue
        if box.kind == b"Exif":
            yield "exif", _tiff_within(data[box.start : box.end])
        elif box.kind == b"xml ":
            yield "xmp", data[box.start : box.end]


def _heif(data: ByteSource) -> Found:
    for kind, block in metadata_items(data):
        if kind == b"Exif":
            yield "exif", _tiff_within(block)
        else:
            yield "xmp", block


def _raf(data: ByteSource) -> Found:
    start = int.from_bytes(data[_RAF_PREVIEW_AT : _RAF_PREVIEW_AT + 4])
    return _jpeg(data[start : start + _HEADER_BYTES])


def _cr3(data: ByteSource) -> Found:
    header = data[:_HEADER_BYTES]
    for name in _CR3_DIRECTORIES:
        at = header.find(name)
        if at >= 4:
            yield "exif", header[at + 4 : at - 4 + int.from_bytes(header[at - 4 : at])]
    for box in boxes(data):
        content = box.start + len(_CR3_XMP)
        if box.kind == b"uuid" and data[box.start : content] == _CR3_XMP:
            yield "xmp", data[content : min(box.end, box.start + _MAX_BLOCK_BYTES)]


def _mrw(data: ByteSource) -> Found:
    at = data[:_HEADER_BYTES].find(b"\0TTW")
    if at >= 0:
        yield "exif", data[at + 8 : at + 8 + int.from_bytes(data[at + 4 : at + 8])]


def _tiff_within(block: bytes) -> bytes:
    """Some writers put an offset or a name before the structure."""
    found = [at for start in _TIFF_STARTS if (at := block.find(start, 0, 64)) >= 0]
    return block[min(found) :] if found else block


_FINDERS: dict[Format, Callable[[ByteSource], Found]] = {
    Format.JPEG: _jpeg,
    Format.PNG: _png,
    Format.WEBP: _webp,
    Format.JXL: _jxl,
    Format.HEIC: _heif,
    Format.AVIF: _heif,
    Format.RAF: _raf,
    Format.CR3: _cr3,
    Format.MRW: _mrw,
}
