"""Vectors as a CLIP model makes them, of which it is known what belongs together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import NeutralTexts
from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import Matrix

_SIGNAL = 0.87  # of what a picture shows, and of what a text says, in their vectors
_GAP = 0.8  # pictures lie in one cone, texts in another
_OWN_WAY = 0.08  # how far some texts are nearer to all pictures than others
_HUBS, _HUB = 0.02, 0.35  # that many pictures are that much nearer to all texts
_FOREIGN = 2000  # subjects that no picture has


@dataclass(frozen=True, slots=True)
class MadeWorld:
    """`subject_of` each picture; `queries` are of one subject each, which some pictures have."""

    pictures: Matrix
    subject_of: npt.NDArray[np.int64]
    neutral: NeutralTexts
    queries: Matrix
    subject_of_query: npt.NDArray[np.int64]
    nonsense: Matrix


class MadeModel:
    """One seed, one model: its cones and its subjects."""

    def __init__(self, seed: int, *, dim: int, subjects: int) -> None:
        self._random = np.random.default_rng(seed)
        self._dim = dim
        self._cones = self._directions(2)
        self._subjects = self._directions(subjects + _FOREIGN)

    def world(
        self, points: int, *, subjects: int, known: float, queries: int = 100, nonsense: int = 200
    ) -> MadeWorld:
        """`known`: the share of neutral sentences that say what some picture shows."""
        subject_of = self._random.integers(0, subjects, points)
        asked = self._random.integers(0, subjects, queries)
        foreign = self._random.integers(subjects, subjects + _FOREIGN, 430)
        said = np.where(
            self._random.random(430) < known, self._random.integers(0, subjects, 430), foreign
        )
        return MadeWorld(
            self.pictures(subject_of),
            subject_of,
            NeutralTexts("made", self.texts(said), self._nonsense(120)),
            self.texts(asked),
            asked,
            self._nonsense(nonsense),
        )

    def pictures(self, subject_of: npt.NDArray[np.int64]) -> Matrix:
        found = _unit(self._of(subject_of) + _GAP * self._cones[0])
        is_hub = self._random.random(len(found)) < _HUBS
        found[is_hub] = _unit(found[is_hub] + _HUB * self._cones[1])
        return found

    def texts(self, subjects: npt.NDArray[np.int64]) -> Matrix:
        return self._in_texts_cone(self._of(subjects))

    def _nonsense(self, number: int) -> Matrix:
        return self._in_texts_cone(self._directions(number))

    def _in_texts_cone(self, content: Matrix) -> Matrix:
        ways = self._normal((len(content), 2)) * _OWN_WAY
        cones = ways @ self._cones + _GAP * self._cones[1]
        return _unit(content + cones)

    def _of(self, subjects: npt.NDArray[np.int64]) -> Matrix:
        noise = self._directions(len(subjects)) * np.float32(np.sqrt(1 - _SIGNAL**2))
        return _unit(self._subjects[subjects] * np.float32(_SIGNAL) + noise)

    def _directions(self, number: int) -> Matrix:
        return _unit(self._normal((number, self._dim)))

    def _normal(self, shape: tuple[int, int]) -> Matrix:
        return self._random.standard_normal(shape, dtype=np.float32)


def _unit(vectors: Matrix) -> Matrix:
    found: Matrix = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return found
