"""Figures of two evaluations side by side: of another precision, model, or version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RECALL_AT_1 = "recall at 1"


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure; None where an evaluation has not got it."""

    name: str
    before: float | None
    now: float | None

    @property
    def difference(self) -> float | None:
        if self.before is None or self.now is None:
            return None
        return round(self.now - self.before, 4)


def compared(before: Mapping[str, float], now: Mapping[str, float]) -> list[Compared]:
    """In the order of `now`; then what only the one before has."""
    names = [*now, *(name for name in before if name not in now)]
    return [Compared(name, before.get(name), now.get(name)) for name in names]


def lost_recall(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """How much of R@1 was lost, as a share of all texts; 0 where none was, or nobody can say."""
    difference = Compared(RECALL_AT_1, before.get(RECALL_AT_1), now.get(RECALL_AT_1)).difference
    return max(0.0, -(difference or 0.0))
