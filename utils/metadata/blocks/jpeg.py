"""The segments of a JPEG that hold metadata, as writers of all ages left them."""

from __future__ import annotations

import re
from collections import defaultdict

from utils.containers.byte_source import ByteSource
from utils.containers.jpeg_segments import segments
from utils.metadata.blocks.kinds import MAX_BLOCK_BYTES, Found

_APP0, _APP1, _APP12, _APP13 = 0xE0, 0xE1, 0xEC, 0xED
_EXIF = re.compile(rb".{0,4}exif\0\0?", re.IGNORECASE | re.DOTALL)  # some write stray bytes first
_TIFF_STARTS = (b"II", b"MM")
# The second one is old ImageMagick's, in a seventh of Flickr's pictures.
XMP_HEADERS = (b"http://ns.adobe.com/xap/1.0/\0", b"XMP\0://ns.adobe.com/xap/1.0/\0")
_XMP_ANYHOW = re.compile(rb"<(\?xpacket|x:x[am]pmeta|rdf:RDF)\b")
_XMP_LOOKED_AT = 256
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_GUID_BYTES = 32
_PHOTOSHOP = (b"Photoshop 3.0\0", b"Adobe_Photoshop2.5:")
_PICTURE_INFO = re.compile(rb"\[picture info\]|type=", re.IGNORECASE)


def jpeg_blocks(data: ByteSource) -> Found:
    app1 = _App1()
    for segment in segments(data):
        if segment.marker == _APP1:
            yield from app1.read(data[segment.content])
        elif segment.marker in (_APP0, _APP12, _APP13):
            yield from _other(segment.marker, data[segment.content])
    yield from app1.rest()


def _other(marker: int, content: bytes) -> Found:
    if marker == _APP13:
        for name in _PHOTOSHOP:
            if content.startswith(name):
                yield "photoshop", content.removeprefix(name)
    elif marker == _APP12:
        if _PICTURE_INFO.search(content):
            yield "picture_info", content
    elif content[6:10] == b"HEAP":
        yield "ciff", content


class _App1:
    """Joins what is longer than a segment: EXIF, and XMP by its extension."""

    def __init__(self) -> None:
        self._exif = b""
        self._packets = b""
        self._extended = _Extended()

    def read(self, content: bytes) -> Found:
        head = _EXIF.match(content)
        if head is not None:
            block = content[head.end() :]
            if self._exif and not block.startswith(_TIFF_STARTS):  # it goes on
                if len(self._exif) < MAX_BLOCK_BYTES:
                    self._exif += block
                return
            if self._exif:
                yield "exif", self._exif
            self._exif = block
        elif content.startswith(_EXTENDED):
            self._extended.add(content[len(_EXTENDED) :])
        elif content.startswith(b"QVCI\0"):
            yield "casio_qvci", content
        elif (packet := _xmp(content)) is not None:
            if len(self._packets) < MAX_BLOCK_BYTES:
                self._packets += packet
            yield "xmp", packet

    def rest(self) -> Found:
        if self._exif:
            yield "exif", self._exif
        extension = self._extended.named_in(self._packets)
        if extension:
            yield "xmp", extension


def _xmp(content: bytes) -> bytes | None:
    for header in XMP_HEADERS:
        if content.startswith(header):
            return content[len(header) :]
    start = _XMP_ANYHOW.search(content, 0, _XMP_LOOKED_AT)
    return content[start.start() :] if start is not None else None


class _Extended:
    """The parts of XMP that is longer than a segment, by the digest that names the whole."""

    def __init__(self) -> None:
        self._parts: dict[bytes, dict[int, bytes]] = defaultdict(dict)
        self._left = MAX_BLOCK_BYTES

    def add(self, content: bytes) -> None:
        """A digest, the whole's length, this part's offset, the part."""
        guid, rest = content[:_GUID_BYTES], content[_GUID_BYTES:]
        whole, offset, part = int.from_bytes(rest[:4]), int.from_bytes(rest[4:8]), rest[8:]
        if whole > MAX_BLOCK_BYTES or len(part) > self._left:
            return  # depth maps and the like
        self._left -= len(part)
        self._parts[guid][offset] = part

    def named_in(self, packets: bytes) -> bytes:
        for guid, parts in self._parts.items():
            if guid in packets:
                return b"".join(part for _, part in sorted(parts.items()))
        return b""
