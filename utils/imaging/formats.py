"""How each of the formats that Photoseek reads is told by its content."""

from __future__ import annotations

import re

from utils.containers.bmp_header import HEADER_BYTES, is_bare_bitmap
from utils.containers.jpeg_2000 import CODESTREAM
from utils.containers.tiff import Directory, ReadAt, bytes_reader, tiff_structure
from utils.contract.images import Format as Format  # its values are the API's

SNIFF_BYTES = 64 * 1024  # a header of this length tells every format that has its directory first


IMAGE_EXTENSIONS = frozenset(ext for known in Format for ext in known.extensions)
SIDECAR_EXTENSIONS = frozenset({"xmp", "thm", "aae", "pp3", "dop"})

# What a maker's RAW is called; further names are told apart by the file's extension only.
_MAKERS: tuple[tuple[str, tuple[Format, ...]], ...] = (
    ("NIKON", (Format.NEF, Format.NRW)),
    ("SONY", (Format.ARW, Format.SR2)),
    ("PENTAX", (Format.PEF,)),
    ("RICOH", (Format.PEF,)),
    ("SAMSUNG", (Format.SRW,)),
    ("HASSELBLAD", (Format.HASSELBLAD_3FR, Format.FFF)),
    ("IMACON", (Format.FFF, Format.HASSELBLAD_3FR)),
    ("PHASE ONE", (Format.IIQ,)),
    ("KODAK", (Format.DCR, Format.KDC)),
    ("EASTMAN KODAK", (Format.DCR, Format.KDC)),
    ("SEIKO EPSON", (Format.ERF,)),
    ("EPSON", (Format.ERF,)),
    ("MAMIYA", (Format.MEF, Format.MOS)),
    ("LEAF", (Format.MOS,)),
    ("LEICA", (Format.RWL,)),
    ("CANON", (Format.CR2,)),
    ("OLYMPUS", (Format.ORF,)),
    ("PANASONIC", (Format.RW2,)),
    ("FUJIFILM", (Format.RAF,)),
)
_MAKE, _PHOTOMETRIC, _SUBIFDS, _CFA_PATTERN, _DNG_VERSION = 271, 262, 330, 33422, 50706
_CFA, _LINEAR_RAW = 32803, 34892

_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_PNM = re.compile(rb"P[1-6]\s+(#|\d)")

_MAGIC: tuple[tuple[int, bytes, Format], ...] = (
    (0, b"\xff\xd8\xff", Format.JPEG),
    (0, b"\x89PNG\r\n\x1a\n", Format.PNG),
    (8, b"WEBPVP8", Format.WEBP),
    (0, b"GIF87a", Format.GIF),
    (0, b"GIF89a", Format.GIF),
    (0, b"\xff\x0a", Format.JXL),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", Format.JXL),
    (0, CODESTREAM, Format.JPEG_2000),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", Format.JPEG_2000),
    (4, b"ftypcrx ", Format.CR3),
    (0, b"FUJIFILMCCD-RAW", Format.RAF),
    (0, b"IIRO", Format.ORF),
    (0, b"IIRS", Format.ORF),
    (0, b"MMOR", Format.ORF),
    (6, b"HEAPCCDR", Format.CRW),
    (0, b"\0MRM", Format.MRW),
    (0, b"FOVb", Format.X3F),
)


def extension(name: bytes | str) -> str:
    """Lower case, without the dot; empty where there is none. Names need not be UTF-8."""
    text = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name
    stem, dot, tail = text.rpartition("/")[2].rpartition(".")
    return tail.lower() if dot and stem else ""


def has_image_extension(name: bytes | str) -> bool:
    return extension(name) in IMAGE_EXTENSIONS


def is_sidecar(name: bytes | str) -> bool:
    """Sidecars are never images, whatever they hold: a .thm is a JPEG beside its film."""
    return extension(name) in SIDECAR_EXTENSIONS


def sniff(header: bytes, *, hint: str = "") -> Format | None:
    """By content. `hint` is the file's extension: it decides among one maker's RAW families only.

    Give the whole file where it is at hand: a TIFF may keep its directory at the end.
    """
    return sniff_at(bytes_reader(header), hint=hint)


def sniff_at(read: ReadAt, *, hint: str = "") -> Format | None:
    """As `sniff`, for a source that can be read anywhere."""
    header = read(0, 64)
    for offset, magic, known in _MAGIC:
        if header.startswith(magic, offset):
            return known
    if header[4:8] == b"ftyp":
        return _iso_media(header, read)
    if header[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIU\0"):
        return _tiff_like(header, read, hint)
    if header[:2] == b"BM" and int.from_bytes(header[14:18], "little") in HEADER_BYTES:
        return Format.BMP
    if is_bare_bitmap(header):
        return Format.BMP
    return Format.PPM if _PNM.match(header) else None


def _iso_media(header: bytes, read: ReadAt) -> Format | None:
    length = min(int.from_bytes(header[:4], "big"), 256)
    box = read(0, length)
    brands = {box[8:12], *(box[start : start + 4] for start in range(16, len(box) - 3, 4))}
    if brands & _AVIF_BRANDS:
        return Format.AVIF
    return Format.HEIC if brands & _HEIF_BRANDS else None


def _tiff_like(header: bytes, read: ReadAt, hint: str) -> Format:
    if header[8:10] == b"CR":
        return Format.CR2
    if header[8:12] in (b"IIII", b"MMMM"):
        return Format.IIQ
    tiff = tiff_structure(read)
    first = tiff.first() if tiff else None
    if header[:4] == b"IIU\0":
        return _by_maker(first, hint) or Format.RW2
    if tiff is None or first is None:
        return Format.TIFF
    if _DNG_VERSION in first.values:
        return Format.DNG
    family = _by_maker(first, hint)
    if family is None:
        return Format.TIFF
    layers = [first, *tiff.subdirectories(first, _SUBIFDS)]
    # A RAW of an old maker may show no sign but its name (Kodak DC50: a thumbnail and MakerNotes).
    named_so = hint in family.extensions
    return family if named_so or any(map(_holds_sensor_data, layers)) else Format.TIFF


def _holds_sensor_data(layer: Directory) -> bool:
    return layer.integer(_PHOTOMETRIC) in (_CFA, _LINEAR_RAW) or _CFA_PATTERN in layer.values


def _by_maker(first: Directory | None, hint: str) -> Format | None:
    make = (first.text(_MAKE) or "").upper() if first else ""
    families = next((found for name, found in _MAKERS if make.startswith(name)), ())
    return next((f for f in families if hint in f.extensions), families[0] if families else None)
