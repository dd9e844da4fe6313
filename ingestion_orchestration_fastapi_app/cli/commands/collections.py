"""`photoseek collections`: what is done to a whole collection."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, call, collection_name
from ingestion_orchestration_fastapi_app.cli.view.output import print_plain

collections = typer.Typer(help="Give a collection another name.", no_args_is_help=True)


@collections.command()
def rename(
    old: Annotated[
        str, typer.Argument(metavar="OLD", callback=collection_name, help="Its name now.")
    ],
    new: Annotated[
        str, typer.Argument(metavar="NEW", callback=collection_name, help="Its name from now on.")
    ],
    url: Url = None,
) -> None:
    """Give a collection another name. Its pictures keep their ids; a running import goes on."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        renamed = await api.rename_collection(old, new)
        print_plain(console, f"The collection {old} is called {renamed.name} now.")
        return 0

    call(run, url)
