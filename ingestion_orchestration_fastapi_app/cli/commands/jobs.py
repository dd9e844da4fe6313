"""`photoseek jobs`: which there are, what failed in one, and what is asked of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, call
from ingestion_orchestration_fastapi_app.cli.program import called
from ingestion_orchestration_fastapi_app.cli.view.followed import Wait, reported
from ingestion_orchestration_fastapi_app.cli.view.output import (
    Form,
    Json,
    Null,
    form_of,
    print_json,
    print_plain,
    print_records,
    print_rows,
)
from ingestion_orchestration_fastapi_app.cli.view.progress import (
    FINAL_STATES,
    accepted_text,
    done_count,
    found_count,
    progress_text,
    report,
)
from ingestion_orchestration_fastapi_app.cli.view.text import escaped_name, file_name, one_line
from utils.contract import ErrorCode, JobReply, JobState

WHOLE_ID = 32
SHORT_ID = 8
LEAST_OF_ID = 4
SHOWN_CANDIDATES = 10
PAGE = 1000
JOB_COLUMNS = ("job", "kind", "state", "done", "failed", "directory")

jobs = typer.Typer(
    help="List jobs; look into one; pause, resume, cancel, undo it; try its failed files again."
)

JobId = Annotated[
    str,
    typer.Argument(
        metavar="ID", help=f"A job's id, or its beginning: {LEAST_OF_ID} characters or more."
    ),
]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="Most jobs, newest first.")]
States = Annotated[
    list[JobState] | None,
    typer.Option("--state", help="Only jobs in this state; may be given several times."),
]
Codes = Annotated[
    list[ErrorCode] | None,
    typer.Option(
        "--code",
        metavar="ERR_...",
        help="Only files that failed by this code; may be given several times.",
    ),
]
Of = Annotated[
    str | None, typer.Option("--collection", help="Only jobs of the collection of this name.")
]


@jobs.callback(invoke_without_command=True)
def _jobs(
    context: typer.Context,
    limit: Limit = 20,
    url: Url = None,
    *,
    state: States = None,
    collection: Of = None,
    json: Json = False,
    null: Null = False,
) -> None:
    if context.invoked_subcommand is None:
        list_jobs(limit, url, state=state, collection=collection, json=json, null=null)


@jobs.command("list")
def list_jobs(
    limit: Limit = 20,
    url: Url = None,
    *,
    state: States = None,
    collection: Of = None,
    json: Json = False,
    null: Null = False,
) -> None:
    """List the latest jobs; so does `jobs` alone."""
    form = form_of(json=json, null=null)

    async def run(api: OrchestratorApi, console: Console) -> int:
        listed = await api.list_jobs(limit=limit, states=state or (), collection=collection)
        if form is Form.JSON:
            print_json(console, listed.model_dump(mode="json"))
        else:
            short = console.is_terminal and form is Form.ROWS
            rows = [job_row(job, short=short) for job in listed.jobs]
            print_rows(console, form, JOB_COLUMNS, rows)
        return 0

    call(run, url)


@jobs.command()
def show(job_id: JobId, url: Url = None, *, json: Json = False) -> None:
    """Show one job: what it does or did, its warnings and its first failures."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        job = await api.get_job(await whole_id(api, job_id))
        if json:
            print_json(console, job.model_dump(mode="json"))
            return 0
        if job.directory_path:
            more = f" and {len(job.paths) - 1:,} more" if len(job.paths) > 1 else ""
            place = escaped_name(file_name(job.directory_path)) + more
            text = f"Directory {place}, into {job.collection}"
        else:
            text = f"{job.kind} of the collection {job.collection}"
        print_plain(console, text)
        if job.state not in FINAL_STATES:
            print_plain(console, progress_text(job))
        elif job.reason is not None:
            code = "" if job.reason_code is None else f"{job.reason_code}: "
            print_plain(console, f"It {job.state.value}: {code}{one_line(job.reason)}")
        await report(api, job, console)
        return 0

    call(run, url)


@jobs.command()
def failures(
    job_id: JobId,
    url: Url = None,
    *,
    code: Codes = None,
    json: Json = False,
    null: Null = False,
) -> None:
    """List every file of a job that failed: code, path and detail. With -0: only the paths."""
    form = form_of(json=json, null=null)

    async def run(api: OrchestratorApi, console: Console) -> int:
        whole, offset, found = await whole_id(api, job_id), 0, []
        while True:
            page = await api.list_job_failures(whole, limit=PAGE, offset=offset, codes=code or ())
            if form is Form.NULL:
                print_records(console, (file_name(one.path) for one in page.failures))
            elif form is Form.JSON:
                found += [one.model_dump(mode="json") for one in page.failures]
            else:
                rows = [(str(one.code), one.detail, file_name(one.path)) for one in page.failures]
                print_rows(console, form, ("code", "detail", "path"), rows)
            if page.next_offset is None:
                break
            offset = page.next_offset
        if form is Form.JSON:
            print_json(console, {"failures": found})
        return 0

    call(run, url)


@jobs.command()
def pause(job_id: JobId, url: Url = None, *, json: Json = False) -> None:
    """Let a job rest, also over a restart; later jobs of its collection wait."""
    _control(job_id, OrchestratorApi.pause_job, url, json=json)


@jobs.command()
def resume(job_id: JobId, url: Url = None, *, json: Json = False) -> None:
    """Let a paused job go on where it was."""
    _control(job_id, OrchestratorApi.resume_job, url, json=json)


@jobs.command()
def cancel(job_id: JobId, url: Url = None, *, json: Json = False) -> None:
    """End a job for good; what it has done stays."""
    _control(job_id, OrchestratorApi.cancel_job, url, json=json)


@jobs.command("retry-failed")
def retry_failed(job_id: JobId, url: Url = None, *, json: Json = False) -> None:
    """Start a job that opens exactly the files that failed in an ended one."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        accepted = await api.retry_failed(await whole_id(api, job_id))
        if json:
            print_json(console, accepted.model_dump(mode="json"))
        else:
            print_plain(console, accepted_text(accepted.job_id))
        return 0

    call(run, url)


@jobs.command()
def undo(
    job_id: JobId,
    url: Url = None,
    *,
    json: Json = False,
    wait: Wait = True,
) -> None:
    """Bring back the images that an import with --sync, or a watch, has removed.

    What is still not in its folder is removed again by the next one.
    """

    async def run(api: OrchestratorApi, console: Console) -> int:
        accepted = await api.undo_job(await whole_id(api, job_id))
        await reported(api, accepted, console, wait=wait, json=json)
        return 0

    call(run, url)


def job_row(job: JobReply, *, short: bool) -> tuple[str, ...]:
    """The cells of JOB_COLUMNS; `short` for people.

    Else the folder is its path alone, and the kind is left out: it would shift the columns that
    scripts count on.
    """
    state = job.state.value
    done, failed = f"{done_count(job):,} of {found_count(job):,}", f"{job.counts.failed:,}"
    if not short:
        return job.job_id, state, done, failed, file_name(job.directory_path)
    watched = " (watched)" if job.origin == "watch" else ""
    more = f" and {len(job.paths) - 1:,} more" if len(job.paths) > 1 else ""
    place = file_name(job.directory_path) + more + watched if job.directory_path else job.collection
    return job.job_id[:SHORT_ID], job.kind, state, done, failed, place


async def whole_id(api: OrchestratorApi, job_id: str) -> str:
    """The id of the one job whose id begins so.

    Raises:
        ApiProblem: none does, or several do.
    """
    wanted = job_id.strip().lower()
    if len(wanted) < LEAST_OF_ID or not wanted.isascii() or not wanted.isalnum():
        raise ApiProblem(
            f"{job_id!r} is no job's id, nor {LEAST_OF_ID} or more characters from its beginning; "
            f"`{called('jobs')}` lists them.",
            code=ErrorCode.JOB_NOT_FOUND,
        )
    if len(wanted) >= WHOLE_ID:
        return wanted
    found = (await api.list_jobs(limit=SHOWN_CANDIDATES, id_prefix=wanted)).jobs
    if len(found) == 1:
        return found[0].job_id
    if not found:
        raise ApiProblem(
            f"No job's id begins with {wanted}; `{called('jobs')}` lists them.",
            code=ErrorCode.JOB_NOT_FOUND,
        )
    lines = [
        f"  {job.job_id}  {job.state.value}  {escaped_name(file_name(job.directory_path))}"
        for job in found
    ]
    raise ApiProblem("\n".join([f"More than one job's id begins with {wanted}:", *lines]))


def _directory(job: JobReply) -> str:
    return escaped_name(file_name(job.directory_path))


def _control(
    job_id: str,
    action: Callable[[OrchestratorApi, str], Awaitable[JobReply]],
    url: str | None,
    *,
    json: bool,
) -> None:
    async def run(api: OrchestratorApi, console: Console) -> int:
        job = await action(api, await whole_id(api, job_id))
        if json:
            print_json(console, job.model_dump(mode="json"))
        else:
            print_plain(console, f"Job {job.job_id} {progress_text(job)}")
        return 0

    call(run, url)
