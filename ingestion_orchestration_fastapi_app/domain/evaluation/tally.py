"""What an evaluation has counted so far: kept with its position, made into figures at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingestion_orchestration_fastapi_app.domain.evaluation.asked import AskedText
from ingestion_orchestration_fastapi_app.domain.evaluation.figures import (
    DEPTHS,
    cut_off_of,
    recall_of,
)

ALL, SHORT = "all", "short"


@dataclass(slots=True)
class Tally:
    """`ranks`: how often each rank, by group of texts (all, short ones,
    of a language, of images that were read in one way). `hits`,
    `kept`, `fits`, `kept_and_fits`: of the first ten of each text. `same`: of those that an exact
    search has first, how many the index gave.
    """

    ranks: dict[str, dict[int, int]] = field(default_factory=dict)
    exact: int = 0
    same: int = 0
    judged: int = 0
    kept: int = 0
    fits: int = 0
    kept_and_fits: int = 0
    nonsense: int = 0
    rejected: int = 0

    def add_rank(self, text: AskedText, rank: int, *, pixel_source: str) -> None:
        groups = [ALL, f"pixel source {pixel_source}", *([SHORT] if text.is_short else [])]
        groups += [f"language {text.language}"] if text.language else []
        for group in groups:
            counted = self.ranks.setdefault(group, {})
            counted[rank] = counted.get(rank, 0) + 1

    def add_cut(self, kept: Sequence[bool], fits: Sequence[bool]) -> None:
        self.judged += 1
        self.kept += sum(kept)
        self.fits += sum(fits)
        self.kept_and_fits += sum(one and two for one, two in zip(kept, fits, strict=True))

    def figures(self) -> dict[str, float]:
        """By name: shares of 1, but for ranks. What nothing was counted of is left out."""
        found: dict[str, float] = {}
        for group, counted in sorted(self.ranks.items()):
            prefix = "" if group == ALL else f"{group}: "
            recall = recall_of(sorted(Counter(counted).elements()))
            if group == SHORT:
                found[f"{prefix}precision at 1"] = recall.at[1]
                continue
            found |= {f"{prefix}recall at {depth}": recall.at[depth] for depth in DEPTHS}
            if recall.median_rank is not None:
                found[f"{prefix}median rank"] = recall.median_rank
        if self.exact:
            found["indexed: recall of the exact first ten"] = self.same / self.exact
        if self.judged:
            cut = cut_off_of(kept=self.kept, fits=self.fits, both=self.kept_and_fits)
            found["cut at 0.5: precision"] = cut.precision
            found["cut at 0.5: recall"] = cut.recall
            found["cut at 0.5: F1"] = cut.f1
        if self.nonsense:
            found["nonsense rejected"] = self.rejected / self.nonsense
        return {name: round(figure, 4) for name, figure in found.items()}
