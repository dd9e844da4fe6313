"""`photoseek annotate`: ratings, favourites and tags of Photoseek's own."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Collection, Url, call
from ingestion_orchestration_fastapi_app.cli.commands.pictures.named import (
    Named,
    groups,
    ids_of,
    names_of,
)
from ingestion_orchestration_fastapi_app.cli.view.output import print_note, print_plain
from utils.contract.annotations.annotation import AnnotationChangeRequest
from utils.web.problem_responses import validation_text

_SHOWN_MISSING = 10


def annotate(
    named: Named,
    collection: Collection = "default",
    url: Url = None,
    rating: Annotated[
        int | None, typer.Option(min=-1, max=5, help="0 to 5; -1 means rejected.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="A tag that they get; several: all.")
    ] = None,
    not_tag: Annotated[
        list[str] | None, typer.Option("--not-tag", help="A tag that they lose.")
    ] = None,
    *,
    favourite: Annotated[
        bool | None, typer.Option("--favourite/--no-favourite", help="Whether they are.")
    ] = None,
    clear_rating: Annotated[
        bool, typer.Option("--clear-rating", help="Let the file's own rating count.")
    ] = False,
    clear_favourite: Annotated[
        bool, typer.Option("--clear-favourite", help="Let count what the file says.")
    ] = False,
) -> None:
    """Rate pictures, call them favourites, tag them. What is not named stays as it is.

    It belongs to the content, so to all copies, and no file is changed. The exit status is 1 where
    the collection does not hold some of them: the others are annotated.
    """
    if (clear_rating and rating is not None) or (clear_favourite and favourite is not None):
        raise typer.BadParameter("either say it or clear it")
    said: dict[str, object] = {}
    if rating is not None or clear_rating:
        said["rating"] = rating
    if favourite is not None or clear_favourite:
        said["favourite"] = favourite
    if tag:
        said["add_tags"] = tag
    if not_tag:
        said["remove_tags"] = not_tag
    if not said:
        raise typer.BadParameter("say what of them: --rating, --favourite, --tag or --not-tag")
    names = names_of(named)
    try:  # before the first call
        _request(said, ["00000000-0000-0000-0000-000000000000"], collection)
    except ValidationError as exc:
        raise typer.BadParameter(validation_text(exc)) from exc

    async def run(api: OrchestratorApi, console: Console) -> int:
        images, missing = 0, list[str]()
        for ids in groups(await ids_of(api, names, collection)):
            changed = await api.change_annotations(_request(said, ids, collection))
            images += changed.images
            missing += changed.missing
        print_plain(console, f"{images:,} {'picture' if images == 1 else 'pictures'} annotated.")
        for one in missing[:_SHOWN_MISSING]:
            print_note(f"{collection} holds no image {one}.")
        if len(missing) > _SHOWN_MISSING:
            print_note(f"... and {len(missing) - _SHOWN_MISSING:,} more.")
        return 1 if missing else 0

    call(run, url)


def _request(said: dict[str, object], ids: list[str], collection: str) -> AnnotationChangeRequest:
    return AnnotationChangeRequest.model_validate({**said, "ids": ids, "collection": collection})
