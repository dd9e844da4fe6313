"""Where each format keeps its EXIF: found without decoding, given as TIFF structures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO

from PIL import Image

from utils.formats import Format
from utils.pillow_setup import ready_pillow

_EXIF = b"Exif\0\0"
_MAX_SEGMENTS = 10_000
_RAF_PREVIEW_AT = 84  # offset and length of the JPEG that carries a RAF's EXIF
_CR3_BLOCKS = (b"CMT1", b"CMT2", b"CMT4")  # main, EXIF and GPS directories
_HEADER_BYTES = 1024 * 1024
_TIFF_STARTS = (b"II*\0", b"MM\0*")


def exif_blocks(data: bytes, known: Format) -> list[bytes]:
    """Each begins with a byte order; a RAW that is a TIFF is its own block.

    Raises whatever a plugin raises on garbage: the caller guards.
    """
    if known in _FINDERS:
        return [block.removeprefix(_EXIF) for block in _FINDERS[known](data)]
    return [data] if known.is_raw or known is Format.TIFF else []


def _jpeg(data: bytes) -> Iterator[bytes]:
    position = 2
    for _ in range(_MAX_SEGMENTS):
        marker = data[position : position + 2]
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] in (0xDA, 0xD9):
            return
        if marker[1] == 0xFF:
            position += 1
            continue
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4])
        if marker[1] == 0xE1 and data.startswith(_EXIF, position + 4):
            yield data[position + 4 : end]
            return
        position = end


def _png(data: bytes) -> Iterator[bytes]:
    position = 8
    for _ in range(_MAX_SEGMENTS):
        length, kind = (
            int.from_bytes(data[position : position + 4]),
            data[position + 4 : position + 8],
        )
        if len(kind) < 4:
            return
        if kind == b"eXIf":
            yield data[position + 8 : position + 8 + length]
            return
        position += 12 + length


def _webp(data: bytes) -> Iterator[bytes]:
    position = 12
    for _ in range(_MAX_SEGMENTS):
        kind, length = data[position : position + 4], data[position + 4 : position + 8]
        if len(length) < 4:
            return
        size = int.from_bytes(length, "little")
        if kind == b"EXIF":
            yield data[position + 8 : position + 8 + size]
            return
        position += 8 + size + size % 2


def _jxl(data: bytes) -> Iterator[bytes]:
    """Of the container; a bare codestream has none. Opening it with Pillow would decode it."""
    position = 0
    for _ in range(_MAX_SEGMENTS):
        length, kind = (
            int.from_bytes(data[position : position + 4]),
            data[position + 4 : position + 8],
        )
        if len(kind) < 4 or length < 8:
            return
        if kind == b"Exif":
            yield _tiff_within(data[position + 8 : position + length])
            return
        position += length


def _heif(data: bytes) -> Iterator[bytes]:
    ready_pillow()
    with Image.open(BytesIO(data), formats=("HEIF", "AVIF")) as image:
        block = image.info.get("exif")
    if isinstance(block, bytes):
        yield _tiff_within(block)


def _raf(data: bytes) -> Iterator[bytes]:
    start = int.from_bytes(data[_RAF_PREVIEW_AT : _RAF_PREVIEW_AT + 4])
    return _jpeg(data[start : start + _HEADER_BYTES])


def _cr3(data: bytes) -> Iterator[bytes]:
    header = data[:_HEADER_BYTES]
    for name in _CR3_BLOCKS:
        at = header.find(name)
        if at >= 4:
            yield header[at + 4 : at - 4 + int.from_bytes(header[at - 4 : at])]


def _mrw(data: bytes) -> Iterator[bytes]:
    at = data[:_HEADER_BYTES].find(b"\0TTW")
    if at >= 0:
        yield data[at + 8 :]


def _tiff_within(block: bytes) -> bytes:
    """Some writers put an offset or a name before the structure."""
    found = [at for start in _TIFF_STARTS if (at := block.find(start, 0, 64)) >= 0]
    return block[min(found) :] if found else block


_FINDERS: dict[Format, Callable[[bytes], Iterator[bytes]]] = {
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
