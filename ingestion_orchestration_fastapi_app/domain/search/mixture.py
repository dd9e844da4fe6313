"""One vector out of several, liked and disliked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ingestion_orchestration_fastapi_app.domain.library.point import Vector

_LEAST_NORM = 1e-3  # of the sum: what is left below is rounding, and points anywhere


def mixture(parts: Sequence[tuple[Vector, float]]) -> Vector | None:
    """The sum of unit vectors by their weights (below 0: disliked), of length 1.

    None where they cancel one another out. One alone that is liked stays as it is, bit by bit.
    """
    [(first, weight), *others] = parts
    if not others and weight > 0:
        return first
    total = sum(abs(weight) for _, weight in parts)
    summed = np.zeros(len(first))
    for vector, weight in parts:
        summed += vector.astype(np.float64) * (weight / total)
    return unit_of(summed.tolist())


def unit_of(
    numbers: Sequence[float] | Vector,
) -> Vector | None:
    """None where they have no direction."""
    wide = np.asarray(numbers, dtype=np.float64)
    norm = float(np.linalg.norm(wide))
    if not np.isfinite(norm) or norm < _LEAST_NORM:
        return None
    return np.asarray(wide / norm, dtype=np.float32)
