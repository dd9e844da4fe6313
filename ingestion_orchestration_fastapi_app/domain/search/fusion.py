"""One order out of several: reciprocal rank fusion.

Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
Learning Methods", SIGIR 2009. It needs no scores that can be compared: a cosine and a BM25 cannot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

K = 60  # of the paper: how little the first of a list is ahead of the second
DEPTH = 100  # of a list, in which it says something of what another list found


def fused(
    *lists: Mapping[UUID, float],
    weights: Sequence[float] | None = None,
    k: int = K,
    depth: int = DEPTH,
) -> dict[UUID, float]:
    """The sum of `weight / (k + rank)` over the lists that hold an id, the best first, ties by id.

    A weight for each list; all are 1 unless they are told.

    Each list has its own scores, of which more is better. Equal scores share a rank, so that the
    other lists order what one of them cannot tell apart. Below `depth` an id counts by its best
    place alone: what is somewhere in two long lists is there by chance, and would pass what is the
    first of one.
    """
    found: defaultdict[UUID, list[tuple[int, float]]] = defaultdict(list)
    for scores, weight in zip(lists, weights or [1.0] * len(lists), strict=True):
        for point_id, rank in _ranks(scores).items():
            found[point_id].append((rank, weight / (k + rank)))
    sums = {
        one: sum(part for rank, part in places if rank <= depth) or max(part for _, part in places)
        for one, places in found.items()
    }
    return {one: sums[one] for one in sorted(sums, key=lambda one: (-sums[one], one))}


def _ranks(scores: Mapping[UUID, float]) -> dict[UUID, int]:
    """From 1; after three that share rank 2 comes 5."""
    ordered: Sequence[UUID] = sorted(scores, key=lambda one: -scores[one])
    ranks: dict[UUID, int] = {}
    for place, point_id in enumerate(ordered, start=1):
        before = ordered[place - 2] if place > 1 else None
        is_tie = before is not None and scores[before] == scores[point_id]
        ranks[point_id] = ranks[before] if is_tie and before is not None else place
    return ranks
