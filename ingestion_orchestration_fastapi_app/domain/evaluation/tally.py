"""What an evaluation has counted so far: kept with its position, made into figures at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingestion_orchestration_fastapi_app.domain.evaluation.asked import AskedText
from ingestion_orchestration_fastapi_app.domain.evaluation.cuts import Cuts
from ingestion_orchestration_fastapi_app.domain.evaluation.figures import (
    DEPTHS,
    cut_off_of,
    recall_of,
)
from ingestion_orchestration_fastapi_app.domain.search.templates import help_a_model

ALL, SHORT = "all", "short"


@dataclass(slots=True)
class Templated:
    """Short texts as they are, and by templates: whether their first hit fits.

    `gained` and `lost`: where it does with templates alone, and without them alone. `nonsense`
    that templates are for, and how much of it was `rejected` with them.
    """

    texts: int = 0
    plain: int = 0
    gained: int = 0
    lost: int = 0
    nonsense: int = 0
    rejected: int = 0

    @property
    def helps(self) -> bool:
        return help_a_model(gained=self.gained, lost=self.lost)

    def add(self, *, plain: bool, templated: bool) -> None:
        self.texts += 1
        self.plain += plain
        self.gained += templated and not plain
        self.lost += plain and not templated

    def figures(self) -> dict[str, float]:
        found: dict[str, float] = {}
        if self.texts:
            with_them = self.plain + self.gained - self.lost
            found["templates: precision at 1 without"] = self.plain / self.texts
            found["templates: precision at 1 with"] = with_them / self.texts
            found["templates: they help"] = float(self.helps)
        if self.nonsense:
            found["templates: nonsense rejected"] = self.rejected / self.nonsense
        return found


@dataclass(slots=True)
class Tally:
    """`ranks`: how often each rank, by group of texts (all, short ones,
    of a language, of images that were read in one way). `hits`,
    `kept`, `fits`, `kept_and_fits`: of the first ten of each text. `same`: of those that an exact
    search has first, how many the index gave. `fused`: at each of DEPTHS, how many texts found an
    image that fits by meaning and words.
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
    cuts: Cuts = field(default_factory=Cuts)
    templated: Templated = field(default_factory=Templated)
    fused: dict[int, int] = field(default_factory=dict)
    fused_texts: int = 0

    def add_rank(self, text: AskedText, rank: int, *, pixel_source: str) -> None:
        groups = [ALL, f"pixel source {pixel_source}", *([SHORT] if text.is_short else [])]
        groups += [f"language {text.language}"] if text.language else []
        for group in groups:
            counted = self.ranks.setdefault(group, {})
            counted[rank] = counted.get(rank, 0) + 1

    def add_fused(self, fits: Sequence[bool]) -> None:
        """Of the first ten of one text, by meaning and words."""
        self.fused_texts += 1
        for depth in DEPTHS:
            self.fused[depth] = self.fused.get(depth, 0) + any(fits[:depth])

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
        found |= self.cuts.figures()
        if self.nonsense:
            found["nonsense rejected"] = self.rejected / self.nonsense
        if self.fused_texts:
            found |= {
                f"hybrid: recall at {depth}": self.fused[depth] / self.fused_texts
                for depth in DEPTHS
            }
        found |= self.templated.figures()
        return {name: round(figure, 4) for name, figure in found.items()}
