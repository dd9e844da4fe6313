"""EXIF's orientations as turns that follow each other."""

from __future__ import annotations

# Where (x, y) of the stored picture goes: ((a, b), (c, d)) means (a x + b y, c x + d y).
_Matrix = tuple[tuple[int, int], tuple[int, int]]
_MATRICES: dict[int, _Matrix] = {
    1: ((1, 0), (0, 1)),
    2: ((-1, 0), (0, 1)),
    3: ((-1, 0), (0, -1)),
    4: ((1, 0), (0, -1)),
    5: ((0, 1), (1, 0)),
    6: ((0, -1), (1, 0)),
    7: ((0, -1), (-1, 0)),
    8: ((0, 1), (-1, 0)),
}
_ORIENTATIONS = {matrix: number for number, matrix in _MATRICES.items()}


def further_turn(done: int, wanted: int) -> int:
    """The orientation that gives `wanted` of a picture to which `done` was applied. Each 1 to 8."""
    (a, b), (c, d) = _MATRICES[wanted]
    (p, q), (r, s) = _MATRICES[done]
    # Wanted times the inverse of done, which is its transpose.
    return _ORIENTATIONS[(a * p + b * q, a * r + b * s), (c * p + d * q, c * r + d * s)]
