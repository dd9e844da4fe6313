"""`photoseek ingest`: imports folders and files and shows how far it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Collection, Url, absolute, call
from ingestion_orchestration_fastapi_app.cli.program import called
from ingestion_orchestration_fastapi_app.cli.view.followed import Wait, followed
from ingestion_orchestration_fastapi_app.cli.view.output import Json, print_json
from ingestion_orchestration_fastapi_app.cli.view.progress import (
    check_completed,
    report,
)
from utils.contract import MAX_IMPORT_PATHS, ErrorCode, IngestAccepted, IngestRequest


def ingest(
    paths: Annotated[
        list[str], typer.Argument(metavar="DIR|FILE...", help="Folders and photos to import.")
    ],
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
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only tell what would be done, how long, which space."),
    ] = False,
    create: Annotated[
        bool, typer.Option("--create", help="Make the collection first, if it is new.")
    ] = False,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Import folders and single files into a collection, and list the files that failed.

    With --json: the job as it ended, the report of a dry run, or with --no-wait what was accepted.
    """
    if confirm_deletes and not sync:
        raise typer.BadParameter("it means nothing without --sync", param_hint="--confirm-deletes")
    if dry_run and watch is not None:
        raise typer.BadParameter("it means nothing with --dry-run", param_hint="--watch")
    if len(paths) > MAX_IMPORT_PATHS:
        raise typer.BadParameter(
            f"{len(paths):,} are named, and {MAX_IMPORT_PATHS} are the most: name folders",
            param_hint="DIR|FILE...",
        )
    named = [absolute(path) for path in paths]
    is_folder = len(named) == 1 and not os.path.isfile(named[0])
    request = IngestRequest(
        directory_path=named[0] if is_folder else None,
        paths=() if is_folder else tuple(named),
        collection=collection,
        recursive=recursive,
        force=force,
        sync=sync,
        confirm_deletes=confirm_deletes,
        watch=watch,
        dry_run=dry_run,
    )

    async def run(api: OrchestratorApi, console: Console) -> int:
        if create:
            await api.ensure_collection(collection)
        if not dry_run:  # which remembers nothing
            for folder in dict.fromkeys(map(_folder, named)):
                await api.remember_root(folder)
        accepted = await _accepted(api, request, paths)
        job = await followed(api, accepted, console, wait=wait, json=json)
        if job is None:
            return 0
        if json:
            found = await api.get_job_report(job.job_id) if dry_run else job
            print_json(console, found.model_dump(mode="json"))
        else:
            await report(api, job, console)
        check_completed(job)
        return 0

    call(run, url)


def _folder(path: str) -> str:
    """Itself, or the one that the file is in."""
    return os.path.dirname(path) if os.path.isfile(path) else path


async def _accepted(
    api: OrchestratorApi, request: IngestRequest, paths: Sequence[str]
) -> IngestAccepted:
    try:
        return await api.start_ingest(request)
    except ApiProblem as problem:
        if problem.code is not ErrorCode.COLLECTION_NOT_FOUND:
            raise
        again = called("ingest", *paths, "--collection", request.collection, "--create")
        raise ApiProblem(
            f"{problem.detail} To make it, add --create: {again}", code=problem.code
        ) from problem
