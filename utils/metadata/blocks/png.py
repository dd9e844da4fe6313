"""The chunks of a PNG that hold metadata: its own, and what programs keep in texts."""

from __future__ import annotations

import zlib
from itertools import islice

from utils.containers.byte_source import ByteSource
from utils.containers.png.texts import raw_profile, texts
from utils.containers.png_chunks import chunks
from utils.metadata.blocks.jpeg import XMP_HEADERS
from utils.metadata.blocks.kinds import MAX_BLOCK_BYTES, MAX_CHUNKS, Found
from utils.metadata.png_words import WORDS

_XMP = b"xml:com.adobe.xmp"
_WANTED = frozenset((_XMP, b"raw profile type", *WORDS))


def png_blocks(data: ByteSource) -> Found:
    for chunk in islice(chunks(data), MAX_CHUNKS):
        if chunk.end - chunk.start > MAX_BLOCK_BYTES:
            continue
        if chunk.kind == b"eXIf":
            yield "exif", data[chunk.content]
        elif chunk.kind == b"zxIf":  # a draft of the same, packed
            yield from _packed_exif(data[chunk.content])
        elif chunk.kind == b"tIME":
            yield "png_time", data[chunk.content]
    for keyword, value in texts(data, _WANTED):
        if keyword.lower() == _XMP:
            yield "xmp", value
        elif (profile := raw_profile(keyword, value)) is not None:
            yield from _of_profile(*profile)
        else:
            yield "png_text", keyword.lower() + b"\0" + value


def _packed_exif(content: bytes) -> Found:
    try:
        yield "exif", zlib.decompressobj().decompress(content[5:], MAX_BLOCK_BYTES)
    except zlib.error:
        return


def _of_profile(name: bytes, content: bytes) -> Found:
    if name in (b"exif", b"app1"):
        header = next((each for each in XMP_HEADERS if content.startswith(each)), None)
        if header is not None:
            yield "xmp", content[len(header) :]
        else:
            yield "exif", content
    elif name == b"xmp":
        yield "xmp", content
    elif name in (b"iptc", b"8bim"):
        yield ("photoshop" if content.startswith(b"8BIM") else "iptc"), content
