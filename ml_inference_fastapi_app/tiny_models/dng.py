"""Writes a real DNG: a mosaic of a colour filter array, with or without an embedded JPEG.

TIFF's structure is packed here by hand: a library that writes it would encode the JPEG too, with a
codec package of its own.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import IO

import numpy as np
import numpy.typing as npt
from PIL import Image

_BLACK, _WHITE = 512, 16_383  # a 14-bit sensor
# XYZ (D65) to this camera, in ten thousandths. It sees linear sRGB: white needs no correction.
_COLOUR_MATRIX = (32406, -15372, -4986, -9689, 18758, 415, 557, -2040, 10570)
_MAKE, _MODEL = "Photoseek", "Shape Camera"

# TIFF's field types: the number it has in a file, and how one value is packed.
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SRATIONAL = (
    (1, "B"),
    (2, "s"),
    (3, "H"),
    (4, "I"),
    (5, "II"),
    (10, "ii"),
)
_HEADER = struct.pack("<2sHI", b"II", 42, 8)  # the first folder follows at once
_UPRIGHT, _UNCOMPRESSED, _JPEG, _YCBCR, _CFA = 1, 1, 7, 6, 32803


@dataclass(frozen=True, slots=True)
class _Field:
    tag: int
    kind: tuple[int, str]
    values: tuple[int, ...] | bytes

    def packed(self) -> bytes:
        if isinstance(self.values, bytes):
            return self.values
        per_value = len(self.kind[1])
        return struct.pack("<" + self.kind[1] * (len(self.values) // per_value), *self.values)

    def count(self) -> int:
        return len(self.values) // len(self.kind[1])


def write_dng(
    file: IO[bytes],
    picture: Image.Image,
    *,
    preview: bool = True,
    preview_px: int | None = None,
    orientation: int = _UPRIGHT,
    taken_at: datetime | None = None,
) -> None:
    """`picture` is what the sensor saw, before `orientation` (1 to 8) is applied.

    The embedded JPEG has `preview_px` as its longest side, or the picture's own, and is, as in
    most cameras, not oriented. An odd last row or column is cut off.
    """
    rgb = np.asarray(picture.convert("RGB"))
    mosaic = _mosaic(rgb[: len(rgb) // 2 * 2, : rgb.shape[1] // 2 * 2])
    camera = _camera(orientation, taken_at)
    raw_data = mosaic.astype("<u2").tobytes()
    if not preview:
        start = len(_HEADER) + len(_folder([*camera, *_raw(mosaic, 0)], at=len(_HEADER)))
        file.write(_HEADER + _folder([*camera, *_raw(mosaic, start)], at=len(_HEADER)) + raw_data)
        return
    small = picture.convert("RGB")
    if preview_px is not None:
        small.thumbnail((preview_px, preview_px), Image.Resampling.BICUBIC)
    encoded = io.BytesIO()
    small.save(encoded, "JPEG", quality=90)
    jpeg = encoded.getvalue() + b"\0" * (encoded.tell() % 2)  # offsets in TIFF are even

    def packed(raw_at: int, jpeg_at: int, mosaic_at: int) -> tuple[bytes, bytes]:
        first = [*camera, *_embedded(small, jpeg, jpeg_at), _Field(330, _LONG, (raw_at,))]
        return _folder(first, at=len(_HEADER)), _folder(_raw(mosaic, mosaic_at), at=raw_at)

    # Offsets do not change the folders' lengths: pack once to learn them, once to write them.
    first, second = packed(0, 0, 0)
    raw_at = len(_HEADER) + len(first)
    jpeg_at = raw_at + len(second)
    first, second = packed(raw_at, jpeg_at, jpeg_at + len(jpeg))
    file.write(_HEADER + first + second + jpeg + raw_data)


def _mosaic(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    """What a sensor under RGGB filters measures of these sRGB pixels."""
    steps = np.arange(256) / 255
    light = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    measured = np.round(_BLACK + light * (_WHITE - _BLACK)).astype(np.uint16)[rgb]
    mosaic: npt.NDArray[np.uint16] = measured[..., 1].copy()  # green, but for the next two lines
    mosaic[::2, ::2] = measured[::2, ::2, 0]
    mosaic[1::2, 1::2] = measured[1::2, 1::2, 2]
    return mosaic


def _camera(orientation: int, taken_at: datetime | None) -> list[_Field]:
    matrix = tuple(number for part in _COLOUR_MATRIX for number in (part, 10_000))
    fields = [
        _Field(271, _ASCII, f"{_MAKE}\0".encode()),
        _Field(272, _ASCII, f"{_MODEL}\0".encode()),
        _Field(274, _SHORT, (orientation,)),
        _Field(50706, _BYTE, (1, 4, 0, 0)),  # DNGVersion
        _Field(50707, _BYTE, (1, 1, 0, 0)),  # DNGBackwardVersion
        _Field(50708, _ASCII, f"{_MAKE} {_MODEL}\0".encode()),  # UniqueCameraModel
        _Field(50721, _SRATIONAL, matrix),  # ColorMatrix1
        _Field(50728, _RATIONAL, (1, 1) * 3),  # AsShotNeutral
        _Field(50778, _SHORT, (21,)),  # CalibrationIlluminant1: D65
    ]
    if taken_at is not None:
        # DateTimeOriginal, which TIFF/EP allows here without an EXIF folder.
        fields.append(_Field(36867, _ASCII, taken_at.strftime("%Y:%m:%d %H:%M:%S\0").encode()))
    return fields


def _embedded(picture: Image.Image, jpeg: bytes, at: int) -> list[_Field]:
    return [
        _Field(254, _LONG, (1,)),  # a reduced version of the picture
        _Field(258, _SHORT, (8, 8, 8)),
        _Field(530, _SHORT, (2, 2)),  # chroma subsampling, Pillow's default
        *_strip(picture.size, compression=_JPEG, photometric=_YCBCR, samples=3, at=at, n=len(jpeg)),
    ]


def _raw(mosaic: npt.NDArray[np.uint16], at: int) -> list[_Field]:
    height, width = mosaic.shape
    n = mosaic.nbytes
    return [
        _Field(254, _LONG, (0,)),  # the picture itself
        _Field(258, _SHORT, (16,)),
        _Field(33421, _SHORT, (2, 2)),  # CFARepeatPatternDim
        _Field(33422, _BYTE, (0, 1, 1, 2)),  # CFAPattern: RGGB
        _Field(50714, _SHORT, (_BLACK,)),
        _Field(50717, _SHORT, (_WHITE,)),
        *_strip(
            (width, height), compression=_UNCOMPRESSED, photometric=_CFA, samples=1, at=at, n=n
        ),
    ]


def _strip(
    size: tuple[int, int], *, compression: int, photometric: int, samples: int, at: int, n: int
) -> list[_Field]:
    """Pixels in one piece of n bytes."""
    return [
        _Field(256, _LONG, (size[0],)),
        _Field(257, _LONG, (size[1],)),
        _Field(259, _SHORT, (compression,)),
        _Field(262, _SHORT, (photometric,)),
        _Field(273, _LONG, (at,)),
        _Field(277, _SHORT, (samples,)),
        _Field(278, _LONG, (size[1],)),
        _Field(279, _LONG, (n,)),
        _Field(284, _SHORT, (1,)),
    ]


def _folder(fields: list[_Field], *, at: int) -> bytes:
    """An image file directory that starts `at` this offset, its long values behind it."""
    entries, values = b"", b""
    values_at = at + 2 + 12 * len(fields) + 4
    for entry in sorted(fields, key=lambda entry: entry.tag):  # TIFF wants them in order
        packed = entry.packed()
        if len(packed) > 4:
            packed += b"\0" * (len(packed) % 2)
            inline = struct.pack("<I", values_at + len(values))
            values += packed
        else:
            inline = packed.ljust(4, b"\0")
        entries += struct.pack("<HHI", entry.tag, entry.kind[0], entry.count()) + inline
    return struct.pack("<H", len(fields)) + entries + struct.pack("<I", 0) + values
