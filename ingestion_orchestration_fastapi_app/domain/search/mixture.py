"""One vector out of several, liked and disliked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ingestion_orchestration_fastapi_app.domain.library.point import Vector

_LEAST_SUM = 1e-3  # of unit vectors: what is left below is rounding, and points anywhere
_LEAST_NORM = 1e-30  # of somebody's own vector, however small its numbers are


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
    return unit_of(summed, least_norm=_LEAST_SUM)


def unit_of(
    numbers: Sequence[float] | npt.NDArray[np.float64], *, least_norm: float = _LEAST_NORM
) -> Vector | None:
    """None where they have no direction."""
    wide = np.asarray(numbers, dtype=np.float64)
    norm = float(np.linalg.norm(wide))
    if not np.isfinite(norm) or norm < least_norm:
        return None
    return np.asarray(wide / norm, dtype=np.float32)
