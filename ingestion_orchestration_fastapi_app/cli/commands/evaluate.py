"""`photoseek eval`: how well a search finds what captions say, with the model in use."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, absolute, call, collection_name
from ingestion_orchestration_fastapi_app.cli.view.output import Json, print_json, print_plain
from ingestion_orchestration_fastapi_app.cli.view.progress import check_completed, follow
from utils.contract import IngestRequest, JobReport, JobRequestBody


def evaluate(
    images: Annotated[str, typer.Option(metavar="DIR", help="The folder of images.")],
    captions: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Karpathy's JSON, Flickr8k's text, or TSV; without it folders are classes.",
        ),
    ] = None,
    collection: Annotated[
        str, typer.Option(callback=collection_name, help="Where the images are imported.")
    ] = "evaluation",
    url: Url = None,
    *,
    json: Json = False,
) -> None:
    """Import images, search for their captions, and say how far down their images stand.

    Stopped, it goes on where it was: `photoseek jobs`. Afterwards searches with this model say
    `calibrated`. Both folders are remembered as ones that may be imported.
    """
    folder = absolute(images)
    file = None if captions is None else absolute(captions)

    async def run(api: OrchestratorApi, console: Console) -> int:
        shown = Console(stderr=True) if json else console
        await api.ensure_collection(collection)
        await api.remember_root(folder)
        if file is not None:
            await api.remember_root(os.path.dirname(file))
        request = IngestRequest(directory_path=folder, collection=collection)
        imported = await api.start_ingest(request)
        check_completed(await follow(api, imported.job_id, shown))
        accepted = await api.start_job(
            JobRequestBody(kind="evaluate", collection=collection, options={"captions_path": file})
        )
        job = await follow(api, accepted.job_id, shown)
        found = await api.get_job_report(job.job_id)
        if json:
            print_json(console, found.model_dump(mode="json"))
        else:
            for line in figure_lines(found):
                print_plain(console, line)
        check_completed(job)
        return 0

    call(run, url)


def figure_lines(found: JobReport) -> list[str]:
    return [
        *(f"{name}: {count:,}" for name, count in found.numbers.items()),
        *(f"{name}: {figure:g}" for name, figure in found.figures.items()),
    ]
