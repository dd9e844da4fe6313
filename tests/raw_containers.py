"""Headers and containers of RAW families, built as their specifications lay them out.

The layouts are documented by LibRaw's identification, ExifTool's tables and, for CR3,
github.com/lclevy/canon_cr3. None holds sensor data.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from PIL import Image

from tests.picture_files import encoded, scene, tiff_directory, xmp
from utils.imaging.formats import Format

Made = Callable[[], bytes]

CFA, MAKE, PHOTOMETRIC = 32803, 271, 262
ORIGINAL, EXPOSURE, APERTURE, ISO, FOCAL_LENGTH = 36867, 33434, 33437, 34855, 37386
_CR3_MAIN = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_CR3_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return (8 + len(body)).to_bytes(4) + kind + body


def tiff(values: dict[int, object], *, exif: dict[int, object] | None = None) -> bytes:
    """A TIFF structure of metadata alone."""
    made = Image.Exif()
    made.update(values)
    if exif:
        made.get_ifd(0x8769).update(exif)
    return made.tobytes().removeprefix(b"Exif\0\0")


def camera(make: str, model: str) -> dict[int, object]:
    return {MAKE: make, 272: model}


def exposure() -> dict[int, object]:
    return {
        ORIGINAL: "2021:03:04 12:00:05",
        EXPOSURE: 0.004,
        APERTURE: 5.6,
        ISO: 400,
        FOCAL_LENGTH: 50.0,
    }


def cr3() -> bytes:
    """Canon: ISO boxes, with a TIFF structure each for camera, exposure, maker and place."""
    place: dict[int, object] = {1: "S", 2: (33.0, 30.0, 36.0), 3: "W", 4: (33.0, 30.0, 36.0)}
    inside = box(
        b"uuid",
        _CR3_MAIN,
        box(b"CNCV", b"CanonCR3_001/00.11.00/00.00.00"),
        box(b"CTBO", (1).to_bytes(4), bytes(20)),
        box(b"CMT1", tiff(camera("Canon", "Canon EOS R6"))),
        box(b"CMT2", tiff(exposure())),
        box(b"CMT3", tiff({1: 7})),
        box(b"CMT4", tiff(place)),
    )
    start = box(b"ftyp", b"crx \0\0\0\x01crx isom")
    packet = box(b"uuid", _CR3_XMP, xmp(title="A title", rating=4))
    return start + box(b"moov", inside) + packet + box(b"mdat", bytes(64))


def raf() -> bytes:
    """Fujifilm: a directory of places at 84, the first of a JPEG that carries the metadata."""
    jpeg = encoded(
        scene(64, 48),
        exif=b"Exif\0\0" + tiff(camera("FUJIFILM", "X-T5"), exif=exposure()),
        xmp=xmp(title="A title", rating=4),
    )
    head = b"FUJIFILMCCD-RAW 0201FF129502" + b"X-T5".ljust(32, b"\0") + b"0100" + bytes(20)
    start = 148
    places = struct.pack(">6I", start, len(jpeg), start + len(jpeg), 256, start + len(jpeg), 256)
    return (head + places).ljust(start, b"\0") + jpeg + bytes(512)


def mrw() -> bytes:
    """Minolta: blocks, of which PRD is the sensor's and TTW a TIFF structure."""
    prd = (
        b"27730001"
        + struct.pack(">4H", 2456, 3280, 2456, 3280)
        + bytes((12, 12, 0x59, 1, 0, 0, 0, 1))
    )
    ttw = tiff(camera("KONICA MINOLTA", "DYNAX 5D"), exif=exposure())
    blocks = b"".join(
        b"\0" + name + len(body).to_bytes(4) + body
        for name, body in ((b"PRD", prd), (b"TTW", ttw), (b"WBG", bytes(12)), (b"PAD", bytes(8)))
    )
    return b"\0MRM" + len(blocks).to_bytes(4) + blocks + bytes(512)


def x3f() -> bytes:
    """Sigma: a header with version, identifier and size; the directory's place at the end."""
    head = b"FOVb" + struct.pack("<I", 0x0002_0003) + bytes(16) + struct.pack("<IIII", 0, 64, 48, 0)
    directory = b"SECd" + struct.pack("<II", 0x0002_0000, 0)
    return head.ljust(264, b"\0") + directory + struct.pack("<I", 264)


def _big_endian(entries: dict[int, int], *, magic: bytes) -> bytes:
    fields = b"".join(struct.pack(">HHII", tag, 4, 1, n) for tag, n in sorted(entries.items()))
    return magic + struct.pack(">IH", 8, len(entries)) + fields + bytes(4)


def by_maker(make: bytes) -> Made:
    """A TIFF whose pixels are a sensor's."""
    return lambda: tiff_directory({PHOTOMETRIC: CFA, MAKE: make})


def _behind(start: bytes) -> Made:
    """A TIFF's first directory behind a mark that follows its place."""
    return lambda: start + tiff_directory({PHOTOMETRIC: CFA, MAKE: b"x"})[8:]


# What each file is, its extension where that decides, and how it is made.
CONTAINERS: dict[str, tuple[Format, str, Made]] = {
    "DNG": (Format.DNG, "", lambda: tiff_directory({PHOTOMETRIC: CFA, 50706: 0x401})),
    "NEF": (Format.NEF, "", by_maker(b"NIKON CORPORATION")),
    "NRW": (Format.NRW, "nrw", by_maker(b"NIKON")),
    "CR2": (Format.CR2, "", _behind(b"II*\0\x10\0\0\0CR\2\0\0\0\0\0")),
    "CR2 of a 1D": (Format.CR2, "", by_maker(b"Canon")),
    "CR3": (Format.CR3, "", cr3),
    "CRW": (Format.CRW, "", lambda: b"II\x1a\0\0\0HEAPCCDR\2\0" + bytes(64)),
    "ARW": (Format.ARW, "", by_maker(b"SONY")),
    "SR2": (Format.SR2, "sr2", by_maker(b"SONY")),
    "RAF": (Format.RAF, "", raf),
    "ORF": (Format.ORF, "", lambda: tiff_directory({MAKE: b"OLYMPUS"}, magic=b"IIRO")),
    "ORF, older": (Format.ORF, "", lambda: tiff_directory({MAKE: b"OLYMPUS"}, magic=b"IIRS")),
    "ORF, big-endian": (Format.ORF, "", lambda: _big_endian({256: 64}, magic=b"MMOR")),
    "RW2": (Format.RW2, "", lambda: tiff_directory({MAKE: b"Panasonic"}, magic=b"IIU\0")),
    "RWL": (Format.RWL, "", lambda: tiff_directory({MAKE: b"LEICA"}, magic=b"IIU\0")),
    "RWL as a TIFF": (Format.RWL, "", by_maker(b"Leica Camera AG")),
    "PEF": (Format.PEF, "", by_maker(b"PENTAX Corporation")),
    "PEF of Ricoh": (Format.PEF, "", by_maker(b"RICOH IMAGING COMPANY, LTD.")),
    "SRW": (Format.SRW, "", by_maker(b"SAMSUNG")),
    "3FR": (Format.HASSELBLAD_3FR, "", by_maker(b"Hasselblad")),
    "FFF": (Format.FFF, "", by_maker(b"Imacon")),
    "FFF of Hasselblad": (Format.FFF, "fff", by_maker(b"Hasselblad")),
    "IIQ": (Format.IIQ, "", _behind(b"II*\0\x10\0\0\0IIII\1\0\0\0")),
    "IIQ, big-endian": (Format.IIQ, "", lambda: b"MM\0*\0\0\0\x10MMMM\0\0\0\1" + bytes(64)),
    "IIQ by its maker": (Format.IIQ, "", by_maker(b"Phase One A/S")),
    "MRW": (Format.MRW, "", mrw),
    "KDC": (Format.KDC, "kdc", by_maker(b"EASTMAN KODAK COMPANY")),
    "DCR": (Format.DCR, "", by_maker(b"Kodak")),
    "ERF": (Format.ERF, "", by_maker(b"SEIKO EPSON CORP.")),
    "MEF": (Format.MEF, "", by_maker(b"Mamiya-OP Co.,Ltd.")),
    "MOS": (Format.MOS, "", by_maker(b"Leaf")),
    "X3F": (Format.X3F, "", x3f),
}
