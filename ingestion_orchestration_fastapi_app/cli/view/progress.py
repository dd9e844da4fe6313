"""Shows a job on a terminal: a live bar, or plain lines where the output is no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import anyio
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.program import called
from ingestion_orchestration_fastapi_app.cli.view.dry_run import DRY_RUN, dry_run_lines
from ingestion_orchestration_fastapi_app.cli.view.output import print_plain
from ingestion_orchestration_fastapi_app.cli.view.text import (
    escaped_name,
    is_unicode,
    one_line,
)
from utils.contract import FailureReply, JobReply, JobReport, JobState

INGEST = "ingest"
UNDO = "undo"  # it mends nothing
FINAL_STATES = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})
POLL_S = 0.25
PLAIN_LINE_EVERY_S = 5.0
SHOWN_FAILURES = 10


def done_count(job: JobReply) -> int:
    return job.counts.found - job.counts.pending if job.kind == INGEST else job.done


def found_count(job: JobReply) -> int:
    """Of how many; as far as it is known."""
    return job.counts.found if job.kind == INGEST else (job.total or job.done)


def eta_text(eta_s: float | None) -> str:
    """Minutes and seconds, with hours in front where there are any."""
    if eta_s is None:
        return "ETA unknown"
    minutes, seconds = divmod(round(eta_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"ETA {hours}:{minutes:02}:{seconds:02}" if hours else f"ETA {minutes}:{seconds:02}"


def progress_text(job: JobReply) -> str:
    """One line: state, files done of found, speed, failures, time to go."""
    total = f"{found_count(job):,}" + ("" if job.scan_complete else "+")
    parts = [f"{done_count(job):,} of {total} files", f"{job.rate_images_per_s:.1f} images/s"]
    parts.append(f"{job.counts.failed:,} failed")
    if job.state not in FINAL_STATES:
        parts.append(eta_text(job.eta_s))
    state = job.state.value if job.reason is None else f"{job.state.value} ({one_line(job.reason)})"
    return f"{state}: " + ", ".join(parts)


def accepted_text(job_id: str) -> str:
    return f"Job {job_id} accepted; see `{called('jobs', 'show', job_id)}`."


def check_completed(job: JobReply) -> None:
    """Raises ApiProblem with what ended a job before its work was done."""
    if job.state is not JobState.COMPLETED or job.reason_code is not None:
        raise ApiProblem(job.reason or f"The job is {job.state.value}.", code=job.reason_code)


def summary_text(job: JobReply) -> str:
    counts = job.counts
    if job.kind != INGEST:
        return f"Job {job.job_id} {job.state.value}: {done_count(job):,} files looked at."
    return (
        f"Job {job.job_id} {job.state.value}: {counts.found:,} files found, "
        f"{counts.embedded:,} embedded, {counts.cached:,} known by content, "
        f"{counts.unchanged:,} unchanged, {counts.skipped:,} no images, {counts.failed:,} failed"
        + (f", {counts.pending:,} not done" if counts.pending else "")
        + (f", {job.removed:,} removed" if job.removed else "")
        + (f", {job.links_skipped:,} links passed over" if job.links_skipped else "")
        + "."
    )


class JobView:
    """`show` each state that is polled. A context manager: leaving it ends the live bar."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._since_line_s = PLAIN_LINE_EVERY_S
        self._last_line = ""
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        if console.is_terminal:
            self._bar = Progress(
                SpinnerColumn("dots" if is_unicode(console.file) else "line"),
                BarColumn(bar_width=24),
                TextColumn("{task.description}", markup=False),
                console=console,
                transient=True,
            )
            self._task = self._bar.add_task("starting", total=None)

    def __enter__(self) -> JobView:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, job: JobReply, *, passed_s: float) -> None:
        """`passed_s`: since the last call. Plain lines come when the state changes, or seldom."""
        line = progress_text(job)
        if self._bar is not None and self._task is not None:
            total = found_count(job) if job.scan_complete else None
            self._bar.update(self._task, description=line, total=total, completed=done_count(job))
            return
        self._since_line_s += passed_s
        state_changed = line.split(":")[0] != self._last_line.split(":")[0]
        if state_changed or (self._since_line_s >= PLAIN_LINE_EVERY_S and line != self._last_line):
            print_plain(self._console, line)
            self._since_line_s, self._last_line = 0.0, line


async def follow(api: OrchestratorApi, job_id: str, console: Console) -> JobReply:
    """Shows the job until it is final and returns it as it ended."""
    with JobView(console) as view:
        while True:
            job = await api.get_job(job_id)
            view.show(job, passed_s=POLL_S)
            if job.state in FINAL_STATES:
                return job
            await anyio.sleep(POLL_S)


async def report(api: OrchestratorApi, job: JobReply, console: Console) -> None:
    """The end of a job: counts, warnings, and the first failures grouped by code."""
    print_plain(console, summary_text(job))
    for warning in job.warnings:
        print_plain(console, f"Warning: {one_line(warning)}", style="yellow")
    if job.kind != INGEST:
        found = await api.get_job_report(job.job_id)
        lines = dry_run_lines(found) if job.kind == DRY_RUN else report_lines(found)
        for line in lines:
            print_plain(console, line)
    if job.counts.failed:
        page = await api.list_job_failures(job.job_id, limit=500)
        for line in failure_lines(page.failures, job.errors_by_code):
            print_plain(console, line)
        print_plain(console, f"All failures: {called('jobs', 'failures', job.job_id)}")


def report_lines(report: JobReport) -> list[str]:
    """What was looked at; what is wrong, with some examples of it."""
    lines = [", ".join(f"{name} {count:,}" for name, count in report.numbers.items())]
    if not report.findings:
        return lines if report.kind == UNDO else [*lines, "Nothing is wrong."]
    for one in report.findings:
        mended = "" if report.kind == UNDO else f", {one.mended:,} of them mended"
        lines.append(f"{one.finding}: {one.count:,}{mended}")
        for example in one.examples[:SHOWN_FAILURES]:
            detail = f" ({one_line(example.detail)})" if example.detail else ""
            lines.append(f"  {escaped_name(example.path or example.point_id)}{detail}")
        if one.count > SHOWN_FAILURES:
            lines.append(f"  and {one.count - min(SHOWN_FAILURES, len(one.examples)):,} more")
    return [line for line in lines if line]


def failure_lines(failures: Sequence[FailureReply], totals: dict[str, int]) -> list[str]:
    """For each code its total and its first paths; codes that the page lacks show their total."""
    by_code = {
        str(code): list(group)
        for code, group in groupby(sorted(failures, key=attrgetter("code")), key=attrgetter("code"))
    }
    lines: list[str] = []
    for code in sorted({*totals, *by_code}):
        listed = by_code.get(code, [])
        total = max(totals.get(code, 0), len(listed))
        lines.append(f"{code}: {total:,}")
        shown = listed[:SHOWN_FAILURES]
        lines += [
            f"  {escaped_name(failure.path)} ({one_line(failure.detail)})" for failure in shown
        ]
        if total > len(shown):
            lines.append(f"  and {total - len(shown):,} more")
    return lines
