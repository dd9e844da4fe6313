"""Makes DNG whose pixels were demosaiced already: linear ones, and JPEG-compressed ("lossy") ones.

As Adobe's converter writes them: 16 bit of linear light in strips, or 8 bit in JPEG tiles that a
table turns into light. No preview.
"""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image

from tests.picture_files import encoded

LINEAR_RAW, LOSSY_JPEG = 34892, 34892  # of PhotometricInterpretation, of Compression
_COLOUR_MATRIX = (32406, -15372, -4986, -9689, 18758, 415, 557, -2040, 10570)
_TILE_PX = 128
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SRATIONAL = 1, 2, 3, 4, 5, 10
_PACKED = {_BYTE: "B", _ASCII: "B", _SHORT: "H", _LONG: "I", _RATIONAL: "I", _SRATIONAL: "i"}

_Entries = dict[int, tuple[int, tuple[int, ...]]]


def linear_dng(picture: Image.Image, *, orientation: int = 1) -> bytes:
    """`picture` is what the sensor saw, before it is turned."""
    light = np.rint(_light() * 65_535).astype("<u2")[np.asarray(picture.convert("RGB"))]
    entries = _common(picture.size, orientation, bits=16, version=(1, 1, 0, 0))
    entries |= {
        259: (_SHORT, (1,)),
        278: (_LONG, (picture.height,)),
        50717: (_LONG, (65_535,) * 3),
    }
    return _file(entries, (273, 279), [light.tobytes()])


def lossy_dng(picture: Image.Image, *, orientation: int = 1) -> bytes:
    """The same as baseline JPEG in tiles, 8 bit, with a LinearizationTable."""
    width, height = picture.size
    tiles = [
        encoded(
            picture.convert("RGB").crop((x, y, x + _TILE_PX, y + _TILE_PX)),
            quality=95,
            subsampling=0,
        )
        for y in range(0, height, _TILE_PX)
        for x in range(0, width, _TILE_PX)
    ]
    table = tuple(int(one) for one in np.rint(_light() * 65_535))
    entries = _common(picture.size, orientation, bits=8, version=(1, 4, 0, 0))
    entries |= {
        259: (_SHORT, (LOSSY_JPEG,)),
        322: (_LONG, (_TILE_PX,)),
        323: (_LONG, (_TILE_PX,)),
        50712: (_SHORT, table),
        50717: (_LONG, (65_535,) * 3),
    }
    return _file(entries, (324, 325), tiles)


def _light() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Of sRGB's 256 levels."""
    steps = np.arange(256) / 255
    return np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)


def _common(
    size: tuple[int, int], orientation: int, *, bits: int, version: tuple[int, ...]
) -> _Entries:
    matrix = tuple(number for part in _COLOUR_MATRIX for number in (part, 10_000))
    return {
        254: (_LONG, (0,)),
        256: (_LONG, (size[0],)),
        257: (_LONG, (size[1],)),
        258: (_SHORT, (bits,) * 3),
        262: (_SHORT, (LINEAR_RAW,)),
        271: (_ASCII, tuple(b"Photoseek\0")),
        272: (_ASCII, tuple(b"Shape Camera\0")),
        274: (_SHORT, (orientation,)),
        277: (_SHORT, (3,)),
        284: (_SHORT, (1,)),
        50706: (_BYTE, (1, 4, 0, 0)),
        50707: (_BYTE, version),
        50708: (_ASCII, tuple(b"Photoseek Shape Camera\0")),
        50721: (_SRATIONAL, matrix),
        50728: (_RATIONAL, (1, 1) * 3),
        50778: (_SHORT, (21,)),
    }


def _file(entries: _Entries, tags: tuple[int, int], pieces: list[bytes]) -> bytes:
    """One directory, its values, then the pixels, whose places and lengths the two tags say."""
    lengths = tuple(map(len, pieces))

    def header(places: tuple[int, ...]) -> bytes:
        whole = {**entries, tags[0]: (_LONG, places), tags[1]: (_LONG, lengths)}
        at, directory, values = 8 + 2 + 12 * len(whole) + 4, b"", b""
        for tag, (kind, numbers) in sorted(whole.items()):
            packed = struct.pack(f"<{len(numbers)}{_PACKED[kind]}", *numbers)
            count = len(numbers) // (2 if kind in (_RATIONAL, _SRATIONAL) else 1)
            inline = packed.ljust(4, b"\0")
            if len(packed) > 4:
                inline = struct.pack("<I", at + len(values))
                values += packed.ljust(-(-len(packed) // 2) * 2, b"\0")
            directory += struct.pack("<HHI", tag, kind, count) + inline
        head = struct.pack("<2sHIH", b"II", 42, 8, len(whole))
        return head + directory + bytes(4) + values

    start = len(header(lengths))
    places = tuple(start + sum(lengths[:index]) for index in range(len(lengths)))
    return header(places) + b"".join(pieces)
