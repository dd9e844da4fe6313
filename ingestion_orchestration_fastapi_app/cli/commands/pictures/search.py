"""`photoseek search`: scores and paths, best first."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Collection, Url, call
from ingestion_orchestration_fastapi_app.cli.filter_options import with_filters
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
from utils.contract import FilterSpec, SearchHit, SearchReply
from utils.contract.filters.sentences import UnderstoodPart
from utils.contract.search import ExampleSpec, SearchMode, SearchRequest, SearchSort, Templates
from utils.web.problem_responses import validation_text

MAX_QUERY = 2000


@with_filters
def search(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT",
            help="What the pictures should show. A part in quotes must be in their words: "
            "'\"red car\" in the snow'.",
        ),
    ] = None,
    collection: Collection = "default",
    url: Url = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most results.")] = 10,
    mode: Annotated[SearchMode, typer.Option(help="By meaning, by words, or both.")] = (
        SearchMode.AUTO
    ),
    like: Annotated[
        list[str] | None,
        typer.Option(metavar="ID|FILE", help="A stored image or a file that they look like."),
    ] = None,
    unlike: Annotated[
        list[str] | None,
        typer.Option("--not", metavar="TEXT", help="What they should not show."),
    ] = None,
    sort: Annotated[SearchSort, typer.Option(help="The order of what was found.")] = (
        SearchSort.RELEVANCE
    ),
    min_score: Annotated[
        float | None, typer.Option(min=-1, max=1, help="The least score of a result.")
    ] = None,
    *,
    diverse: Annotated[bool, typer.Option("--diverse", help="Fewer of the same.")] = False,
    min_relevance: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Leave out what is less relevant than that, 0 to 1."),
    ] = None,
    templates: Annotated[
        Templates, typer.Option(help="Search for a short text by several sentences.")
    ] = Templates.AUTO,
    parse: Annotated[
        bool, typer.Option("--parse", help='Read dates and places: "in Berlin last winter".')
    ] = False,
    filters: FilterSpec,
    json: Json = False,
    null: Null = False,
) -> None:
    """Find pictures by what they show, by words and by examples: score and path, best first.

    Where the output is no terminal, a tab stands between them, and what a line cannot hold is
    escaped in the path. With -0: only the paths.
    """
    form = form_of(json=json, null=null)
    text = " ".join(words or [])
    if len(text) > MAX_QUERY or not (text.strip() or like or unlike):
        raise typer.BadParameter(f"between 1 and {MAX_QUERY} characters", param_hint="TEXT")
    files: dict[str, bytes] = {}
    try:
        asked = SearchRequest(
            query=text or None,
            positive=tuple(_example(one, files) for one in like or []),
            negative=tuple(ExampleSpec(text=one) for one in unlike or []),
            collection=collection,
            limit=limit,
            filters=filters,
            mode=mode,
            sort=sort,
            diverse=diverse,
            min_score=min_score,
            min_relevance=min_relevance,
            templates=templates,
            parse=parse,
            today=_today() if parse else None,
        )
    except ValidationError as exc:
        raise typer.BadParameter(validation_text(exc)) from exc

    async def run(api: OrchestratorApi, console: Console) -> int:
        if files:
            found = await api.search_with_pictures(asked, files)
        else:
            found = await api.search_by_anything(asked)
        print_hits(console, found, query=text, form=form)
        return 0

    call(run, url)


def _example(like: str, files: dict[str, bytes]) -> ExampleSpec:
    """A file's content is put into `files`, by the name that the example has."""
    try:
        return ExampleSpec(image_id=UUID(like))
    except ValueError:
        pass
    try:
        data = Path(like).read_bytes()
    except OSError as exc:
        raise typer.BadParameter(
            f"{like!r} is no image's id, and no file: {exc.strerror}", param_hint="--like"
        ) from exc
    name = f"{len(files)}"
    files[name] = data
    return ExampleSpec(file=name)


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
