"""A 64-bit hash of what a picture shows: near for near pictures. The pHash of `imagehash`."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float64]

_SIDE_PX = 32
_KEPT = 8  # of each row and column: the coarse waves
_ANGLE = math.pi / (2 * _SIDE_PX)
# cos(k pi / 64), in the two steps of pocketfft. A picture of one colour has coefficients of nothing
# but rounding: hashes that are stored stay equal because each step rounds as scipy's does.
_COSINES = np.array(
    [
        *(math.cos(k * _ANGLE) for k in range(16)),
        *(
            math.cos(k * _ANGLE) * math.sin(16 * _ANGLE)
            - math.sin(k * _ANGLE) * math.cos(16 * _ANGLE)
            for k in range(16)
        ),
    ]
)
_LOW, _HIGH = _COSINES[1 : _SIDE_PX // 2], _COSINES[: _SIDE_PX // 2 : -1]


def perceptual_hash(image: Image.Image) -> int:
    """Unsigned. A bit says whether a coarse wave is stronger than the median of them."""
    small = image.convert("L").resize((_SIDE_PX, _SIDE_PX), Image.Resampling.LANCZOS)
    waves = _dct(_dct(np.asarray(small, np.float64).T).T)[:_KEPT, :_KEPT]
    return int.from_bytes(np.packbits(waves > np.median(waves)).tobytes())


def _dct(rows: Floats) -> Floats:
    """The DCT-II of each row of 32, as scipy.fftpack.dct gives it, to the last bit."""
    spectrum = np.empty((len(rows), _SIDE_PX // 2 + 1), np.complex128)
    even, odd = rows[:, 2::2], rows[:, 1:-1:2]
    spectrum.real[:, 1:-1] = even + odd
    spectrum.imag[:, 1:-1] = even - odd
    spectrum[:, 0], spectrum[:, -1] = 2 * rows[:, 0], 2 * rows[:, -1]
    waves = np.fft.irfft(spectrum, _SIDE_PX, norm="forward")
    low, high = waves[:, 1 : _SIDE_PX // 2], waves[:, : _SIDE_PX // 2 : -1]
    one = _LOW * high + _HIGH * low
    other = _LOW * low - _HIGH * high
    low[:], high[:] = 0.5 * (one + other), 0.5 * (one - other)
    waves[:, _SIDE_PX // 2] *= _COSINES[_SIDE_PX // 2]
    return waves
