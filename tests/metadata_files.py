"""Makes the metadata that cameras and programs write: directories, segments, chunks and packets."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Mapping

from tests.picture_files import encoded, scene

PNG_START = b"\x89PNG\r\n\x1a\n"
EXIF_IFD, GPS_IFD, MAKER_NOTE = 34665, 34853, 37500
_CODES = {1: "B", 3: "H", 4: "I", 9: "i", 12: "d", 13: "I"}

Value = str | bytes | tuple[int, list[float]]  # text, undefined, or a type and its numbers


def directory(
    values: Mapping[int, Value], *, at: int, order: str = "<", following: bool = True
) -> bytes:
    """An IFD that lies `at` this offset of its structure, with its values behind it."""
    head, behind = b"", b""
    values_at = at + 2 + 12 * len(values) + (4 if following else 0)
    for tag, value in sorted(values.items()):
        kind, count, data = _coded(value, order)
        if len(data) > 4:
            inline = struct.pack(order + "I", values_at + len(behind))
            behind += data + bytes(len(data) % 2)
        else:
            inline = data.ljust(4, b"\0")
        head += struct.pack(order + "HHI", tag, kind, count) + inline
    counted = struct.pack(order + "H", len(values))
    return counted + head + (bytes(4) if following else b"") + behind


def _coded(value: Value, order: str) -> tuple[int, int, bytes]:
    if isinstance(value, str):
        data = value.encode() + b"\0"
        return 2, len(data), data
    if isinstance(value, bytes):
        return 7, len(value), value
    kind, numbers = value
    if kind in (5, 10):
        unknown = (0, 0)
        pairs = [
            part
            for number in numbers
            for part in (unknown if math.isnan(number) else (round(number * 1000), 1000))
        ]
        return (
            kind,
            len(numbers),
            struct.pack(f"{order}{len(pairs)}{'I' if kind == 5 else 'i'}", *pairs),
        )
    whole = [number if kind == 12 else int(number) for number in numbers]
    return kind, len(whole), struct.pack(f"{order}{len(whole)}{_CODES[kind]}", *whole)


def exif(
    main: Mapping[int, Value] | None = None,
    camera: Mapping[int, Value] | None = None,
    gps: Mapping[int, Value] | None = None,
    *,
    order: str = "<",
) -> bytes:
    """A structure of the main directory, EXIF's and GPS's."""
    first: dict[int, Value] = dict(main or {})
    if camera is not None:
        first[EXIF_IFD] = (4, [0])
    if gps is not None:
        first[GPS_IFD] = (4, [0])
    camera_at = 8 + len(directory(first, at=8, order=order))
    of_camera = b"" if camera is None else directory(camera, at=camera_at, order=order)
    gps_at = camera_at + len(of_camera)
    of_gps = b"" if gps is None else directory(gps, at=gps_at, order=order)
    if camera is not None:
        first[EXIF_IFD] = (4, [camera_at])
    if gps is not None:
        first[GPS_IFD] = (4, [gps_at])
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = mark + struct.pack(order + "I", 8)
    return head + directory(first, at=8, order=order) + of_camera + of_gps


def with_note(make: str, note: bytes, camera: Mapping[int, Value] | None = None) -> bytes:
    """A structure of a camera's make and its maker note, which begins at `note_at(make)`."""
    return exif({271: make}, {**(camera or {}), MAKER_NOTE: note})


def note_at(make: str, camera: Mapping[int, Value] | None = None) -> int:
    """Where the note of `with_note` lies, from the structure's first byte."""
    mark = b"where the note is"
    return with_note(make, mark, camera).index(mark)


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2) + content


def jpeg(*segments: bytes) -> bytes:
    """A picture with these segments before all others."""
    plain = encoded(scene(32, 24))
    return plain[:2] + b"".join(segments) + plain[2:]


def jpeg_with_exif(block: bytes) -> bytes:
    return jpeg(segment(0xE1, b"Exif\0\0" + block))


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def png(*chunks: bytes) -> bytes:
    """A picture with these chunks behind its header."""
    plain = encoded(scene(32, 24), "PNG")
    return plain[:33] + b"".join(chunks) + plain[33:]


def text_chunk(kind: str, keyword: str, value: bytes) -> bytes:
    """`kind`: tEXt, zTXt, iTXt or, packed, iTXz."""
    head = keyword.encode() + b"\0"
    bodies = {
        "tEXt": head + value,
        "zTXt": head + b"\0" + zlib.compress(value),
        "iTXt": head + b"\0\0\0\0" + value,
        "iTXz": head + b"\x01\0\0\0" + zlib.compress(value),
    }
    return chunk(b"iTXt" if kind == "iTXz" else kind.encode(), bodies[kind])


def raw_profile(name: str, content: bytes) -> bytes:
    """As ImageMagick writes it: a name, a length, lines of hexadecimals."""
    digits = content.hex()
    lines = [digits[at : at + 72] for at in range(0, len(digits), 72)]
    return f"\n{name}\n{len(content):8}\n".encode() + "\n".join(lines).encode() + b"\n"


def gif_with_xmp(packet: bytes) -> bytes:
    """With Adobe's tail, which lets readers that know only blocks find the end."""
    plain = encoded(scene(32, 24), "GIF")
    flags = plain[10]
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    tail = b"\x01" + bytes(range(0xFF, -1, -1)) + b"\0"
    return plain[:at] + b"\x21\xff\x0bXMP DataXMP" + packet + tail + plain[at:]


def iim(*fields: tuple[int, bytes], record: int = 2) -> bytes:
    return b"".join(
        b"\x1c" + bytes((record, number)) + len(value).to_bytes(2) + value
        for number, value in fields
    )


def resource(number: int, content: bytes) -> bytes:
    return (b"8BIM" + number.to_bytes(2) + b"\0\0" + len(content).to_bytes(4) + content) + bytes(
        len(content) % 2
    )


def jpeg_with_iptc(block: bytes) -> bytes:
    return jpeg(segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, block)))


def x3f(properties: Mapping[str, str], picture: bytes = b"") -> bytes:
    """Sigma's RAW: a header, properties in UTF-16, a picture, and the list of these sections."""
    letters, places = "", b""
    for name, value in properties.items():
        places += struct.pack("<2I", len(letters), len(letters) + len(name) + 1)
        letters += f"{name}\0{value}\0"
    head = struct.pack("<5I", 0x20000, len(properties), 0, 0, len(letters))
    section = b"SECp" + head + places + letters.encode("utf-16-le")
    shown = b"SECi" + struct.pack("<6I", 0x20000, 2, 18, 32, 24, 0) + picture
    start = b"FOVb" + struct.pack("<I", 0x20002) + bytes(228)
    data = start + section + bytes(len(section) % 2)
    picture_at = len(data)
    data += shown
    listed = [(len(start), len(section), b"PROP"), (picture_at, len(shown), b"IMA2")]
    entries = b"".join(struct.pack("<II4s", *each) for each in listed)
    directory_at = len(data)
    return (
        data
        + b"SECd"
        + struct.pack("<2I", 0x20000, 2)
        + entries
        + directory_at.to_bytes(4, "little")
    )
