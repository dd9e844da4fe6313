"""What a decoder needs of a JPEG, PNG or GIF, and nothing that makes it work without end.

Pillow reads every segment before the first pixel: it joins EXIF blocks, unpacks texts and loads
every directory entry eagerly, so that a small file can cost minutes or gigabytes. None of that
is needed for the picture.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import islice

from utils.containers.jpeg_segments import (
    FRAMES,
    START_OF_SCAN,
    next_marker,
    scan_segments,
    segments,
)
from utils.containers.png_chunks import chunks
from utils.imaging.faults.damage import DamagedError
from utils.imaging.faults.unreadable import unsupported

_FREE_CHUNKS = 4096
_MAX_SCANS = 128  # encoders write about ten; each takes a pass over all coefficients
_MAX_BLOCKS = 16_384  # of a GIF before its first picture
_MIN_MEAN_CHUNK_BYTES = 512

_EXIF = b"Exif\0\0"
_APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_MARKS = {_APP0: 14, _APP14: 12}  # JFIF's and Adobe's, which say what the colours are
_PROFILE_HEAD = 14
_LOSSLESS_FRAMES = frozenset((0xC3, 0xCB))
_HIERARCHICAL_FRAMES = frozenset((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF))
_ONE_PASS_FRAMES = (0xC0, 0xC1)
_RESTART_INTERVAL = 0xDD
_END = b"\xff\xd9"
_PADDING = bytes(16)  # libjpeg looks this far ahead of the last block

_PILLOWS_MOST = 1024 * 1024  # of an unpacked chunk
_MAX_PROFILE_BYTES = 4 * 1024 * 1024
_ANIMATED, _WITH_ALPHA = 0x02, 0x10  # of a WebP's flags
_KEPT_CHUNKS = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"fdAT")
)


@dataclass(frozen=True, slots=True)
class JpegStream:
    """`data` is a JPEG of tables, frame, profile and scans; `exif` the first EXIF block.

    A JPEG of one pass has no end marker here. At that marker libjpeg fills missing rows with grey
    and does not say so; at the end of the data it asks for more.
    """

    data: bytes
    exif: bytes | None


def jpeg_stream(data: bytes) -> JpegStream:
    """Raises OSError where there is no scan, or more segments or scans than any encoder writes."""
    kept: list[memoryview] = [memoryview(data)[:2]]
    exif: bytes | None = None
    marker = components = 0
    one_pass = restarts = False
    position = 2
    for marker, position, end in segments(data):
        content = position + 4
        if marker == START_OF_SCAN:
            one_pass = one_pass and data[content] == components
            break
        if marker in FRAMES:
            one_pass, components = marker in _ONE_PASS_FRAMES, data[content + 5]
        if marker == _RESTART_INTERVAL:
            restarts = any(data[content : content + 2])
        if marker == _APP1 and exif is None and data.startswith(_EXIF, content):
            exif = data[content:end]
        _check_frame(marker, data[content : content + 1])
        if _needed(data, marker, content, end):
            kept.append(memoryview(data)[position:end])
    if marker != START_OF_SCAN:
        raise DamagedError("the JPEG has no picture data, or more segments than a picture needs")
    if not one_pass:
        _check_scans(data, position)
        return JpegStream(b"".join([*kept, memoryview(data)[position:]]), exif)
    # libjpeg reads no further than the end marker or one that damage made, but it goes on behind
    # the latter where there are marks to restart at.
    scan = position + 2 + int.from_bytes(data[position + 2 : position + 4])
    last = data.find(_END, scan) if restarts else next_marker(data, scan)
    if last < 0:
        last = len(data.rstrip(b"\0"))
    return JpegStream(b"".join([*kept, memoryview(data)[position:last], _PADDING]), exif)


def _check_frame(marker: int, precision: bytes) -> None:
    """Raises ImageUnreadableError where libjpeg makes no picture of it here."""
    if marker in _LOSSLESS_FRAMES:
        raise unsupported("lossless JPEG files, as scanners and medical devices write them")
    if marker in _HIERARCHICAL_FRAMES:
        raise unsupported("hierarchical JPEG files")
    if marker in FRAMES and precision == b"\x0c":
        raise unsupported("JPEG files of 12 bits a sample")


def _needed(data: bytes, marker: int, content: int, end: int) -> bool:
    """A mark that is shorter than libjpeg asks for is none; Pillow would fail of it."""
    if marker in _MARKS:
        return end - content >= _MARKS[marker]
    if marker == _APP2:
        return data.startswith(b"ICC_PROFILE\0", content) and end - content > _PROFILE_HEAD
    return not (_APP0 <= marker <= _APP15 or marker == _COMMENT)


def _check_scans(data: bytes, position: int) -> None:
    scans = (at for at in scan_segments(data, position) if at.marker == START_OF_SCAN)
    if any(islice(scans, _MAX_SCANS, None)):
        raise DamagedError("the JPEG has more scans than a picture needs")


@dataclass(frozen=True, slots=True)
class PngStream:
    """`profile` is an ICC profile too large for Pillow, which refuses the picture for it."""

    data: bytes
    profile: bytes | None


def png_stream(data: bytes) -> PngStream:
    """Without texts and private chunks; the same object where there are none.

    Raises OSError where it is cut into more chunks than any encoder writes.
    """
    kept: list[memoryview] = []
    profile: bytes | None = None
    profiles = begin = 0
    for number, (kind, start, end) in enumerate(chunks(data), start=1):
        if number > _FREE_CHUNKS + start // _MIN_MEAN_CHUNK_BYTES:
            raise DamagedError("the PNG has more chunks than a picture needs")
        if kind == b"iCCP":
            profiles += 1
            # One is allowed. As libpng does, the first is taken: each may unpack to megabytes.
            large = _large_profile(data[start + 8 : end - 4]) if profiles == 1 else b""
            if large is None:
                continue
            profile = profile or large
        elif kind in _KEPT_CHUNKS:
            continue
        kept.append(memoryview(data)[begin:start])
        begin = end
    if not kept:
        return PngStream(data, None)
    return PngStream(b"".join([*kept, memoryview(data)[begin:]]), profile)


def _large_profile(content: bytes) -> bytes | None:
    """None where Pillow takes the chunk as it is; empty where it cannot be unpacked."""
    packed = content[content.find(b"\0") + 2 :]
    if len(packed) < _PILLOWS_MOST // 1100:  # which is more than Deflate can pack
        return None
    try:
        profile = zlib.decompressobj().decompress(packed, _MAX_PROFILE_BYTES + 1)
    except zlib.error:
        return b""
    return profile if len(profile) > _PILLOWS_MOST else None


def webp_stream(data: bytes) -> bytes:
    """An animation's with its opaqueness asked for; the same object where there is none.

    Encoders whose frames are all opaque say that the whole is, where the first is but a part of it.
    """
    if data[12:16] != b"VP8X" or not data[20:21] or not data[20] & _ANIMATED:
        return data
    return data[:20] + bytes((data[20] | _WITH_ALPHA,)) + data[21:]


def check_gif(data: bytes) -> None:
    """Raises OSError where blocks without end come before the first picture."""
    flags = data[10] if len(data) > 10 else 0
    position = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    blocks = 0
    while data[position : position + 1] == b"!":
        position += 2
        while position < len(data) and data[position]:
            position += 1 + data[position]
            blocks += 1
            if blocks > _MAX_BLOCKS:
                raise DamagedError("the GIF has more blocks than a picture needs")
        position += 1
