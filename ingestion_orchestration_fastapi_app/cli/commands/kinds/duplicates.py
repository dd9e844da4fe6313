"""`photoseek duplicates`: finds images that are there more than once, and says which to keep."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, absolute, call, collection_name
from ingestion_orchestration_fastapi_app.cli.view.output import (
    Form,
    print_chunks,
    print_note,
    print_plain,
    print_rows,
)
from ingestion_orchestration_fastapi_app.cli.view.progress import check_completed, follow
from ingestion_orchestration_fastapi_app.cli.view.text import file_name
from utils.contract import JobRequestBody
from utils.contract.browsing.rows import ExportFormat
from utils.contract.duplicates.decisions import Decision
from utils.contract.duplicates.groups import DuplicateGroup
from utils.contract.duplicates.options import DuplicateClass, DuplicatesOptions

_MEMBERS = 100


def duplicates(
    collection: Annotated[
        str, typer.Argument(metavar="COLLECTION", callback=collection_name, help="Its name.")
    ] = "default",
    classes: Annotated[
        list[DuplicateClass] | None,
        typer.Option("--class", help="Only this class; may be given several times."),
    ] = None,
    folder: Annotated[
        str | None, typer.Option(metavar="DIR", help="Only images in this folder.")
    ] = None,
    url: Url = None,
    *,
    search: Annotated[
        bool,
        typer.Option("--search/--no-search", help="Search now, or show what was found last."),
    ] = True,
    undecided: Annotated[
        bool, typer.Option("--undecided", help="Only groups about which somebody has to decide.")
    ] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV with a line an image, and nothing else.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the groups as JSON, and nothing else.")
    ] = False,
) -> None:
    """Find images that are there more than once, in groups, and say which one to keep and why.

    Stopped, the search goes on where it was: `photoseek jobs`. No file is ever deleted. A line has
    the group, its class, `keep` or `other`, the size in bytes, why it is kept, the path, and
    what somebody decided.
    """
    if csv and json:
        raise typer.BadParameter("either --csv or --json, not both")
    decided = False if undecided else None
    asked = tuple(dict.fromkeys(classes or DuplicateClass))
    options = DuplicatesOptions(
        classes=asked, folder_path=None if folder is None else absolute(folder)
    )
    request = JobRequestBody(
        kind="duplicates",
        collection=collection,
        options=options.model_dump(mode="json", exclude_defaults=True),
    )

    async def run(api: OrchestratorApi, console: Console) -> int:
        is_quiet = csv or json or not console.is_terminal
        if search:
            accepted = await api.start_job(request)
            job = await follow(api, accepted.job_id, Console(stderr=True) if is_quiet else console)
            check_completed(job)
        if csv or json:
            form = ExportFormat.CSV if csv else ExportFormat.JSON
            chunks = api.export_duplicates(
                collection, classes=asked, export_format=form, decided=decided
            )
            await print_chunks(console, chunks)
            return 0
        groups = api.all_duplicates(collection, classes=asked, members=_MEMBERS, decided=decided)
        await _listed(groups, console)
        return 0

    call(run, url)


async def _listed(groups: AsyncIterator[DuplicateGroup], console: Console) -> None:
    columns = ("group", "class", "", "bytes", "why", "path", "decision")
    count, beside = 0, 0
    async for group in groups:
        print_rows(console, Form.ROWS, columns, group_rows(group))
        if group.count > len(group.images):
            print_note(f"Group {group.id} has {group.count - len(group.images):,} more images.")
        count, beside = count + 1, beside + group.bytes_beside
    told = f"{count:,} groups; all but the images to keep take {beside:,} bytes."
    if console.is_terminal:
        print_plain(console, told if count else "No duplicates were found.")
    else:
        print_note(told, style=None)


def group_rows(group: DuplicateGroup) -> list[tuple[str, ...]]:
    return [
        (
            str(group.id),
            group.kind.value,
            "keep" if image.id == group.keep else "other",
            str(image.bytes),
            group.reason if image.id == group.keep else "",
            file_name(image.path),
            group.decisions.get(image.id, Decision.UNDECIDED).value,
        )
        for image in group.images
    ]
