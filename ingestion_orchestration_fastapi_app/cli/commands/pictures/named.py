"""Pictures as a command is told them: by id or by file, as arguments or on the standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated
from uuid import UUID

import typer

from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.view.text import shown_path
from utils.contract import MAX_PATH_CHARACTERS, ErrorCode, FilterSpec
from utils.contract.browsing.orders import BrowseOrder, BrowseSort
from utils.contract.images import MAX_SELECTION

_STANDARD_INPUT = "-"
_ALIKE = 50  # paths that begin with the one that is looked for: it is the first of them

Named = Annotated[
    list[str],
    typer.Argument(
        metavar="ID|FILE...",
        help="Ids, or files as they were imported; - reads them, one a line or ended by NUL.",
    ),
]


def names_of(named: Sequence[str]) -> list[str]:
    """With those of the standard input in the place of `-`. Raises typer.BadParameter."""
    names: list[str] = []
    for one in named:
        names += _read() if one == _STANDARD_INPUT else [one]
    if not names:
        raise typer.BadParameter("no picture was named", param_hint="ID|FILE")
    return names


def _read() -> list[str]:
    data = sys.stdin.buffer.read()
    parts = data.split(b"\0") if b"\0" in data else data.splitlines()
    return [os.fsdecode(part) for part in parts if part]


async def ids_of(api: OrchestratorApi, names: Sequence[str], collection: str) -> list[UUID]:
    """Each once, in their order. Raises ApiProblem for a file that the collection does not hold."""
    found: dict[UUID, None] = {}
    for name in names:
        found |= dict.fromkeys(await _ids(api, name, collection))
    return list(found)


async def _ids(api: OrchestratorApi, name: str, collection: str) -> list[UUID]:
    """Of a file in two roots there are two."""
    try:
        return [UUID(name)]
    except ValueError:
        pass
    path = shown_path(name)
    ids = []
    if len(path) <= MAX_PATH_CHARACTERS:
        page = await api.list_images(
            collection,
            filters=FilterSpec(path_prefix=path),
            sort=BrowseSort.PATH,
            order=BrowseOrder.ASC,
            limit=_ALIKE,
        )
        ids = [UUID(one.id) for one in page.images if one.path == path]
    if not ids:
        raise ApiProblem(
            f"{collection} holds no image of the id or path {name}", code=ErrorCode.IMAGE_NOT_FOUND
        )
    return ids


def groups(ids: Sequence[UUID]) -> Iterator[list[str]]:
    """As many as one call takes."""
    left = iter(ids)
    while group := [str(one) for one in islice(left, MAX_SELECTION)]:
        yield group
