"""What a job of a kind that looks for something has found: counts, and a few examples of each."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import JsonValue, TypeAdapter

EXAMPLES = 20  # of each finding


@dataclass(frozen=True, slots=True)
class Example:
    """`path` is empty where nobody knows one, `point_id` where there is none."""

    path: str = ""
    point_id: str = ""
    detail: str = ""


@dataclass(slots=True)
class Finding:
    """`mended`: of so many all is well again, or will be after the next import."""

    count: int = 0
    mended: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """`numbers`: what was looked at. `findings`: by what is wrong. `figures`: what was measured.
    `about`: what it was measured with.
    """

    numbers: dict[str, int] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)

    def add(self, finding: str, example: Example) -> None:
        found = self.findings.setdefault(finding, Finding())
        found.count += 1
        if len(found.examples) < EXAMPLES:
            found.examples.append(example)

    def mended(self, finding: str, count: int) -> None:
        self.findings[finding].mended += count

    def json(self) -> dict[str, JsonValue]:
        dumped: dict[str, JsonValue] = _REPORT.dump_python(self, mode="json")
        return dumped


_REPORT = TypeAdapter(Report)


def report_of(kept: JsonValue) -> Report:
    """An empty one of a job that keeps none."""
    return Report() if kept is None else _REPORT.validate_python(kept)
