"""Figures of an evaluation: how far down what was asked for stands, and what a cut costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.floating]
DEPTHS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Recall:
    """Of `texts`: at each of DEPTHS, the share whose image is among so many. None of no text."""

    texts: int
    at: dict[int, float]
    median_rank: float | None


def rank_of(scores: Scores, fitting: Sequence[int]) -> int:
    """Of the best of the images that fit, from 1; `scores` are of all images, in their order.

    Of equal scores those that do not fit come first: a model that tells nothing apart is not
    taken for a good one.
    """
    best = scores[list(fitting)].max()
    others = np.delete(scores, list(fitting))
    return 1 + int(np.count_nonzero(others >= best))


def recall_of(ranks: Sequence[int]) -> Recall:
    if not ranks:
        return Recall(0, dict.fromkeys(DEPTHS, 0.0), None)
    at = {depth: sum(rank <= depth for rank in ranks) / len(ranks) for depth in DEPTHS}
    return Recall(len(ranks), at, float(median(ranks)))


@dataclass(frozen=True, slots=True)
class CutOff:
    """Hits that a cut keeps, against those that fit."""

    precision: float
    recall: float
    f1: float


def cut_off_of(*, kept: int, fits: int, both: int) -> CutOff:
    """From how many hits of all texts together are kept, fit, and do both."""
    precision = both / kept if kept else 0.0
    recall = both / fits if fits else 0.0
    return CutOff(precision, recall, 2 * precision * recall / (precision + recall) if both else 0.0)
