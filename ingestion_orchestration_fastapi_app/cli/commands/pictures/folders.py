"""`photoseek folders`: which folders of a collection are hidden."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Collection, Url, absolute, call
from ingestion_orchestration_fastapi_app.cli.view.output import (
    Form,
    Json,
    Null,
    form_of,
    print_json,
    print_plain,
    print_rows,
)
from ingestion_orchestration_fastapi_app.cli.view.text import escaped_name, file_name

folders = typer.Typer(
    help="Hide folders of a collection, and show them again.", no_args_is_help=True
)

Folder = Annotated[str, typer.Argument(metavar="DIR", help="The folder.")]


@folders.command("list")
def list_folders(
    collection: Collection = "default", url: Url = None, *, json: Json = False, null: Null = False
) -> None:
    """List the folders that are hidden."""
    form = form_of(json=json, null=null)

    async def run(api: OrchestratorApi, console: Console) -> int:
        hidden = await api.list_hidden_folders(collection)
        if form is Form.JSON:
            print_json(console, {"hidden": hidden.model_dump(mode="json")["folders"]})
            return 0
        rows = [("hidden", file_name(one.path)) for one in hidden.folders]
        print_rows(console, form, ("state", "folder"), rows)
        return 0

    call(run, url)


@folders.command()
def hide(directory: Folder, collection: Collection = "default", url: Url = None) -> None:
    """Show nothing that lies in a folder, at once; its pictures stay, and so do its files."""
    path = absolute(directory)

    async def run(api: OrchestratorApi, console: Console) -> int:
        made = await api.hide_folder(collection, path)
        print_plain(console, f"Hidden: {escaped_name(file_name(made.path))}")
        return 0

    call(run, url)


@folders.command()
def show(directory: Folder, collection: Collection = "default", url: Url = None) -> None:
    """Show again what lies in a hidden folder."""
    path = absolute(directory)

    async def run(api: OrchestratorApi, console: Console) -> int:
        await api.show_folder(collection, path)
        print_plain(console, f"Shown again: {escaped_name(directory)}")
        return 0

    call(run, url)
