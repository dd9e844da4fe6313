"""`photoseek folders`: which folders of a collection are hidden or excluded."""

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
    help="Hide folders of a collection, exclude or unwatch them; and take that back.",
    no_args_is_help=True,
)

Folder = Annotated[str, typer.Argument(metavar="DIR", help="The folder.")]


@folders.command("list")
def list_folders(
    collection: Collection = "default", url: Url = None, *, json: Json = False, null: Null = False
) -> None:
    """List the folders that are hidden or excluded."""
    form = form_of(json=json, null=null)

    async def run(api: OrchestratorApi, console: Console) -> int:
        hidden = await api.list_hidden_folders(collection)
        excluded = await api.list_excluded_folders(collection)
        if form is Form.JSON:
            replies = {"hidden": hidden, "excluded": excluded}
            told = {name: one.model_dump(mode="json") for name, one in replies.items()}
            print_json(console, {name: one["folders"] for name, one in told.items()})
            return 0
        rows = [("hidden", file_name(one.path)) for one in hidden.folders]
        rows += [("excluded", file_name(one.path)) for one in excluded.folders]
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


@folders.command()
def exclude(directory: Folder, collection: Collection = "default", url: Url = None) -> None:
    """Take a folder's pictures out of the collection, and none in from now on; no file goes."""
    path = absolute(directory)

    async def run(api: OrchestratorApi, console: Console) -> int:
        made = await api.exclude_folder(collection, path)
        shown = escaped_name(file_name(made.path))
        print_plain(console, f"Excluded: {shown} ({made.removed:,} images)")
        return 0

    call(run, url)


@folders.command()
def unwatch(directory: Folder, collection: Collection = "default", url: Url = None) -> None:
    """End the watch of a folder; what came in stays."""
    path = absolute(directory)

    async def run(api: OrchestratorApi, console: Console) -> int:
        await api.end_watch(collection, path)
        print_plain(console, f"Watched no more: {escaped_name(directory)}")
        return 0

    call(run, url)


@folders.command()
def include(directory: Folder, collection: Collection = "default", url: Url = None) -> None:
    """Let imports go into an excluded folder again; the next one takes in what is there."""
    path = absolute(directory)

    async def run(api: OrchestratorApi, console: Console) -> int:
        await api.include_folder(collection, path)
        print_plain(console, f"Imported again from now on: {escaped_name(directory)}")
        return 0

    call(run, url)
