"""`photoseek export` and `photoseek exports`: a collection as Parquet files, here or as a copy."""

from __future__ import annotations

import hashlib
import os
from typing import Annotated

import httpx
import typer
from anyio import to_thread
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli import filter_options as options
from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, call, collection_name
from ingestion_orchestration_fastapi_app.cli.commands.pictures.named import ids_of, names_of
from ingestion_orchestration_fastapi_app.cli.view.followed import followed
from ingestion_orchestration_fastapi_app.cli.view.output import (
    Form,
    Json,
    print_json,
    print_plain,
    print_rows,
)
from ingestion_orchestration_fastapi_app.cli.view.progress import (
    check_completed,
)
from utils.contract.images import MAX_SELECTION
from utils.contract.transfer import ExportReply, ExportRequest

MANIFEST = "manifest.json"
_HASHED_BYTES = 4 * 1024 * 1024

exports = typer.Typer(no_args_is_help=True, help="Exports that are there: list them, remove one.")


def export(
    collection: Annotated[
        str, typer.Argument(metavar="COLLECTION", callback=collection_name, help="Its name.")
    ] = "default",
    url: Url = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the export; else collection and time.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="DIR", help="Fetch a copy of it into a folder in this one."),
    ] = None,
    *,
    vectors: Annotated[
        bool, typer.Option("--vectors/--no-vectors", help="Without, it cannot be imported.")
    ] = True,
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails/--no-thumbnails", help="About 10 KB an image.")
    ] = False,
    after: options.After = None,
    before: options.Before = None,
    folder: options.Folder = None,
    rating: options.RatingMin = None,
    favourite: options.Favourite = None,
    tag: options.Tags = None,
    images: Annotated[
        list[str] | None,
        typer.Option(
            "--image",
            metavar="ID|FILE",
            help=f"Only this one; several: these, at most {MAX_SELECTION}; - reads them.",
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Show progress until it is there.")
    ] = True,
    json: Json = False,
) -> None:
    """Write a collection as Parquet files into the service's EXPORT_DIR, for backup and notebooks.

    With filters only what meets them, with --image only what is named. --to fetches the files over
    HTTP, and goes on where a copy broke off.
    """
    filters = options.filters(
        after=after, before=before, folder=folder, rating_min=rating, favourite=favourite, tags=tag
    )
    names = names_of(images) if images else []
    if len(names) > MAX_SELECTION:
        raise typer.BadParameter(f"at most {MAX_SELECTION} pictures", param_hint="--image")
    if to is not None and not (wait and os.path.isdir(to)):
        raise typer.BadParameter(
            "a folder that is there, and not with --no-wait", param_hint="--to"
        )

    async def run(api: OrchestratorApi, console: Console) -> int:
        ids = await ids_of(api, names, collection) if names else None
        request = ExportRequest(
            collection=collection,
            name=name,
            vectors=vectors,
            thumbnails=thumbnails,
            filters=filters if filters.model_fields_set else None,
            ids=None if ids is None else tuple(ids),
        )
        accepted = await api.export_collection(request)
        job = await followed(api, accepted, console, wait=wait, json=json)
        if job is None:
            return 0
        check_completed(job)
        made = await api.get_export(job.reason or "")
        if to is not None:
            await _fetch(api, made, os.path.join(to, made.id))
        if json:
            print_json(console, made.model_dump(mode="json"))
        else:
            where = made.id if to is None else os.path.join(to, made.id)
            print_plain(console, f"{made.images:,} images, {made.size_bytes:,} bytes: {where}")
        return 0

    call(run, url)


@exports.command("list")
def list_exports(url: Url = None, *, json: Json = False) -> None:
    """The exports in EXPORT_DIR."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        found: list[ExportReply] = []
        offset: int | None = 0
        while offset is not None:
            page = await api.list_exports(offset=offset)
            found += page.exports
            offset = page.next_offset
        if json:
            print_json(console, [one.model_dump(mode="json") for one in found])
        else:
            rows = [
                (f"{one.images:,}", f"{one.size_bytes:,}", one.collection, one.id) for one in found
            ]
            form = Form.ROWS
            print_rows(console, form, ("images", "bytes", "collection", "name"), rows)
        return 0

    call(run, url)


@exports.command("remove")
def remove_export(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `list` shows it.")],
    url: Url = None,
) -> None:
    """Remove an export with all its files."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        await api.remove_export(name)
        print_plain(console, f"Removed {name}.")
        return 0

    call(run, url)


async def _fetch(api: OrchestratorApi, export: ExportReply, folder: str) -> None:
    """The manifest comes last: a copy without one is no export."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for file in export.files:
        path = os.path.join(folder, file.name)
        if await to_thread.run_sync(_hash, path) == file.sha256:
            continue  # it was fetched before
        await _save(api, export.id, file.name, path)
        if await to_thread.run_sync(_hash, path) != file.sha256:
            raise ApiProblem(f"{path} is not what was sent: call again with --to.")
    await _save(api, export.id, MANIFEST, os.path.join(folder, MANIFEST))


async def _save(api: OrchestratorApi, export_id: str, name: str, path: str) -> None:
    partial = f"{path}.part"
    try:
        with open(partial, "wb") as copy:  # noqa: ASYNC230  # a command does nothing else meanwhile
            async for piece in api.get_export_file(export_id, name):
                copy.write(piece)
            copy.flush()
            os.fsync(copy.fileno())
    except httpx.HTTPError as exc:
        raise ApiProblem(f"The copy broke off ({exc}): call again with --to.") from exc
    os.replace(partial, path)


def _hash(path: str) -> str:
    found = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while piece := file.read(_HASHED_BYTES):
                found.update(piece)
    except FileNotFoundError:
        return ""
    return found.hexdigest()
