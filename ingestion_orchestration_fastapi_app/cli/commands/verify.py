"""`photoseek verify`: looks through a collection and tells what is wrong in it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, call, collection_name
from ingestion_orchestration_fastapi_app.cli.view.output import Json, print_json, print_plain
from ingestion_orchestration_fastapi_app.cli.view.progress import (
    accepted_text,
    check_completed,
    follow,
    report,
)
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
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Show progress until the job ends.")
    ] = True,
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
        if not wait:
            if json:
                print_json(console, accepted.model_dump(mode="json"))
            else:
                print_plain(console, accepted_text(accepted.job_id))
            return 0
        job = await follow(api, accepted.job_id, Console(stderr=True) if json else console)
        found = await api.get_job_report(job.job_id)
        if json:
            print_json(console, found.model_dump(mode="json"))
        else:
            await report(api, job, console)
        check_completed(job)
        return 1 if found.findings else 0

    call(run, url)
