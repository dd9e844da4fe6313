"""What each least relevance would keep, and the one that may be proposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingestion_orchestration_fastapi_app.domain.evaluation.figures import cut_off_of
from ingestion_orchestration_fastapi_app.domain.search.relevance.noise import LIMIT

KEPT = 0.98  # of hits that fit
LEAST_HITS = 50  # that fit: of fewer the last two in a hundred are not known
_LEAST = 50  # in hundredths: below it noise is expected to have a picture as good
_MOST = int(100 * LIMIT)  # above it a text that finds something may be left without its best


@dataclass(slots=True)
class Cuts:
    """How often each relevance was, in hundredths, rounded down.

    `fits` and `others` are hits among the first ten of a text, as it was said whether they fit; of
    a text that is said to find nothing they count as 0. `nonsense`: the best hit of each.
    """

    fits: dict[int, int] = field(default_factory=dict)
    others: dict[int, int] = field(default_factory=dict)
    nonsense: dict[int, int] = field(default_factory=dict)

    def add(
        self, relevances: Sequence[float], fits: Sequence[bool], *, finds_nothing: bool
    ) -> None:
        for relevance, is_fit in zip(relevances, fits, strict=True):
            counted = self.fits if is_fit else self.others
            _count(counted, 0.0 if finds_nothing else relevance)

    def add_nonsense(self, best: float) -> None:
        _count(self.nonsense, best)

    def suggested(self) -> float | None:
        """The highest that keeps KEPT of the hits that fit; None where none from a half on does."""
        there = sum(self.fits.values())
        if there < LEAST_HITS:
            return None
        for least in range(_MOST, _LEAST - 1, -1):
            if _from(self.fits, least) >= KEPT * there:
                return least / 100
        return None

    def figures(self) -> dict[str, float]:
        suggested = self.suggested()
        if suggested is None:
            return {}
        least = round(100 * suggested)
        kept = _from(self.fits, least)
        cut = cut_off_of(
            kept=kept + _from(self.others, least), fits=sum(self.fits.values()), both=kept
        )
        found = {
            "suggested cut": suggested,
            "suggested cut: precision": cut.precision,
            "suggested cut: recall": cut.recall,
        }
        if self.nonsense:
            passed = _from(self.nonsense, least) / sum(self.nonsense.values())
            found["suggested cut: nonsense that passes"] = passed
        return found


def _count(counted: dict[int, int], relevance: float) -> None:
    at = int(100 * relevance)
    counted[at] = counted.get(at, 0) + 1


def _from(counted: dict[int, int], least: int) -> int:
    return sum(number for at, number in counted.items() if at >= least)
