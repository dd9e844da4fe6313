"""Files of kinds that are not read, told by their content, so that the answer names them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SVG = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<(?:\?xml|!doctype svg|!--|svg[\s>])", re.IGNORECASE)
_FILM_BRANDS = re.compile(rb"(?:isom|iso[2-9]|mp4[12]|M4[AV] |qt  |avc1|3g[p2].|MSNV|dash|XAVC)")


@dataclass(frozen=True, slots=True)
class UnreadKind:
    """`words` follow "does not read". `is_picture`: people look for it among their pictures."""

    words: str
    is_picture: bool = True


_MAGIC: tuple[tuple[int, bytes, UnreadKind], ...] = (
    (0, b"8BPS\0\1", UnreadKind("Photoshop documents (PSD): export them as TIFF or JPEG")),
    (0, b"8BPS\0\2", UnreadKind("large Photoshop documents (PSB): export them as TIFF or JPEG")),
    (0, b"\x76\x2f\x31\x01", UnreadKind("OpenEXR, which holds light and no rule for a screen")),
    (0, b"#?RADIANCE", UnreadKind("Radiance HDR, which holds light and no rule for a screen")),
    (0, b"#?RGBE", UnreadKind("Radiance HDR, which holds light and no rule for a screen")),
    (0, b"gimp xcf", UnreadKind("GIMP documents (XCF): export them as TIFF or PNG")),
    (0, b"\0\xffKA", UnreadKind("Affinity documents: export them as TIFF or JPEG")),
    (30, b"mimetypeapplication/x-krita", UnreadKind("Krita documents: export them as PNG")),
    (30, b"mimetypeimage/openraster", UnreadKind("OpenRaster documents: export them as PNG")),
    (0, b"II\xbc\x01", UnreadKind("JPEG XR (HD Photo)")),
    (0, b"FLIF", UnreadKind("FLIF")),
    (0, b"BPG\xfb", UnreadKind("BPG")),
    (0, b"qoif", UnreadKind("QOI")),
    (0, b"SIMPLE  =", UnreadKind("FITS, which holds measurements of telescopes")),
    (128, b"DICM", UnreadKind("DICOM, the pictures of medical devices")),
    (0, b"DDS ", UnreadKind("DDS textures", is_picture=False)),
    (0, b"\0\0\1\0", UnreadKind("icons (ICO)", is_picture=False)),
    (0, b"\0\0\2\0", UnreadKind("mouse pointers (CUR)", is_picture=False)),
    (0, b"icns", UnreadKind("icons (ICNS)", is_picture=False)),
    (0, b"%PDF-", UnreadKind("PDF documents", is_picture=False)),
    (0, b"%!PS", UnreadKind("PostScript", is_picture=False)),
    (0, b"\xc5\xd0\xd3\xc6", UnreadKind("PostScript (EPS)", is_picture=False)),
    (0, b"AT&TFORM", UnreadKind("DjVu documents", is_picture=False)),
    (8, b"AVI ", UnreadKind("films (AVI)", is_picture=False)),
    (0, b"\x1a\x45\xdf\xa3", UnreadKind("films (Matroska, WebM)", is_picture=False)),
    (0, b"\0\0\1\xba", UnreadKind("films (MPEG)", is_picture=False)),
    (4, b"moov", UnreadKind("films (QuickTime)", is_picture=False)),
    (0, b"ID3", UnreadKind("sound (MP3)", is_picture=False)),
    (0, b"PK\3\4", UnreadKind("archives (ZIP)", is_picture=False)),
    (0, b"Rar!", UnreadKind("archives (RAR)", is_picture=False)),
    (0, b"7z\xbc\xaf", UnreadKind("archives (7z)", is_picture=False)),
)
_DRAWING = UnreadKind("drawings (SVG), which are made of shapes: export them as PNG")
_FILM = UnreadKind("films (MP4, QuickTime)", is_picture=False)
_PAGE = UnreadKind("web pages", is_picture=False)
_HEADER_BYTES = 4096


def unread_kind(header: bytes) -> UnreadKind | None:
    """`header`: as much of the file's beginning as is at hand; 4 KiB are looked at."""
    header = header[:_HEADER_BYTES]
    for offset, magic, kind in _MAGIC:
        if header.startswith(magic, offset):
            return kind
    if header[4:8] == b"ftyp":
        return _FILM if _FILM_BRANDS.match(header, 8) else None
    if _SVG.match(header):
        return _DRAWING if b"<svg" in header.lower() else None
    return _PAGE if header.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")) else None


def known_unread_kinds() -> list[UnreadKind]:
    """Each once, for the documents."""
    return list(dict.fromkeys([*(kind for _, _, kind in _MAGIC), _DRAWING, _FILM, _PAGE]))
