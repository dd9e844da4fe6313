"""`photoseek caption`: says in words what images show, of those that have no caption."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli import filter_options as options
from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, call, collection_name
from ingestion_orchestration_fastapi_app.cli.view.followed import Wait, reported
from ingestion_orchestration_fastapi_app.cli.view.output import Json, print_plain
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
    wait: Wait = True,
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
        ended = await reported(api, accepted, console, wait=wait, json=json)
        if ended is not None and ended[0].reason and not json:
            print_plain(console, one_line(ended[0].reason))
        return 0

    call(run, url)
