"""Finds the blocks of metadata of any format, without decoding a pixel."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from utils.containers.byte_source import ByteSource
from utils.containers.heif_items import metadata_items
from utils.containers.iso_boxes import boxes
from utils.imaging.formats import Format
from utils.metadata.blocks.jpeg import jpeg_blocks
from utils.metadata.blocks.kinds import MAX_BLOCK_BYTES, MAX_CHUNKS, Found, Kind
from utils.metadata.blocks.png import png_blocks

_EXIF = b"Exif\0\0"
_MAX_BLOCKS = 4  # of a kind
_MAX_TEXTS = 64
_MAX_BYTES = 8 * 1024 * 1024
_RAF_PREVIEW_AT = 84  # offset and length of the JPEG that carries a RAF's metadata
_CR3_DIRECTORIES = (b"CMT1", b"CMT2", b"CMT4")  # main, EXIF and GPS
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # of a box, as Adobe says
_JP2_UUIDS: dict[bytes, Kind] = {
    b"JpgTiffExif->JP2": "exif",
    _XMP_UUID: "xmp",
    bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38"): "iptc",
}
_UUID_BYTES = 16
_MAX_SECTIONS, _X3F_HEAD_BYTES = 64, 28
_HEADER_BYTES = 1024 * 1024
_GIF_XMP = b"\x21\xff\x0bXMP DataXMP"
_GIF_XMP_END = b"\x01\xff\xfe\xfd"  # of bytes that count down, so that every reader finds out
_STRAY_BYTES = 64
_TIFF_STARTS = (b"II*\0", b"MM\0*")


@dataclass(slots=True)
class Blocks:
    """`exif`: TIFF structures, each from its byte order on; or the whole of a RAW that is a TIFF.

    `photoshop`: image resources, one of which may be IPTC. `others`: by their kind.
    """

    exif: list[ByteSource] = field(default_factory=list)
    xmp: list[bytes] = field(default_factory=list)
    photoshop: list[bytes] = field(default_factory=list)
    others: list[tuple[Kind, bytes]] = field(default_factory=list)


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
        if kind == "exif":
            if len(found.exif) < _MAX_BLOCKS:
                found.exif.append(_tiff_within(block))
        elif kind == "xmp":
            if len(found.xmp) < _MAX_BLOCKS:
                found.xmp.append(block)
        elif kind == "photoshop":
            found.photoshop.append(block)
        elif len(found.others) < _MAX_TEXTS:
            found.others.append((kind, block))
    if found.photoshop:  # long resources go on in the next segment
        found.photoshop = [b"".join(found.photoshop)]
    return found


def _gif(data: ByteSource) -> Found:
    step = _HEADER_BYTES - len(_GIF_XMP)
    for start in range(0, len(data), step):
        at = data[start : start + _HEADER_BYTES].find(_GIF_XMP)
        if at >= 0:
            behind = start + at + len(_GIF_XMP)
            yield "xmp", data[behind : behind + MAX_BLOCK_BYTES].partition(_GIF_XMP_END)[0]
            return


def _webp(data: ByteSource) -> Found:
    position = 12
    for _ in range(MAX_CHUNKS):
        head = data[position : position + 8]
        if len(head) < 8:
            return
        kind, size, start = head[:4], int.from_bytes(head[4:], "little"), position + 8
        if kind in (b"EXIF", b"XMP ", b"XMP\0") and size <= MAX_BLOCK_BYTES:
            yield "exif" if kind == b"EXIF" else "xmp", data[start : start + size]
        position = start + size + size % 2


def _jxl(data: ByteSource) -> Found:
    """Of the container; a bare codestream has none."""
    for box in boxes(data):
        if box.end - box.start > MAX_BLOCK_BYTES:
            continue
        if box.kind == b"Exif":
            yield "exif", data[box.start : box.end]
        elif box.kind == b"xml ":
            yield "xmp", data[box.start : box.end]


def _jp2(data: ByteSource) -> Found:
    """Of the boxes; a bare codestream has none."""
    for box in boxes(data):
        if box.kind != b"uuid" or box.end - box.start > MAX_BLOCK_BYTES:
            continue
        content = box.start + _UUID_BYTES
        kind = _JP2_UUIDS.get(data[box.start : content])
        if kind is not None:
            yield kind, data[content : box.end]


def _heif(data: ByteSource) -> Found:
    for kind, block in metadata_items(data):
        if kind == b"Exif":
            yield "exif", block
        else:
            yield "xmp", block


def _raf(data: ByteSource) -> Found:
    start = int.from_bytes(data[_RAF_PREVIEW_AT : _RAF_PREVIEW_AT + 4])
    return jpeg_blocks(data[start : start + _HEADER_BYTES])


def _cr3(data: ByteSource) -> Found:
    header = data[:_HEADER_BYTES]
    for name in _CR3_DIRECTORIES:
        at = header.find(name)
        if at >= 4:
            yield "exif", header[at + 4 : at - 4 + int.from_bytes(header[at - 4 : at])]
    for box in boxes(data):
        content = box.start + len(_XMP_UUID)
        if box.kind == b"uuid" and data[box.start : content] == _XMP_UUID:
            yield "xmp", data[content : min(box.end, box.start + MAX_BLOCK_BYTES)]


def _x3f(data: ByteSource) -> Found:
    """Its last four bytes say where its sections are listed: properties, and pictures."""
    start = int.from_bytes(data[len(data) - 4 : len(data)], "little") if len(data) > 4 else 0
    head = data[start : start + 12]
    if not head.startswith(b"SECd"):
        return
    count = min(int.from_bytes(head[8:12], "little"), _MAX_SECTIONS)
    listed = data[start + 12 : start + 12 + 12 * count]
    for offset, size, kind in struct.iter_unpack("<II4s", listed[: len(listed) // 12 * 12]):
        if kind == b"PROP":
            yield "x3f", data[offset : offset + min(size, MAX_BLOCK_BYTES)]
        elif kind == b"IMA2":
            picture = data[offset + _X3F_HEAD_BYTES : offset + min(size, _HEADER_BYTES)]
            if picture.startswith(b"\xff\xd8\xff\xe1"):
                yield from jpeg_blocks(picture)


def _mrw(data: ByteSource) -> Found:
    at = data[:_HEADER_BYTES].find(b"\0TTW")
    if at >= 0:
        yield "exif", data[at + 8 : at + 8 + int.from_bytes(data[at + 4 : at + 8])]


def _tiff_within(block: bytes) -> bytes:
    """Some writers put an offset, a name or stray bytes before the structure."""
    block = block.removeprefix(_EXIF)
    if block.startswith(_TIFF_STARTS):
        return block
    found = [at for start in _TIFF_STARTS if (at := block.find(start, 0, _STRAY_BYTES)) >= 0]
    return block[min(found) :] if found else block


_FINDERS: dict[Format, Callable[[ByteSource], Found]] = {
    Format.JPEG: jpeg_blocks,
    Format.PNG: png_blocks,
    Format.GIF: _gif,
    Format.WEBP: _webp,
    Format.JXL: _jxl,
    Format.HEIC: _heif,
    Format.AVIF: _heif,
    Format.JPEG_2000: _jp2,
    Format.RAF: _raf,
    Format.CR3: _cr3,
    Format.MRW: _mrw,
    Format.X3F: _x3f,
}
