"""`photoseek albums`: made, filled, listed."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Collection, Url, call
from ingestion_orchestration_fastapi_app.cli.commands.pictures.search import print_hits
from ingestion_orchestration_fastapi_app.cli.filter_options import with_filters
from ingestion_orchestration_fastapi_app.cli.view.output import (
    Form,
    Json,
    Null,
    form_of,
    print_json,
    print_plain,
    print_rows,
)
from utils.contract import ErrorCode, FilterSpec
from utils.contract.annotations.albums import AlbumReply, AlbumRequest
from utils.contract.search import SearchMode, SearchRequest
from utils.web.problem_responses import validation_text

COLUMNS = ("NAME", "BY HAND", "FOUND", "COLLECTION", "SEARCH", "ID")

albums = typer.Typer(
    help="Gather pictures, by hand or by a search that fills an album.", no_args_is_help=True
)
Album = Annotated[str, typer.Argument(metavar="ALBUM", help="Its name, or its id.")]
Images = Annotated[list[UUID], typer.Argument(metavar="IMAGE", help="An image's id.")]


@albums.command("list")
def list_(
    collection: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only those of this collection.")
    ] = None,
    url: Url = None,
    *,
    json: Json = False,
    null: Null = False,
) -> None:
    """List albums by name. FOUND: what the search gave when somebody looked last."""
    form = form_of(json=json, null=null)

    async def run(api: OrchestratorApi, console: Console) -> int:
        found = [one async for one in api.all_albums(collection)]
        if form is Form.JSON:
            print_json(console, [one.model_dump(mode="json") for one in found])
        else:
            print_rows(console, form, COLUMNS, map(_row, found))
        return 0

    call(run, url)


@albums.command()
@with_filters
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    search: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What fills it, in words; without one it is by hand."),
    ] = None,
    collection: Collection = "default",
    mode: Annotated[SearchMode, typer.Option(help="By meaning, by words, or both.")] = (
        SearchMode.AUTO
    ),
    min_relevance: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Leave out what is less relevant than that, 0 to 1."),
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(min=-1, max=1, help="The least score of a result.")
    ] = None,
    url: Url = None,
    *,
    parse: Annotated[
        bool, typer.Option("--parse", help='Read dates and places: "in Berlin last winter".')
    ] = False,
    filters: FilterSpec,
    json: Json = False,
) -> None:
    """Make an album. With --search, or a condition alone, it fills itself.

    A search needs to say where it ends: --min-relevance, --min-score, --mode text, or words in
    quotes.
    """
    fills = None
    try:
        if search or filters != FilterSpec():
            fills = SearchRequest(
                query=search,
                collection=collection,
                mode=mode,
                min_relevance=min_relevance,
                min_score=min_score,
                parse=parse,
                filters=filters,
            )
        request = AlbumRequest(name=name, collection=collection, search=fills)
    except ValidationError as exc:
        raise typer.BadParameter(validation_text(exc)) from exc

    async def run(api: OrchestratorApi, console: Console) -> int:
        made = await api.create_album(request)
        if json:
            print_json(console, made.model_dump(mode="json"))
        else:
            print_plain(console, f"{made.name}\t{made.id}")
        return 0

    call(run, url)


@albums.command()
def show(
    album: Album,
    limit: Annotated[int, typer.Option(min=1, max=500, help="The most images.")] = 50,
    url: Url = None,
    *,
    json: Json = False,
    null: Null = False,
) -> None:
    """Show an album's images: score and path; what was put in by hand first, without a score."""
    form = form_of(json=json, null=null)

    async def run(api: OrchestratorApi, console: Console) -> int:
        found = await _album(api, album)
        page = await api.list_album_images(found.id, limit=limit)
        print_hits(console, page, query=found.name, form=form)
        return 0

    call(run, url)


@albums.command()
def add(album: Album, images: Images, url: Url = None) -> None:
    """Put images into an album, with every copy of them."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        found = await _album(api, album)
        done = await api.put_into_album(found.id, [str(one) for one in images])
        return _told(console, done.changed, done.missing, "put into", found)

    call(run, url)


@albums.command()
def remove(album: Album, images: Images, url: Url = None) -> None:
    """Take images out of an album; its search does not bring them back."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        found = await _album(api, album)
        done = await api.take_out_of_album(found.id, [str(one) for one in images])
        return _told(console, done.changed, done.missing, "taken out of", found)

    call(run, url)


@albums.command()
def delete(album: Album, url: Url = None) -> None:
    """Delete an album; the images stay."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        found = await _album(api, album)
        await api.delete_album(found.id)
        print_plain(console, f"The album {found.name} is deleted.")
        return 0

    call(run, url)


async def _album(api: OrchestratorApi, text: str) -> AlbumReply:
    """Raises ApiProblem: no album has the name or the id."""
    for one in (await api.list_albums(name=text)).albums:
        return one
    try:
        return await api.get_album(str(UUID(text)))
    except ValueError:
        raise ApiProblem(f"There is no album {text!r}.", code=ErrorCode.ALBUM_NOT_FOUND) from None


def _told(
    console: Console, changed: int, missing: tuple[str, ...], what: str, album: AlbumReply
) -> int:
    """Exit status 1 where an image is not there."""
    print_plain(console, f"{changed} {what} {album.name}")
    for one in missing:
        print_plain(console, f"not in {album.collection}\t{one}")
    return 1 if missing else 0


def _row(album: AlbumReply) -> tuple[str, ...]:
    found = "" if album.found is None else f"{album.found.images}"
    if album.found is not None and not album.found.is_exact:
        found += "+"
    search = (album.query or "filters") if album.fills_itself else ""
    return (album.name, str(album.images), found, album.collection, search, album.id)
