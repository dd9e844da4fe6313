"""What a command does with a job that it has started: waits, and shows how it ended."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.view.output import print_json, print_plain
from ingestion_orchestration_fastapi_app.cli.view.progress import (
    accepted_text,
    check_completed,
    follow,
    report,
)
from utils.contract import IngestAccepted, JobReply, JobReport

Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Show progress until the job ends.")]


async def followed(
    api: OrchestratorApi, accepted: IngestAccepted, console: Console, *, wait: bool, json: bool
) -> JobReply | None:
    """The job as it ended. None where nobody waits for it: what was accepted is shown then."""
    if wait:
        return await follow(api, accepted.job_id, Console(stderr=True) if json else console)
    if json:
        print_json(console, accepted.model_dump(mode="json"))
    else:
        print_plain(console, accepted_text(accepted.job_id))
    return None


async def reported(
    api: OrchestratorApi, accepted: IngestAccepted, console: Console, *, wait: bool, json: bool
) -> tuple[JobReply, JobReport] | None:
    """The same, and the job's report, which is shown. Raises ApiProblem as `check_completed`."""
    job = await followed(api, accepted, console, wait=wait, json=json)
    if job is None:
        return None
    found = await api.get_job_report(job.job_id)
    if json:
        print_json(console, found.model_dump(mode="json"))
    else:
        await report(api, job, console)
    check_completed(job)
    return job, found
