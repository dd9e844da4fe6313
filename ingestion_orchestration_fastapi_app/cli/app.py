"""The `photoseek` command."""

from __future__ import annotations

import os
from typing import Annotated

import anyio
import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.bench import bench
from ingestion_orchestration_fastapi_app.cli.calls import (
    PASSED_ON,
    Url,
    call,
    load_settings,
    require_inference_parts,
    run_module,
)
from ingestion_orchestration_fastapi_app.cli.jobs import jobs
from ingestion_orchestration_fastapi_app.cli.progress import (
    follow,
    print_hits,
    print_plain,
    report,
)
from ingestion_orchestration_fastapi_app.cli.status import show_status
from ingestion_orchestration_fastapi_app.cli.up.run import Plan, demo_plan, up
from utils.contract import IngestRequest, JobState, SearchTextRequest

app = typer.Typer(
    help="Search your photos by meaning, on your own machines.\n\n"
    "Start with `photoseek up --photos DIR`, or see it at work with `photoseek up --demo`. "
    "The other commands talk to services that run already.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
models = typer.Typer(
    help="The models' weights: what is there, fetching it, checking it.", no_args_is_help=True
)
app.add_typer(models, name="models")
app.add_typer(jobs, name="jobs")
app.add_typer(bench, name="bench")

Collection = Annotated[str, typer.Option(help="Name of the collection.")]


@app.command("up")
def up_command(
    photos: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of photos to import.")
    ] = None,
    collection: Collection = "default",
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Draw some pictures and use the tiny model on them.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Stop after the import and the example searches.")
    ] = False,
) -> None:
    """Start both services, import photos, show a few searches, and serve until Ctrl-C.

    Run again on the same folder it only does what changed. Without --photos and --demo it
    only serves.
    """
    if demo and photos is not None:
        raise typer.BadParameter("--demo brings its own pictures: leave out --photos.")
    if photos is not None:
        photos = absolute(photos)
        if not os.path.isdir(photos):
            raise typer.BadParameter(f"{photos} is no folder.", param_hint="--photos")
    settings = load_settings()
    require_inference_parts()
    if demo:
        plan = demo_plan(settings, collection=collection, once=once)
    else:
        plan = Plan(settings, collection, photos=photos, once=once)
    raise typer.Exit(anyio.run(up, plan, Console(soft_wrap=False)))


@app.command()
def ingest(
    directory: Annotated[str, typer.Argument(metavar="DIR", help="Folder of photos to import.")],
    collection: Collection = "default",
    url: Url = None,
    *,
    recursive: Annotated[bool, typer.Option(help="Also what lies in folders below.")] = True,
    force: Annotated[
        bool, typer.Option("--force", help="Open every file again, changed or not.")
    ] = False,
    sync: Annotated[
        bool, typer.Option("--sync", help="Forget pictures whose files are gone.")
    ] = False,
    confirm_deletes: Annotated[
        bool, typer.Option("--confirm-deletes", help="With --sync: even if very many are gone.")
    ] = False,
    watch: Annotated[
        bool | None,
        typer.Option("--watch/--no-watch", help="Pick up changes from now on, or no longer."),
    ] = None,
    create: Annotated[
        bool, typer.Option("--create", help="Make the collection first, if it is new.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Show progress until the job ends.")
    ] = True,
) -> None:
    """Import a folder into a collection, and list the files that failed."""
    if confirm_deletes and not sync:
        raise typer.BadParameter("it means nothing without --sync", param_hint="--confirm-deletes")
    request = IngestRequest(
        directory_path=absolute(directory),
        collection=collection,
        recursive=recursive,
        force=force,
        sync=sync,
        confirm_deletes=confirm_deletes,
        watch=watch,
    )

    async def run(api: OrchestratorApi, console: Console) -> int:
        if create:
            await api.ensure_collection(collection)
        accepted = await api.ingest(request)
        if not wait:
            print_plain(console, f"Job {accepted.job_id} accepted; see `photoseek status`.")
            return 0
        job = await follow(api, accepted.job_id, console)
        await report(api, job, console)
        if job.state is JobState.COMPLETED and job.reason_code is None:
            return 0
        raise ApiProblem(job.reason or f"The job is {job.state.value}.", code=job.reason_code)

    call(run, url)


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="What the pictures should show.")],
    collection: Collection = "default",
    url: Url = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most results.")] = 10,
) -> None:
    """Find pictures by what they show: a table of score and path, best first."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        asked = SearchTextRequest(query=text, collection=collection, limit=limit)
        print_hits(console, await api.search_text(asked), query=text)
        return 0

    if not 1 <= len(text) <= 2000:
        raise typer.BadParameter("between 1 and 2000 characters", param_hint="TEXT")
    call(run, url)


@app.command()
def status(url: Url = None) -> None:
    """Show the services, the collections and the latest jobs."""
    call(show_status, url)


@models.command("list", context_settings=PASSED_ON)
def models_list(context: typer.Context) -> None:
    """List the models in the cache folder, and a few well-known choices. Options: --json."""
    run_models("list", context.args)


@models.command("pull", context_settings=PASSED_ON)
def models_pull(context: typer.Context) -> None:
    """Fetch the weights that CLIP_MODEL and CLIP_PRETRAINED name, once.

    Options: --model, --pretrained, --json.
    """
    run_models("pull", context.args)


@models.command("verify", context_settings=PASSED_ON)
def models_verify(context: typer.Context) -> None:
    """Load a model, embed a picture and a text, and say what it is.

    Options: --model, --pretrained, --json.
    """
    run_models("verify", context.args)


def run_models(action: str, options: list[str]) -> None:
    run_module("ml_inference_fastapi_app.models", [action, *options])


def absolute(path: str) -> str:
    """As the services need it: they may run in another folder.

    Raises:
        typer.BadParameter: JSON cannot carry the name.
    """
    real = os.path.realpath(os.path.expanduser(path))
    try:
        real.encode()
    except UnicodeEncodeError as exc:
        raise typer.BadParameter("a name that is not UTF-8; name the folder above it") from exc
    return real
