"""Seeds of metadata: what cameras and programs write, in each place where they write it."""

from __future__ import annotations

from tests.metadata_files import (
    Value,
    chunk,
    directory,
    exif,
    gif_with_xmp,
    iim,
    jpeg,
    jpeg_with_exif,
    note_at,
    png,
    raw_profile,
    resource,
    segment,
    text_chunk,
    with_note,
)

_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf'
    b'-syntax-ns#"><rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def said() -> list[bytes]:
    """Small files with metadata in every place where some writer puts it."""
    camera: dict[int, Value] = {36867: "2021:03:04 12:00:05", 37510: b"UNICODE\0a\0b\0 \0c\0d\0"}
    gps: dict[int, Value] = {1: "N", 2: (5, [33, 30, 36]), 3: "E", 4: "7 deg 30' 36\" E"}
    whole = exif({271: "Maker", 306: "2021:03:04 12:00:05"}, camera, gps)
    lists: dict[int, Value] = {
        1: (3, [92, *[17] * 45]),
        4: (3, [68, *[160] * 33]),
        0x95: "EF16-35mm",
    }
    digits: dict[int, Value] = {0xB02A: bytes.fromhex("0100180055355602"), 0x2002: (4, [3])}
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    extension = b"http://ns.adobe.com/xmp/extension/\0" + guid + len(_XMP).to_bytes(4) + bytes(4)
    words = iim((5, b"Title"), (25, b"M\x9fnchen"), (55, b"20040713"), (60, b"212344+0200"))
    resources = resource(0x0404, words) + resource(0x0422, whole) + resource(0x0424, _XMP)
    return [
        jpeg_with_exif(whole),
        jpeg_with_exif(with_note("Canon", directory(lists, at=note_at("Canon") + 54))),
        jpeg_with_exif(with_note("SONY", b"SONY DSC \0\0\0" + directory(digits, at=8))),
        jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<!--" + guid + b"-->" + _XMP),
             segment(0xE1, extension + _XMP)),
        jpeg(segment(0xED, b"Photoshop 3.0\0" + resources)),
        jpeg(segment(0xEC, b"[picture info]\r\nTimeDate=909698819\r\nShutter=33363\r\n")),
        jpeg(segment(0xE0, b"II\x1a\0\0\0HEAPJPGM" + bytes(40))),
        png(text_chunk("zTXt", "Raw profile type exif", raw_profile("exif", b"Exif\0\0" + whole)),
            text_chunk("iTXz", "XML:com.adobe.xmp", _XMP),
            text_chunk("tEXt", "Creation Time", b"Thu, 4 Jul 2019 15:30:12 +0200"),
            chunk(b"tIME", b"\x07\xde\x04\x04\x08\x33\x1f")),
        gif_with_xmp(_XMP),
    ]  # fmt: skip
