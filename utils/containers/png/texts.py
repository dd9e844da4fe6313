"""The texts of a PNG, and the blocks of other formats that programs keep in them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator
from itertools import islice

from utils.containers.byte_source import ByteSource
from utils.containers.png_chunks import chunks

_MAX_CHUNKS = 10_000
MAX_TEXT_BYTES = 4 * 1024 * 1024
_MAX_BYTES = 16 * 1024 * 1024  # of all texts of one file, unpacked
_LEAST_BYTES = 256 * 1024  # what each counts as: one that cannot be unpacked takes time, too
_MAX_KEYWORD_BYTES = 80
_KINDS = frozenset((b"tEXt", b"zTXt", b"iTXt"))
_RAW_PROFILE = re.compile(rb"raw profile type (\w+)", re.IGNORECASE)
# Bounded: of white space without end each place would be tried as the number's beginning.
_PROFILE = re.compile(rb"\s{0,64}[^\n]{0,80}\n\s{0,64}(\d{1,9})\s{0,64}\n")
_NO_HEX = re.compile(rb"[^0-9A-Fa-f]+")
_EXIF = b"Exif\0\0"


def texts(
    data: ByteSource, wanted: Collection[bytes] | None = None
) -> Iterator[tuple[bytes, bytes]]:
    """Keyword and value, unpacked; what is too large is passed over.

    `wanted` are keywords in lower case; raw profiles count by "raw profile type" alone.
    """
    left = _MAX_BYTES
    for chunk in islice(chunks(data), _MAX_CHUNKS):
        if chunk.kind not in _KINDS or chunk.end - chunk.start > MAX_TEXT_BYTES:
            continue
        head = data[chunk.start + 8 : min(chunk.start + 8 + _MAX_KEYWORD_BYTES, chunk.end - 4)]
        keyword, ended, _ = head.partition(b"\0")
        name = keyword.lower()
        name = b"raw profile type" if name.startswith(b"raw profile type") else name
        if not ended or (wanted is not None and name not in wanted):
            continue
        value = _unpacked(chunk.kind, data[chunk.content][len(keyword) + 1 :])
        left -= max(len(value), _LEAST_BYTES)
        if left < 0:
            return
        yield keyword, value


def _unpacked(kind: bytes, rest: bytes) -> bytes:
    """Of what stands behind the keyword's end."""
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _inflated(rest[1:])
    # Compression flag and method, language, translated keyword, text.
    parts = rest[2:].split(b"\0", 2)
    text = parts[2] if len(parts) == 3 else b""
    return _inflated(text) if rest[:1] == b"\x01" else text


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, MAX_TEXT_BYTES)
    except zlib.error:
        return b""


def raw_profile(keyword: bytes, value: bytes) -> tuple[bytes, bytes] | None:
    """Name in lower case and content of a "Raw profile type exif": a length and hexadecimals."""
    named = _RAW_PROFILE.fullmatch(keyword)
    start = _PROFILE.match(value)
    if named is None or start is None:
        return None
    digits = _NO_HEX.sub(b"", value[start.end() :])[: 2 * int(start[1])]
    return named[1].lower(), bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))


def exif_of_texts(data: ByteSource) -> bytes | None:
    """The EXIF that ImageMagick and others keep in a text, where there is no chunk of its own."""
    for keyword, value in texts(data, (b"raw profile type",)):
        found = raw_profile(keyword, value)
        if found is not None and found[0] in (b"exif", b"app1") and found[1].startswith(_EXIF):
            return found[1]
    return None
