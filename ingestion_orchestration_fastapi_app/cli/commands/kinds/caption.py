"""`photoseek caption`: says in words what images show, of those that have no caption."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli import filter_options as options
from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, call, collection_name
from ingestion_orchestration_fastapi_app.cli.view.output import Json, print_json, print_plain
from ingestion_orchestration_fastapi_app.cli.view.progress import (
    accepted_text,
    check_completed,
    follow,
    report,
)
from ingestion_orchestration_fastapi_app.cli.view.text import one_line
from utils.contract import CaptionOptions, JobRequestBody


class Captioner(StrEnum):
    """Who is asked."""

    AUTO = "auto"
    SERVICE = "service"
    ENDPOINT = "endpoint"


def caption(
    collection: Annotated[
        str, typer.Argument(metavar="COLLECTION", callback=collection_name, help="Its name.")
    ] = "default",
    after: options.After = None,
    before: options.Before = None,
    camera: options.Camera = None,
    lens: options.Lens = None,
    keywords: options.Keywords = None,
    folder: options.Folder = None,
    formats: options.Formats = None,
    rating_min: options.RatingMin = None,
    orientation: options.Shape = None,
    near: options.Near = None,
    favourite: options.Favourite = None,
    tags: options.Tags = None,
    not_folders: options.NotFolders = None,
    captioner: Annotated[
        Captioner,
        typer.Option(
            help="service: the inference service's model; endpoint: the one at CAPTION_URL, to "
            "which pictures are sent; auto: that where it is set."
        ),
    ] = Captioner.AUTO,
    url: Url = None,
    *,
    renew: Annotated[
        bool, typer.Option("--renew", help="Also images with a caption by another captioner.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Also images that it could not caption before.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Show progress until the job ends.")
    ] = True,
    json: Json = False,
) -> None:
    """Caption the images of a collection that have no caption, or those that filters let through.

    Stopped, it goes on where it was: `photoseek jobs`. Imports and searches go on beside it, and
    find what is captioned so far. With --json: the report, or with --no-wait the job as it was
    accepted.
    """
    filters = options.filters(
        after=after,
        before=before,
        camera=camera,
        lens=lens,
        keywords=keywords,
        folder=folder,
        formats=formats,
        rating_min=rating_min,
        orientation=orientation,
        near=near,
        favourite=favourite,
        tags=tags,
        not_folders=not_folders,
    )
    asked = CaptionOptions(filters=filters, captioner=captioner.value, renew=renew, retry=retry)
    given = asked.model_dump(mode="json", exclude_defaults=True)
    request = JobRequestBody(kind="caption", collection=collection, options=given)

    async def run(api: OrchestratorApi, console: Console) -> int:
        accepted = await api.start_job(request)
        if not wait:
            if json:
                print_json(console, accepted.model_dump(mode="json"))
            else:
                print_plain(console, accepted_text(accepted.job_id))
            return 0
        job = await follow(api, accepted.job_id, Console(stderr=True) if json else console)
        if json:
            found = await api.get_job_report(job.job_id)
            print_json(console, found.model_dump(mode="json"))
        else:
            await report(api, job, console)
            if job.reason:
                print_plain(console, one_line(job.reason))
        check_completed(job)
        return 0

    call(run, url)
