"""`photoseek sidecars`: own ratings, favourites and tags are written beside the pictures."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, call, collection_name
from ingestion_orchestration_fastapi_app.cli.filter_options import with_filters
from ingestion_orchestration_fastapi_app.cli.view.output import Json, print_json, print_plain
from ingestion_orchestration_fastapi_app.cli.view.progress import (
    accepted_text,
    check_completed,
    follow,
    report,
)
from utils.contract import FilterSpec
from utils.contract.annotations.sidecars import LabelName, SidecarRequest

sidecars = typer.Typer(
    help="Write what is said of pictures beside them, for other programs.", no_args_is_help=True
)


@sidecars.callback()
def _sidecars() -> None:
    """Write what is said of pictures beside them, for other programs."""


@sidecars.command()
@with_filters
def write(
    collection: Annotated[
        str, typer.Argument(metavar="COLLECTION", callback=collection_name, help="Its name.")
    ] = "default",
    label: Annotated[
        LabelName | None, typer.Option(help="The colour label of favourites that have none.")
    ] = "Red",
    url: Url = None,
    *,
    no_label: Annotated[
        bool, typer.Option("--no-label", help="Favourites get no colour label.")
    ] = False,
    captions: Annotated[
        bool, typer.Option("--captions", help="Captions, too, of images without a description.")
    ] = False,
    skip_read_only: Annotated[
        bool,
        typer.Option("--skip-read-only", help="Leave out folders that cannot be written to."),
    ] = False,
    filters: FilterSpec,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Show progress until the job ends.")
    ] = True,
    json: Json = False,
) -> None:
    """Write own ratings, favourites and tags into XMP sidecars, as other programs read them.

    No picture is written to, and what others keep in a sidecar stays. The exit status is 1 where
    something was refused. With --json: the report, or with --no-wait the job as it was accepted.
    """
    request = SidecarRequest(
        collection=collection,
        filters=filters,
        captions=captions,
        label=None if no_label else label,
        skip_read_only=skip_read_only,
    )

    async def run(api: OrchestratorApi, console: Console) -> int:
        accepted = await api.write_sidecars(request)
        if not wait:
            if json:
                print_json(console, accepted.model_dump(mode="json"))
            else:
                print_plain(console, accepted_text(accepted.job_id))
            return 0
        job = await follow(api, accepted.job_id, Console(stderr=True) if json else console)
        found = await api.get_job_report(job.job_id)
        if json:
            print_json(console, found.model_dump(mode="json"))
        else:
            await report(api, job, console)
        check_completed(job)
        return 1 if found.findings else 0

    call(run, url)
