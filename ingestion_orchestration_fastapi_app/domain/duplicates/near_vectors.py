"""Near vectors among many: by the axes that tell them apart best, exact all the same.

A projection never lengthens: what is further apart than wanted in some axes is so in all. So most
pairs are passed over by the first few of the axes, and the others are looked at by all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import Matrix

FIRST_AXES = 64
LEAST_AXES = 16
_ROUNDING = 1e-4  # of squared distances between unit vectors in float32
_AT_ONCE = 4096  # rows that are compared by all axes
_BLOCK_BYTES = 1 << 27
_BYTES_A_PAIR = 6  # a float32, and what it is compared to


@dataclass(frozen=True, slots=True)
class Axes:
    """Those in which a sample of vectors differs most, the first first. `axes`: (dim, kept)."""

    mean: Matrix
    axes: Matrix

    @classmethod
    def of(cls, sample: Matrix, *, most: int) -> Axes:
        """`sample`: shape (rows, dim)."""
        double = sample.astype(np.float64)
        mean = double.mean(axis=0)
        _, vectors = np.linalg.eigh((double - mean).T @ (double - mean))  # the least first
        kept = vectors[:, ::-1][:, : max(1, most)]
        return cls(mean.astype(np.float32), np.ascontiguousarray(kept, dtype=np.float32))

    @property
    def kept(self) -> int:
        return int(self.axes.shape[1])

    @property
    def are_all(self) -> bool:
        return bool(self.axes.shape[0] == self.axes.shape[1])

    def projected(self, vectors: Matrix) -> Matrix:
        found: Matrix = ((vectors - self.mean) @ self.axes).astype(np.float32)
        return found


def axes_held(images: int, dim: int, *, budget_bytes: int) -> int:
    """How many numbers of each vector fit into the memory."""
    return min(dim, max(LEAST_AXES, budget_bytes // (4 * max(1, images))))


def block_rows(images: int) -> int:
    """How many are compared with all at once, in bounded memory."""
    return max(1, min(1024, _BLOCK_BYTES // (_BYTES_A_PAIR * max(1, images))))


def squared_limit(min_cosine: float) -> float:
    """The squared distance of unit vectors with that cosine."""
    return 2.0 * (1.0 - min_cosine)


def may_be_near(
    held: Matrix, rows: npt.NDArray[np.int64], *, limit: float
) -> npt.NDArray[np.bool_]:
    """Of each of these rows, which rows from the first of them on may be within the squared
    distance: by the first axes. Blocking.
    """
    first = int(rows[0])
    axes = min(FIRST_AXES, held.shape[1])
    ours, theirs = held[rows, :axes], held[first:, :axes]
    apart = ours @ theirs.T
    apart *= -2
    apart += np.einsum("ij,ij->i", ours, ours)[:, None]
    apart += np.einsum("ij,ij->i", theirs, theirs)[None, :]
    near: npt.NDArray[np.bool_] = apart <= limit + _ROUNDING
    return near


def are_near(vector: Matrix, others: Matrix, *, limit: float, slack: bool) -> npt.NDArray[np.bool_]:
    """By all that is there of them; `slack`: where that is not all of the vectors."""
    most = limit + (_ROUNDING if slack else 1e-9)
    found = np.zeros(len(others), np.bool_)
    for start in range(0, len(others), _AT_ONCE):
        part = others[start : start + _AT_ONCE].astype(np.float64) - vector.astype(np.float64)
        found[start : start + _AT_ONCE] = np.einsum("ij,ij->i", part, part) <= most
    return found
