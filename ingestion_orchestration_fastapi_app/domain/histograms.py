"""What can be told of numbers that were only counted by buckets."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isinf


def quantile(counts: Mapping[float, float], share: float) -> float | None:
    """About how large the number is which so great a share of all do not pass. None of no number.

    `counts`: for each bound how many numbers are not above it, as Prometheus counts them; `inf`
    is among the bounds. Within a bucket they are taken to lie evenly; what lies beyond the last
    bound counts as that.
    """
    total = counts.get(inf, 0.0)
    if total <= 0:
        return None
    wanted = share * total
    low, below = 0.0, 0.0
    for bound, count in sorted(counts.items()):
        if count >= wanted:
            if isinf(bound):
                return low
            return low + (bound - low) * (wanted - below) / (count - below)
        low, below = bound, count
    return low
