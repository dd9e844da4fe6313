"""What a dry run has met: files by what the import would make of them, and a few of each."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from ingestion_orchestration_fastapi_app.domain.dry_run.forecast import scaled
from ingestion_orchestration_fastapi_app.domain.dry_run.sample import Fate, Sample
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.jobs.reports import EXAMPLES, Example, Finding

MOST_REASONS = 40  # of each outcome, by name
OTHER = "other"


@dataclass(slots=True)
class Tally:
    """`known` are files that the import would not open, by outcome and reason; `opened`, those that
    it would, by why. Each is counted; only what becomes of the opened is told from a sample.
    """

    known: Counter[tuple[Outcome, str]] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    examples: defaultdict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))

    def add_known(self, outcome: Outcome, reason: str) -> None:
        self.known[outcome, self._named(outcome, reason)] += 1

    def _named(self, outcome: Outcome, reason: str) -> str:
        known = {one for of, one in self.known if of is outcome}
        return reason if reason in known or len(known) < MOST_REASONS else OTHER

    def show(self, finding: str, path: str, detail: str = "") -> None:
        """An example of a finding, while there are few."""
        if len(self.examples[finding]) < EXAMPLES:
            self.examples[finding].append(Example(path, detail=detail))

    def outcomes(self, sample: Sample) -> Counter[tuple[Outcome, str]]:
        """Of all files, by outcome and reason. They add up to what was found."""
        told = scaled(_told(sample), self.opened.total())
        outcomes = self.known.copy()
        for name, files in told.items():
            outcome, _, reason = name.partition(":")
            outcomes[Outcome(outcome), reason] += files
        return outcomes

    def numbers(self, sample: Sample) -> dict[str, int]:
        by_outcome: Counter[Outcome] = Counter()
        for (outcome, _), files in self.outcomes(sample).items():
            by_outcome[outcome] += files
        ends = [one for one in Outcome if one is not Outcome.PENDING]
        return {
            "found": by_outcome.total(),
            **{str(one): by_outcome[one] for one in ends},
            **{name: self.opened[name] for name in OPENED},
            "to_open": self.opened.total(),
            "looked_into": len(sample.opened),
            "missing": self.missing,
        }

    def findings(self, sample: Sample) -> dict[str, Finding]:
        """What is new, changed and missing; what is skipped or fails, by reason."""
        counts = Counter(self.opened)
        counts["missing"] = self.missing
        for (outcome, reason), files in self.outcomes(sample).items():
            if outcome in (Outcome.SKIPPED, Outcome.FAILED):
                counts[reason_of(outcome, reason)] += files
        return {
            name: Finding(files, examples=self.examples.get(name, []))
            for name, files in counts.items()
            if files
        }


NEW, CHANGED, AGAIN = "new", "changed", "opened_again"
OPENED = (NEW, CHANGED, AGAIN)


def reason_of(outcome: Outcome, reason: str) -> str:
    """The finding's name."""
    return f"{outcome}: {reason}"


def _told(sample: Sample) -> dict[str, int]:
    """Of the files that were opened, by outcome and reason. Of copies one is embedded, as of what
    is in flight: the others then know its content.
    """
    told: Counter[str] = Counter()
    embedded: set[bytes] = set()
    for one in sample.opened.values():
        if one.fate is not Fate.IMAGE:
            told[f"{Outcome(one.fate.value)}:{one.reason}"] += 1
        elif one.is_cached or one.key in embedded:
            told[f"{Outcome.CACHED}:"] += 1
        else:
            embedded.add(one.key)
            told[f"{Outcome.EMBEDDED}:"] += 1
    return told
