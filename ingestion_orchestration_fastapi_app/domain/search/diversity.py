"""An order in which each picture is unlike those before it: maximal marginal relevance.

Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and
Producing Summaries", SIGIR 1998.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ingestion_orchestration_fastapi_app.domain.library.point import Vector

RELEVANCE_SHARE = 0.5  # the paper's lambda: more shows near copies before other pictures


def diverse_order(
    scores: Sequence[float], vectors: Sequence[Vector], *, relevance_share: float = RELEVANCE_SHARE
) -> list[int]:
    """Places of all candidates, the first chosen first. 1 is the order of scores, 0 only variety.

    A choice is the best of `share * relevance - (1 - share) * likeness`, where likeness is the
    cosine to the most alike of those that were chosen. Relevance is the score scaled to 0..1
    over the candidates: a text's cosine to pictures lies in a narrow band far below that of
    pictures to one another. Ties go to whoever stands first.
    """
    if not scores:
        return []
    relevance = _scaled(np.asarray(scores, dtype=np.float64))
    rows = np.stack(vectors).astype(np.float32)
    likeness = np.full(len(scores), -np.inf)
    open_places = np.ones(len(scores), dtype=bool)
    chosen: list[int] = []
    for _ in scores:
        unlike = np.zeros(len(scores)) if not chosen else likeness
        gain = relevance_share * relevance - (1 - relevance_share) * unlike
        best = int(np.argmax(np.where(open_places, gain, -np.inf)))
        chosen.append(best)
        open_places[best] = False
        likeness = np.maximum(likeness, rows @ rows[best])
    return chosen


def _scaled(
    scores: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    low, high = float(scores.min()), float(scores.max())
    if high == low:
        return np.ones_like(scores)
    scaled: np.ndarray[tuple[int], np.dtype[np.float64]] = (scores - low) / (high - low)
    return scaled
