"""`photoseek search`: scores and paths, best first."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ingestion_orchestration_fastapi_app.cli import filter_options as options
from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Collection, Url, call
from ingestion_orchestration_fastapi_app.cli.view.output import (
    Form,
    Json,
    Null,
    form_of,
    print_json,
    print_note,
    print_plain,
    print_records,
)
from ingestion_orchestration_fastapi_app.cli.view.text import escaped_name, file_name, one_line
from utils.contract import SearchHit, SearchReply, SearchTextRequest
from utils.contract.filters.sentences import UnderstoodPart

MAX_QUERY = 2000


def search(
    words: Annotated[
        list[str],
        typer.Argument(metavar="TEXT", help="What the pictures should show; quotes or none."),
    ],
    collection: Collection = "default",
    url: Url = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most results.")] = 10,
    *,
    min_relevance: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Leave out what is less relevant than that, 0 to 1."),
    ] = None,
    parse: Annotated[
        bool, typer.Option("--parse", help='Read dates and places: "in Berlin last winter".')
    ] = False,
    after: options.After = None,
    before: options.Before = None,
    camera: options.Camera = None,
    lens: options.Lens = None,
    keyword: options.Keywords = None,
    folder: options.Folder = None,
    format_: options.Formats = None,
    rating: options.RatingMin = None,
    orientation: options.Shape = None,
    near: options.Near = None,
    gps: options.HasGps = None,
    captioned: options.HasCaption = None,
    not_keyword: options.NotKeywords = None,
    not_folder: options.NotFolders = None,
    not_format: options.NotFormats = None,
    not_camera: options.NotCameras = None,
    json: Json = False,
    null: Null = False,
) -> None:
    """Find pictures by what they show: score and path, best first.

    Where the output is no terminal, a tab stands between them, and what a line cannot hold is
    escaped in the path. With -0: only the paths.
    """
    form = form_of(json=json, null=null)
    text = " ".join(words)
    if not text.strip() or len(text) > MAX_QUERY:
        raise typer.BadParameter(f"between 1 and {MAX_QUERY} characters", param_hint="TEXT")
    filters = options.filters(
        after=after,
        before=before,
        camera=camera,
        lens=lens,
        keywords=keyword,
        folder=folder,
        formats=format_,
        rating_min=rating,
        orientation=orientation,
        near=near,
        has_gps=gps,
        has_caption=captioned,
        not_keywords=not_keyword,
        not_folders=not_folder,
        not_formats=not_format,
        not_cameras=not_camera,
    )

    async def run(api: OrchestratorApi, console: Console) -> int:
        asked = SearchTextRequest(
            query=text,
            collection=collection,
            limit=limit,
            filters=filters,
            min_relevance=min_relevance,
            parse=parse,
            today=_today() if parse else None,
        )
        print_hits(console, await api.search_text(asked), query=text, form=form)
        return 0

    call(run, url)


def print_hits(console: Console, reply: SearchReply, *, query: str, form: Form = Form.ROWS) -> None:
    if form is Form.JSON:
        print_json(console, reply.model_dump(mode="json"))
        return
    for part in reply.understood.parts if reply.understood else ():
        if part.applied:
            print_note(f'Read "{one_line(part.text)}" as {_meaning(part)}.', style=None)
    for warning in reply.warnings:
        print_note(f"Warning: {one_line(warning)}")
    if not reply.results:
        print_note(f'Nothing found for "{one_line(query)}" in {reply.collection}.', style=None)
    elif reply.nothing_relevant and reply.calibrated:
        said = one_line(query)
        print_note(f'What is nearest to "{said}" is no nearer than chance would have it.')
    if form is Form.NULL:
        print_records(console, (file_name(hit.path) for hit in reply.results))
        return
    for hit in reply.results:
        score, path = _score(hit), escaped_name(file_name(hit.path))
        if console.is_terminal:
            console.print(Text.assemble((score, "cyan"), "  ", path), soft_wrap=True)
        else:
            print_plain(console, f"{score}\t{path}")


def _score(hit: SearchHit) -> str:
    """The cosine; of words alone theirs, which is no cosine."""
    return f"{hit.score:.3f}" if hit.score is not None else f"{hit.word_score or 0:.1f}"


def _today() -> date:
    """Here, which need not be the service's day."""
    return datetime.now().astimezone().date()


def _meaning(part: UnderstoodPart) -> str:
    if part.kind == "place":
        others = f"; {len(part.others)} more have that name" if part.others else ""
        return f"{part.city.name}, {part.city.country}, {part.radius_km:g} km around it{others}"
    return f"{part.first or 'ever'} to {part.last or 'now'}"
