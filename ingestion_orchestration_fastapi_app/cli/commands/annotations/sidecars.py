"""`photoseek sidecars`: own ratings, favourites and tags are written beside the pictures."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, call, collection_name
from ingestion_orchestration_fastapi_app.cli.filter_options import with_filters
from ingestion_orchestration_fastapi_app.cli.view.followed import Wait, reported
from ingestion_orchestration_fastapi_app.cli.view.output import Json
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
    wait: Wait = True,
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
        ended = await reported(api, accepted, console, wait=wait, json=json)
        return 1 if ended is not None and ended[1].findings else 0

    call(run, url)
