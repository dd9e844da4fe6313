"""`photoseek upload`: sends pictures of this machine to the service, and follows their import."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Collection, Url, call
from ingestion_orchestration_fastapi_app.cli.view.output import Json, print_json, print_plain
from ingestion_orchestration_fastapi_app.cli.view.progress import (
    accepted_text,
    check_completed,
    follow,
    report,
)
from ingestion_orchestration_fastapi_app.cli.view.text import escaped_name, one_line
from utils.contract.uploads import UploadedFile, UploadOutcome

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...", exists=True, dir_okay=False, readable=True, help="Pictures to send."
    ),
]


def upload(
    files: Files,
    collection: Collection = "default",
    url: Url = None,
    *,
    captions: Annotated[bool, typer.Option("--captions", help="Make captions, too; slow.")] = False,
    create: Annotated[
        bool, typer.Option("--create", help="Make the collection first, if it is new.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Show progress until their import ends.")
    ] = True,
    json: Json = False,
) -> None:
    """Send pictures to the service's inbox, and import them. A folder that the service sees by
    itself is imported without a copy: `photoseek ingest`.

    The exit status is 1 where one was refused.
    """

    async def run(api: OrchestratorApi, console: Console) -> int:
        if create:
            await api.ensure_collection(collection)
        sent: list[UploadedFile] = []
        job_id: str | None = None
        async for reply in api.upload_all(files, collection, captions=captions):
            sent += reply.files
            job_id = reply.job_id or job_id
            if not json:
                for one in reply.files:
                    print_plain(console, _line(one))
        if json:
            told = {"files": [one.model_dump(mode="json") for one in sent], "job_id": job_id}
            print_json(console, told)
        if job_id is not None and wait:
            quiet = Console(stderr=True) if json else console
            job = await follow(api, job_id, quiet)
            await report(api, job, quiet)
            check_completed(job)
        elif job_id is not None and not json:
            print_plain(console, accepted_text(job_id))
        return int(any(one.outcome is UploadOutcome.REFUSED for one in sent))

    call(run, url)


def _line(one: UploadedFile) -> str:
    name = escaped_name(os.path.basename(one.name))
    if one.outcome is UploadOutcome.REFUSED:
        return f"refused\t{name}\t{one.code}: {one_line(one.detail)}"
    return f"{one.outcome}\t{name}\t{escaped_name(one.path or '')}"
