"""`photoseek jobs`: what is asked of a job."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, call
from ingestion_orchestration_fastapi_app.cli.progress import print_plain, progress_text

jobs = typer.Typer(
    help="Pause, resume or cancel a job, or try its failed files again.", no_args_is_help=True
)

JobId = Annotated[str, typer.Argument(metavar="ID", help="A job's id; `photoseek status` has it.")]


@jobs.command()
def pause(job_id: JobId, url: Url = None) -> None:
    """Let a job rest, also over a restart; later jobs of its collection wait."""
    _control(job_id, "pause", url)


@jobs.command()
def resume(job_id: JobId, url: Url = None) -> None:
    """Let a paused job go on where it was."""
    _control(job_id, "resume", url)


@jobs.command()
def cancel(job_id: JobId, url: Url = None) -> None:
    """End a job for good; what it has done stays."""
    _control(job_id, "cancel", url)


@jobs.command("retry-failed")
def retry_failed(job_id: JobId, url: Url = None) -> None:
    """Start a job that opens exactly the files that failed in an ended one."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        accepted = await api.retry_failed(job_id)
        print_plain(console, f"Job {accepted.job_id} accepted; see `photoseek status`.")
        return 0

    call(run, url)


def _control(job_id: str, action: str, url: str | None) -> None:
    async def run(api: OrchestratorApi, console: Console) -> int:
        job = await api.control(job_id, action)
        print_plain(console, f"Job {job.job_id} {progress_text(job)}")
        return 0

    call(run, url)
