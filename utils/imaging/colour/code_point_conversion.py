"""RGB of wide gamut or high dynamic range to sRGB, by the code points of ITU-T H.273.

Highlights are rolled off by the EETF of Report ITU-R BT.2390, on the brightest channel. It leads
from 1000 cd/m², where HLG is defined, to 203, the diffuse white of Report BT.2408: what is darker
than half of that white keeps its light, white ends a little below sRGB's, and 1000 cd/m² at it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from utils.imaging.colour.code_points import CodePoints

Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

_BAND_PIXELS = 256 * 1024  # at once: some 10 MB of intermediate values
_STEPS = 16_384  # of linear light: a fifth of a level of sRGB where that is steepest

_D65, _DCI_WHITE = (0.3127, 0.3290), (0.314, 0.351)
_BT_709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65)
_BT_601 = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)
# Red, green, blue and white as x and y (H.273, table 2). 2 is unspecified: taken for sRGB.
_PRIMARIES = {
    1: _BT_709,
    2: _BT_709,
    5: ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060), _D65),
    6: _BT_601,
    7: _BT_601,
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),  # BT.2020
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI_WHITE),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),  # Display P3
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
# BT.709's family describes cameras; its pictures are shown as sRGB's are.
_LIKE_SRGB = (1, 2, 6, 13, 14, 15)
_PQ, _HLG = 16, 18

_WHITE_NITS, _PEAK_NITS = 203.0, 1000.0
_HLG_SYSTEM_GAMMA = 1.2  # BT.2100, for that peak
_HLG_A = 0.17883277
_HLG_B, _HLG_C = 1 - 4 * _HLG_A, 0.5 - _HLG_A * np.log(4 * _HLG_A)
_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128  # SMPTE ST 2084
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """`light` is what each of the 256 levels stands for, `matrix` leads to sRGB's primaries.

    `gains` is what a pixel's light is multiplied by, by the level of its brightest channel: hues
    stay. None is 1.
    """

    light: npt.NDArray[np.float32]
    gains: npt.NDArray[np.float32] | None
    matrix: npt.NDArray[np.float32]

    def apply(self, image: Image.Image) -> Image.Image:
        """`image` is RGB, and so is what comes back; what sRGB cannot show is clipped."""
        pixels = np.asarray(image)
        shown = np.empty_like(pixels)
        rows = max(1, _BAND_PIXELS // max(1, image.width))
        for top in range(0, image.height, rows):
            shown[top : top + rows] = self._shown(pixels[top : top + rows])
        return Image.fromarray(shown)

    def _shown(self, band: Bytes) -> Bytes:
        light = self.light[band]
        if self.gains is not None:
            light *= self.gains[band.max(axis=-1)][..., None]
        light = light @ self.matrix
        return srgb_levels(light.clip(0, 1))


def srgb_levels(light: npt.NDArray[np.float32]) -> Bytes:
    """Of linear light from 0 to 1."""
    steps = np.rint(light * _STEPS).astype(np.uint16)
    levels: Bytes = _encoded_steps()[steps]
    return levels


@lru_cache(maxsize=64)
def conversion(points: CodePoints) -> Conversion | None:
    """None where it would change nothing, or where the code points are not supported."""
    if points.primaries not in _PRIMARIES or points.transfer not in _TRANSFERS:
        return None
    primaries = _PRIMARIES[points.primaries]
    if points.transfer in _LIKE_SRGB and primaries == _BT_709 and points.full_range:
        return None
    levels = np.arange(256) / 255
    if not points.full_range:
        levels = ((levels * 255 - 16) / 219).clip(0, 1)
    light = _TRANSFERS[points.transfer](levels)
    gains = None
    if points.transfer in (_PQ, _HLG):
        nits = light if points.transfer == _PQ else _PEAK_NITS * light**_HLG_SYSTEM_GAMMA
        shown = _rolled_off(nits) / _WHITE_NITS
        gains = np.divide(shown, light, out=np.zeros_like(light), where=light > 0)
    matrix = np.linalg.inv(_to_xyz(_BT_709)) @ _to_xyz(primaries)
    return Conversion(
        light.astype(np.float32),
        None if gains is None else gains.astype(np.float32),
        matrix.T.astype(np.float32),
    )


def has_conversion(points: CodePoints) -> bool:
    """Whether both code points are specified and supported."""
    numbers = (points.primaries, points.transfer)
    return 2 not in numbers and numbers[0] in _PRIMARIES and numbers[1] in _TRANSFERS


def _to_xyz(space: tuple[tuple[float, float], ...]) -> Floats:
    """From linear RGB to XYZ under D65 (Bradford), for columns."""
    columns = np.array([(x, y, 1 - x - y) for x, y in space[:3]]).T
    white, d65 = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in (space[3], _D65))
    matrix = columns * np.linalg.solve(columns, white)
    adapted = np.diag(_BRADFORD @ d65 / (_BRADFORD @ white))
    under_d65: Floats = np.linalg.inv(_BRADFORD) @ adapted @ _BRADFORD @ matrix
    return under_d65


def _rolled_off(nits: Floats) -> Floats:
    """From a display of 1000 to one of 203 cd/m²."""
    peak = _pq_signal(np.array(_PEAK_NITS))
    signal = np.minimum(_pq_signal(nits) / peak, 1.0)
    most = _pq_signal(np.array(_WHITE_NITS)) / peak
    knee = 1.5 * most - 0.5
    t = (signal - knee) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (-2 * t**3 + 3 * t**2) * most
    )
    return _pq_nits(np.where(signal < knee, signal, spline) * peak)


def _pq_nits(signal: Floats) -> Floats:
    power = signal ** (1 / _PQ_M2)
    return 10_000 * (np.maximum(power - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * power)) ** (1 / _PQ_M1)


def _pq_signal(nits: Floats) -> Floats:
    power = (nits / 10_000) ** _PQ_M1
    signal: Floats = ((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2
    return signal


def _hlg_scene(signal: Floats) -> Floats:
    """The scene's light, 1 at the most that a camera can record."""
    bright = (np.exp((signal - _HLG_C) / _HLG_A) + _HLG_B) / 12
    return np.where(signal <= 0.5, signal**2 / 3, bright)


def _srgb_light(signal: Floats) -> Floats:
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=1)
def _encoded_steps() -> Bytes:
    """sRGB's level of each step of light."""
    light = np.arange(_STEPS + 1) / _STEPS
    signal = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    levels: Bytes = np.rint(signal * 255).astype(np.uint8)
    return levels


_TRANSFERS: dict[int, Callable[[Floats], Floats]] = {
    **dict.fromkeys(_LIKE_SRGB, _srgb_light),
    4: lambda signal: signal**2.2,
    5: lambda signal: signal**2.8,
    8: lambda signal: signal,
    _PQ: _pq_nits,
    _HLG: _hlg_scene,
}
