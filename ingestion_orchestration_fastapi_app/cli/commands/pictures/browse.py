"""`photoseek browse`: what a collection holds, in order, by the filters of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
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
    print_chunks,
    print_json,
    print_note,
    print_plain,
    print_records,
)
from ingestion_orchestration_fastapi_app.cli.view.text import escaped_name, file_name, one_line
from utils.contract import FilterSpec, ImageList, ImageReply
from utils.contract.browsing.orders import BrowseOrder, BrowseSort
from utils.contract.browsing.rows import ExportFormat

_MOST_A_PAGE = 500
_NO_DATE = "-"


@with_filters
def browse(
    collection: Collection = "default",
    url: Url = None,
    limit: Annotated[int, typer.Option(min=1, max=_MOST_A_PAGE, help="Most pictures.")] = 50,
    sort: Annotated[BrowseSort, typer.Option(help="By date, path, or time of import.")] = (
        BrowseSort.TAKEN_AT
    ),
    order: Annotated[
        BrowseOrder | None, typer.Option(help="The newest first, unless by path.")
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="All of them, however many there are.")
    ] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="All of them as a table for spreadsheets.")
    ] = False,
    ids: Annotated[
        bool, typer.Option("--ids", help="Ids, as annotate and forget take them.")
    ] = False,
    filters: FilterSpec,
    json: Json = False,
    null: Null = False,
) -> None:
    """List the pictures of a collection: when each was taken, and its path.

    Where the output is no terminal, a tab stands between them, and what a line cannot hold is
    escaped in the path. With -0: only the paths. With --ids: only the ids. With --csv, or --json
    and --all: what is known of each of them, also its tags, place and caption.
    """
    form = form_of(json=json, null=null)
    if csv and (ids or form is not Form.ROWS):
        raise typer.BadParameter("either --csv, --json, -0 or --ids")

    if order is None:
        order = BrowseOrder.ASC if sort is BrowseSort.PATH else BrowseOrder.DESC

    async def run(api: OrchestratorApi, console: Console) -> int:
        if csv or (everything and form is Form.JSON):
            table = api.export_images(
                collection,
                filters=filters,
                sort=sort,
                order=order,
                export_format=ExportFormat.CSV if csv else ExportFormat.JSON,
            )
            known = await api.list_images(collection, filters=filters, sort=sort, limit=1)
            _note_warnings(known)
            await print_chunks(console, table)
            return 0
        cursor: str | None = None
        while True:
            page = await api.list_images(
                collection,
                filters=filters,
                sort=sort,
                order=order,
                limit=_MOST_A_PAGE if everything else limit,
                cursor=cursor,
            )
            _print(console, page, form=form, ids=ids)
            cursor = page.cursor
            if cursor is None or not everything:
                _note_rest(page, form=form)
                return 0

    call(run, url)


def _note_warnings(page: ImageList) -> None:
    for warning in page.warnings:
        print_note(f"Warning: {one_line(warning)}")


def _print(console: Console, page: ImageList, *, form: Form, ids: bool) -> None:
    if form is Form.JSON:
        print_json(console, page.model_dump(mode="json"))
        return
    _note_warnings(page)
    named: Sequence[str] = [one.id if ids else file_name(one.path) for one in page.images]
    if form is Form.NULL:
        print_records(console, named)
        return
    for name, image in zip(named, page.images, strict=True):
        if ids:
            print_plain(console, name)
        elif console.is_terminal:
            line = Text.assemble((_taken_at(image), "cyan"), "  ", escaped_name(name))
            console.print(line, soft_wrap=True)
        else:
            print_plain(console, f"{_taken_at(image)}\t{escaped_name(name)}")


def _taken_at(image: ImageReply) -> str:
    """By the camera's clock."""
    return _NO_DATE if image.taken_at is None else f"{image.taken_at:%Y-%m-%d %H:%M:%S}"


def _note_rest(page: ImageList, *, form: Form) -> None:
    if form is Form.JSON:
        return
    if not page.total:
        print_note(f"Nothing of that kind in {page.collection}.", style=None)
    elif page.cursor is not None:
        number = f"{page.total:,}" if page.total_is_exact else f"{page.total:,} or more"
        print_note(f"The first {len(page.images):,} of {number}; --all lists them.", style=None)
