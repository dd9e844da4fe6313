"""`photoseek import`: an export into a collection."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, absolute, call, collection_name
from ingestion_orchestration_fastapi_app.cli.view.followed import Wait, reported
from ingestion_orchestration_fastapi_app.cli.view.output import Json
from utils.contract.transfer import ImportRequest


def import_export(
    source: Annotated[
        str,
        typer.Argument(metavar="DIR|NAME", help="A folder with an export, or one's name there."),
    ],
    url: Url = None,
    collection: Annotated[
        str | None,
        typer.Option(callback=lambda name: name and collection_name(name), help="Else its own."),
    ] = None,
    root: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="Where a folder of photographs is now."),
    ] = None,
    *,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Take an export into a collection: images, vectors, captions, own ratings and tags.

    No image is opened, and nothing is inferred. The collection is made where it is not there, or
    was made by the same model. The exit status is 1 where rows were left out. Folders are
    remembered as ones that may be imported.
    """
    is_folder = os.path.sep in source or os.path.isdir(source)
    where = absolute(source) if is_folder else source
    roots = dict(_pair(one) for one in root or [])
    request = ImportRequest(source=where, collection=collection, roots=roots)

    async def run(api: OrchestratorApi, console: Console) -> int:
        for folder in [*([where] if is_folder else []), *roots.values()]:
            await api.remember_root(folder)
        accepted = await api.import_collection(request)
        await reported(api, accepted, console, wait=wait, json=json)
        return 0

    call(run, url)


def _pair(text: str) -> tuple[str, str]:
    old, sign, new = text.partition("=")
    if not (old and sign and new):
        raise typer.BadParameter("two folders: OLD=NEW", param_hint="--root")
    return old.rstrip("/") or "/", absolute(new)
