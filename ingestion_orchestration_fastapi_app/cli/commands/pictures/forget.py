"""`photoseek forget` and `photoseek forgotten`: what no import shall take in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Collection, Url, call
from ingestion_orchestration_fastapi_app.cli.commands.pictures.named import (
    Named,
    groups,
    ids_of,
    names_of,
)
from ingestion_orchestration_fastapi_app.cli.program import called
from ingestion_orchestration_fastapi_app.cli.view.output import (
    Form,
    Json,
    Null,
    form_of,
    print_json,
    print_note,
    print_plain,
    print_rows,
)
from ingestion_orchestration_fastapi_app.cli.view.text import shown_path
from utils.contract import ErrorCode, ForgottenReply

_SHA256 = re.compile("[0-9a-f]{64}")
_A_PAGE = 500
_COLUMNS = ("SHA256", "FORGOTTEN", "PATH")

forgotten = typer.Typer(
    help="Pictures that no import takes in: list them, take them back.", no_args_is_help=True
)


def forget(named: Named, collection: Collection = "default", url: Url = None) -> None:
    """Forget pictures: they leave the collection, and no import takes them in again.

    Each goes with every copy of its content. Files stay where they are.
    """
    names = names_of(named)

    async def run(api: OrchestratorApi, console: Console) -> int:
        gone = missing = 0
        for ids in groups(await ids_of(api, names, collection)):
            reply = await api.forget_selection(ids, collection)
            gone, missing = gone + reply.forgotten, missing + reply.missing
        print_plain(console, f"{gone:,} {'picture' if gone == 1 else 'pictures'} forgotten.")
        if missing:
            print_note(f"{collection} does not hold {missing:,} of those that were named.")
        print_note(f"`{called('forgotten', 'take-back')}` takes them back.", style=None)
        return 1 if missing else 0

    call(run, url)


@forgotten.command("list")
def list_command(
    collection: Collection = "default", url: Url = None, *, json: Json = False, null: Null = False
) -> None:
    """List what was forgotten: the content's hash, when, and where a file of it was."""
    form = form_of(json=json, null=null)

    async def run(api: OrchestratorApi, console: Console) -> int:
        found = [one async for one in _all(api, collection)]
        if form is Form.JSON:
            print_json(console, [one.model_dump(mode="json") for one in found])
            return 0
        rows = [(one.sha256, f"{one.forgotten_at:%Y-%m-%d %H:%M}", one.path) for one in found]
        print_rows(console, form, _COLUMNS, rows)
        return 0

    call(run, url)


@forgotten.command("take-back")
def take_back(
    named: Annotated[
        list[str], typer.Argument(metavar="SHA256|FILE...", help="As `list` shows them.")
    ],
    collection: Collection = "default",
    url: Url = None,
) -> None:
    """Let imports take them in again. Of a file that is named every content that it had."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        hashes = await _hashes(api, collection, named)
        for sha256 in hashes:
            await api.take_back_image(collection, sha256)
        number = len(hashes)
        print_plain(console, f"{number:,} {'content' if number == 1 else 'contents'} taken back.")
        return 0

    call(run, url)


async def _hashes(api: OrchestratorApi, collection: str, named: list[str]) -> list[str]:
    """Each once. Raises ApiProblem before any is taken back where one of them is none."""
    by_path: dict[str, list[str]] = {}
    if any(_SHA256.fullmatch(one) is None for one in named):
        async for one in _all(api, collection):
            by_path.setdefault(one.path, []).append(one.sha256)
    hashes: list[str] = []
    for name in named:
        if _SHA256.fullmatch(name) is not None:
            hashes.append(name)
            continue
        there = by_path.get(name) or by_path.get(shown_path(name))
        if there is None:
            raise ApiProblem(
                f"{collection} has forgotten nothing of the hash or path {name}",
                code=ErrorCode.IMAGE_NOT_FOUND,
            )
        hashes += there
    return list(dict.fromkeys(hashes))


async def _all(api: OrchestratorApi, collection: str) -> AsyncIterator[ForgottenReply]:
    after: str | None = None
    while True:
        page = await api.list_forgotten(collection, limit=_A_PAGE, after=after)
        for one in page.forgotten:
            yield one
        after = page.next_after
        if after is None:
            return
