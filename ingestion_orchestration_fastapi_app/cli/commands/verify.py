"""`photoseek verify`: looks through a collection and tells what is wrong in it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, call, collection_name
from ingestion_orchestration_fastapi_app.cli.view.followed import Wait, reported
from ingestion_orchestration_fastapi_app.cli.view.output import Json
from utils.contract import JobRequestBody


def verify(
    collection: Annotated[
        str, typer.Argument(metavar="COLLECTION", callback=collection_name, help="Its name.")
    ] = "default",
    url: Url = None,
    *,
    mend: Annotated[
        bool, typer.Option("--mend/--no-mend", help="Mend what may be mended, or only look.")
    ] = True,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Look through a collection: its points, vectors, words, files and thumbnails.

    The exit status is 1 where anything is wrong, or was and is mended now. Mending takes out rows
    that are there twice, and rows whose vector is none, whose files the next import opens again. An
    image whose file is gone is only named: an import with --sync removes it. With --json: the
    report, or with --no-wait the job as it was accepted.
    """
    request = JobRequestBody(kind="verify", collection=collection, options={"mend": mend})

    async def run(api: OrchestratorApi, console: Console) -> int:
        accepted = await api.start_job(request)
        ended = await reported(api, accepted, console, wait=wait, json=json)
        return 1 if ended is not None and ended[1].findings else 0

    call(run, url)
