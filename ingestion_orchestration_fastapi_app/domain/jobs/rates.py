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


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds until nothing is pending, at the speed of now, and the range it may come to."""

    likely_s: float
    low_s: float
    high_s: float


MARGIN = 0.1  # of a speed that has been steady so far


def eta(
    pending: int, *, recent_rate: float, average_rate: float, scan_complete: bool
) -> Eta | None:
    """None while the total or the speed is unknown. Rates are of files that had to be opened.

    The range spans the speed of the last seconds and that of the whole run, with a margin.
    """
    if not scan_complete or recent_rate <= 0:
        return None
    rates = [rate for rate in (recent_rate, average_rate) if rate > 0]
    return Eta(
        likely_s=pending / recent_rate,
        low_s=pending / max(rates) * (1 - MARGIN),
        high_s=pending / min(rates) * (1 + MARGIN),
    )


INFERENCE = "embed"  # the stage that waits for the other service
MIN_SHARE = 0.05


def busy_shares(
    stages: Mapping[str, float],
    workers: Mapping[str, int],
    *,
    elapsed_s: float,
    inference_s: float,
) -> dict[str, float]:
    """By stage: the share of the time for which its workers were busy, 1 where all always were.

    `stages` are seconds summed over workers; `inference_s` those with a batch under way, however
    many at once.
    """
    if elapsed_s <= 0:
        return {}
    shares = {name: busy_s / (elapsed_s * workers.get(name, 1)) for name, busy_s in stages.items()}
    if inference_s > 0 or INFERENCE in stages:
        shares[INFERENCE] = inference_s / elapsed_s
    return {name: min(1.0, share) for name, share in shares.items()}


def bottleneck(shares: Mapping[str, float], workers: Mapping[str, int]) -> str | None:
    """One plain sentence about the stage whose workers were busy the longest; None at the start."""
    inference = shares.get(INFERENCE, 0.0)
    others = {name: share for name, share in shares.items() if name != INFERENCE}
    name = max(others, key=lambda stage: others[stage], default=INFERENCE)
    if max(others.get(name, 0.0), inference) < MIN_SHARE:
        return None
    if others.get(name, 0.0) <= inference:
        return f"inference-bound: a batch was under way {_percent(inference)} of the time"
    of = workers.get(name, 1)
    busy = max(1, round(others[name] * of))
    return (
        f"{name}-bound: {busy} of {of} {'worker' if of == 1 else 'workers'} busy, "
        f"inference idle {_percent(1 - inference)}"
    )


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
