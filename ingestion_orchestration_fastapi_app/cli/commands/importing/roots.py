"""`photoseek roots`: the folders that may be imported, and what has moved or is gone."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import (
    Url,
    absolute,
    call,
    carried,
    collection_name,
)
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
from ingestion_orchestration_fastapi_app.cli.view.text import escaped_name, file_name
from utils.contract import AllowedRootList

roots = typer.Typer(
    help="The folders that may be imported; and say which have moved or are gone.",
    no_args_is_help=True,
)

Folder = Annotated[str, typer.Argument(metavar="DIR", help="The folder.")]
InCollection = Annotated[
    str, typer.Argument(metavar="COLLECTION", callback=collection_name, help="Its name.")
]


@roots.command("list")
def list_roots(url: Url = None, *, json: Json = False, null: Null = False) -> None:
    """List the folders that may be imported, and who allows each."""
    form = form_of(json=json, null=null)

    async def run(api: OrchestratorApi, console: Console) -> int:
        _print(console, await api.list_roots(), form)
        return 0

    call(run, url)


@roots.command()
def add(directory: Folder, url: Url = None) -> None:
    """Allow a folder, also after a restart. Its watches and pictures are there again at once."""
    path = absolute(directory)

    async def run(api: OrchestratorApi, console: Console) -> int:
        await api.add_root(path)
        print_plain(console, f"{escaped_name(path)} may be imported.")
        return 0

    call(run, url)


@roots.command()
def remove(directory: Folder, url: Url = None) -> None:
    """Take a folder back that was added: its pictures are kept, but neither found nor shown."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        left = await api.remove_root(_named(directory))
        path = absolute(directory)
        above = [one.path for one in left.roots if path.startswith(one.path.rstrip("/") + "/")]
        still = f" It may still be imported, since it lies in {above[0]}." if above else ""
        print_plain(
            console, f"{escaped_name(path)} is no longer a root; nothing in it was touched.{still}"
        )
        return 0

    call(run, url)


@roots.command()
def move(collection: InCollection, old: Folder, new: Folder, url: Url = None) -> None:
    """Say where a folder of a collection is now. Its pictures keep their ids; none is read anew."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        place = absolute(new)
        await api.remember_root(place)
        await api.repoint_root(collection, _named(old), place)
        before, now = escaped_name(_named(old)), escaped_name(place)
        print_plain(console, f"The collection {collection} has {before} at {now} now.")
        return 0

    call(run, url)


@roots.command()
def forget(collection: InCollection, directory: Folder, url: Url = None) -> None:
    """Forget a folder of a collection, with its pictures. No file is touched."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        left = await api.forget_root(collection, _named(directory))
        gone = escaped_name(_named(directory))
        print_plain(console, f"{gone} is forgotten; {left.count or 0} images are left.")
        return 0

    call(run, url)


def _named(directory: str) -> str:
    """It may be gone, so that no link of it can be followed."""
    return carried(os.path.abspath(os.path.expanduser(directory)))


def _print(console: Console, found: AllowedRootList, form: Form) -> None:
    if form is Form.JSON:
        print_json(console, found.model_dump(mode="json"))
    elif form is Form.NULL:
        print_records(console, [file_name(root.path) for root in found.roots])
    else:
        rows = [(root.source, file_name(root.path)) for root in found.roots]
        print_rows(console, form, ("allowed by", "folder"), rows)
