"""What a job says of its speed: images/s, time left, and which stage holds it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RECENT_S = 20.0


@dataclass(frozen=True, slots=True)
class Mark:
    """At `at_s` (monotonic), `images` had been settled in all."""

    at_s: float
    images: int


def recent_rate(marks: Sequence[Mark], *, now_s: float) -> float:
    """Images/s over the last `RECENT_S`, 0 while there is nothing to compare. Oldest mark first."""
    recent = [mark for mark in marks if now_s - mark.at_s <= RECENT_S]
    if len(recent) < 2:
        return 0.0
    elapsed_s = max(now_s - recent[0].at_s, 1e-3)
    return (recent[-1].images - recent[0].images) / elapsed_s


def eta_s(pending: int, rate: float, *, scan_complete: bool) -> float | None:
    """None while the total or the speed is unknown."""
    if not scan_complete or rate <= 0:
        return None
    return pending / rate


def bottleneck(
    stages: Mapping[str, float], workers: Mapping[str, int], *, elapsed_s: float
) -> str | None:
    """One plain sentence about the stage whose workers were busy the longest; None at the start."""
    if elapsed_s <= 0 or not stages:
        return None
    shares = {
        name: seconds / (elapsed_s * max(1, workers.get(name, 1)))
        for name, seconds in stages.items()
    }
    name = max(shares, key=lambda stage: shares[stage])
    share = min(1.0, shares[name])
    if share < 0.05:
        return None
    of = workers.get(name, 1)
    return f"{name}-bound: {of} {'worker' if of == 1 else 'workers'}, {share:.0%} busy"
