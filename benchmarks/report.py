"""What every benchmark has in common: `--json`, a folder that goes, targets, the table.

A benchmark is a function from its options and an empty folder to a `Report`:

    def measure(options: argparse.Namespace, folder: Path) -> Report:
        ...
        return Report(
            title=f"{options.count} things",
            columns=("what", "ms an image"),  # the first is text, the others are figures
            rows=[("this", "1.5")],
            targets=[Target("times faster than that", wanted=2.0, measured=2.4)],
            figures={"rows": [asdict(row) for row in rows]},  # for --json, whatever json can say
        )

    if __name__ == "__main__":
        parser = parser_of("name", __doc__)  # of `photoseek bench name`
        parser.add_argument("--count", type=int, default=25)
        run(parser, measure)

With --json one object is printed: `machine`, the figures, and `targets` with what was `met`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.machine import Machine, this_machine
from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem
from ingestion_orchestration_fastapi_app.cli.up.launcher import LaunchFailed
from utils.web.logs import setup_logging


class BenchmarkFailed(Exception):
    """What was to be measured did not happen."""


@dataclass(frozen=True, slots=True)
class Target:
    """`at_most`: the less, the better."""

    what: str
    wanted: float
    measured: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.measured <= self.wanted if self.at_most else self.measured >= self.wanted

    def __str__(self) -> str:
        bound = "at most " if self.at_most else ""
        verdict = "met" if self.met else "missed"
        return f"{self.what}: {self.measured:,.2f} (target {bound}{self.wanted:,g}, {verdict})"


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    targets: Sequence[Target] = ()
    figures: Mapping[str, object] = field(default_factory=dict)


def parser_of(name: str, doc: str | None) -> argparse.ArgumentParser:
    """With `--json`, which `run` obeys."""
    parser = argparse.ArgumentParser(
        prog=f"photoseek bench {name}", description=doc.splitlines()[0] if doc else None
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def run(
    parser: argparse.ArgumentParser, measure: Callable[[argparse.Namespace, Path], Report]
) -> None:
    """Parses the command line, measures, prints. Exits with 1 when the measurement failed."""
    options = parser.parse_args()
    setup_logging("WARNING")  # to stderr: what is printed is the report
    machine = this_machine()
    with tempfile.TemporaryDirectory(prefix="photoseek-bench-") as folder:
        try:
            report = measure(options, Path(folder))
        except (BenchmarkFailed, LaunchFailed, ApiProblem) as failure:
            sys.exit(f"Not measured: {failure}")
        tell = _print_json if options.json else _print_table
        tell(machine, report)  # before the folder goes, which can take minutes


def _print_json(machine: Machine, report: Report) -> None:
    targets = [{**asdict(target), "met": target.met} for target in report.targets]
    said = {"machine": asdict(machine), **report.figures, "targets": targets}
    print(json.dumps(said, indent=1), flush=True)


def _print_table(machine: Machine, report: Report) -> None:
    table = Table(title=report.title)
    for number, column in enumerate(report.columns):
        table.add_column(column, justify="right" if number else "left")
    for row in report.rows:
        table.add_row(*row)
    console = Console()
    console.print(str(machine))
    console.print(table)
    for target in report.targets:
        console.print(str(target))
