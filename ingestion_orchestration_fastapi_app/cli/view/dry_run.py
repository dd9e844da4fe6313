"""What a dry run found, for people: counts, reasons, time and space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ingestion_orchestration_fastapi_app.cli.view.text import escaped_name, one_line
from utils.contract import JobReport, ReportFinding

DRY_RUN = "dry_run"
SHOWN_EXAMPLES = 3


def dry_run_lines(report: JobReport) -> list[str]:
    """Empty where it has not come to its end."""
    if not report.numbers:
        return []
    lines = [_counts_text(report.numbers), _time_text(report.figures), _space_text(report.numbers)]
    for one in report.findings:
        lines += _finding_lines(one)
    return lines


def _counts_text(numbers: Mapping[str, int]) -> str:
    def told(name: str) -> str:
        return f"{numbers.get(name, 0):,}"

    is_whole = numbers.get("looked_into", 0) == numbers.get("to_open", 0)
    return (
        f"An import would find {told('found')} files ({told('new')} new, {told('changed')} "
        f"changed, {told('unchanged')} unchanged): {told('embedded')} to embed, {told('cached')} "
        f"known by content, {told('skipped')} no images, {told('failed')} that fail"
        + ("" if is_whole else f", told from {told('looked_into')} that were opened")
        + f". Of {told('missing')} known images the files are gone: --sync forgets them."
    )


def _time_text(figures: Mapping[str, float]) -> str:
    low_s, high_s = figures.get("seconds_low"), figures.get("seconds_high")
    if low_s is None:
        return "Time: nobody can tell before an import was measured."
    if high_s is None:
        return f"Time: {_clock(low_s)} at least; more can be told when an import was measured."
    return f"Time: {_clock(low_s)} to {_clock(high_s)}."


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _space_text(numbers: Mapping[str, int]) -> str:
    def megabytes(name: str) -> str:
        return f"{numbers.get(name, 0) / 1e6:,.1f} MB"

    return (
        f"Space: {megabytes('bytes_needed')} of {megabytes('bytes_free')} free, of which "
        f"{megabytes('bytes_kept_free')} stay free."
    )


def _finding_lines(finding: ReportFinding) -> Iterator[str]:
    yield f"{one_line(finding.finding)}: {finding.count:,}"
    shown = finding.examples[:SHOWN_EXAMPLES]
    for example in shown:
        detail = f" ({one_line(example.detail)})" if example.detail else ""
        yield f"  {escaped_name(example.path)}{detail}"
    if finding.count > len(shown):
        yield f"  and {finding.count - len(shown):,} more"
