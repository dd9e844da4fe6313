"""ICC profiles made by hand, and what their colours are in sRGB by the textbook."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_D50 = (0.9642, 1.0, 0.8249)
# Of each primary, adapted to D50 (the columns of the matrix), as the profiles' makers round them.
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
DISPLAY_P3 = (
    (0.51512, 0.24120, -0.00105),
    (0.29198, 0.69225, 0.04189),
    (0.15710, 0.06657, 0.78407),
)
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
ADOBE_GAMMA = 563 / 256
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)

Primaries = Sequence[Sequence[float]]


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _curve(gamma: float | None) -> bytes:
    """None is sRGB's, a parametric curve."""
    if gamma is None:
        return b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + _fixed(*SRGB_CURVE)
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _text(name: str) -> bytes:
    encoded = name.encode("utf-16-be")
    return (
        b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded
    )


def _profile(kind: bytes, space: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, heap = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, body in tags.items():
        table += tag + struct.pack(">II", start + len(heap), len(body))
        heap += body.ljust(-(-len(body) // 4) * 4, b"\0")
    head = bytes(8) + struct.pack(">I", 0x04200000) + kind + space + pcs
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(*_D50)
    body = head.ljust(128, b"\0") + table + heap
    return struct.pack(">I", len(body)) + body[4:]


def rgb_profile(
    primaries: Primaries,
    gamma: float | None,
    *,
    name: str = "a profile",
    cicp: bytes | None = None,
) -> bytes:
    """`cicp`: primaries, transfer, matrix and range by the numbers of H.273."""
    tags = {b"desc": _text(name), b"cprt": _text("none"), b"wtpt": _xyz(_D50)}
    for letter, primary in zip("rgb", primaries, strict=True):
        tags[f"{letter}XYZ".encode()] = _xyz(primary)
        tags[f"{letter}TRC".encode()] = _curve(gamma)
    if cicp is not None:
        tags[b"cicp"] = b"cicp\0\0\0\0" + cicp
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def gray_profile(gamma: float) -> bytes:
    tags = {b"desc": _text("grey"), b"cprt": _text("none"), b"wtpt": _xyz(_D50)}
    return _profile(b"mntr", b"GRAY", b"XYZ ", {**tags, b"kTRC": _curve(gamma)})


def cmyk_profile() -> bytes:
    """Cyan alone is a medium grey (L* 50), black alone is black; the other inks do not print."""
    lightness = [
        100 * (0.5 if cyan else 1) * (not black)
        for cyan in (0, 1)
        for _magenta in (0, 1)
        for _yellow in (0, 1)
        for black in (0, 1)
    ]
    cells = b"".join(bytes((round(one * 2.55), 128, 128)) for one in lightness)
    straight = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table += straight * 4 + cells + straight * 3
    tags = {b"desc": _text("inks"), b"cprt": _text("none"), b"wtpt": _xyz(_D50)}
    return _profile(b"prtr", b"CMYK", b"Lab ", {**tags, b"A2B0": table, b"A2B1": table})


def in_srgb(
    pixels: npt.NDArray[np.uint8], primaries: Primaries, gamma: float | None
) -> npt.NDArray[np.float64]:
    """Shape (n, 3) both; what lies outside of sRGB is outside of 0 to 255."""
    values = pixels / 255.0
    linear = srgb_decoded(values) if gamma is None else values**gamma
    there = np.array(primaries).T @ linear.T
    return srgb_encoded((np.linalg.inv(np.array(SRGB).T) @ there).T) * 255


def srgb_decoded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def srgb_encoded(linear: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    curve = 1.055 * np.abs(linear) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, linear * 12.92, curve)
