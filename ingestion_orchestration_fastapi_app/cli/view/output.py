"""The forms of a command's answer: for people, plain lines, JSON, or records that NUL ends."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import AsyncIterable, Iterable, Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ingestion_orchestration_fastapi_app.cli.view.text import escaped_name, printable

Json = Annotated[
    bool, typer.Option("--json", help="Print the answer as JSON, in ASCII, and nothing else.")
]
Null = Annotated[
    bool, typer.Option("-0", "--null", help="End each record with NUL and escape nothing.")
]


class Form(StrEnum):
    """Of an answer. ROWS are a table on a terminal, otherwise lines with tabs between columns."""

    ROWS = "rows"
    JSON = "json"
    NULL = "null"


def form_of(*, json: bool, null: bool) -> Form:
    if json and null:
        raise typer.BadParameter("either --json or -0, not both")
    return Form.JSON if json else Form.NULL if null else Form.ROWS


def print_plain(console: Console, text: str, *, style: str | None = None) -> None:
    """Lines as they are: no markup and no folding, so that a path can be copied as one."""
    if console.is_terminal:
        console.print(Text(printable(text), style=style or ""), soft_wrap=True)
    else:
        console.file.write(printable(text) + "\n")  # rich would make spaces of tabs
        console.file.flush()


def print_note(text: str, *, style: str | None = "yellow") -> None:
    """Beside the answer, on the error output: it is no row."""
    print_plain(Console(stderr=True), text, style=style)


def print_json(console: Console, answer: object) -> None:
    """In ASCII: no terminal obeys it and any encoding carries it. `answer` is what JSON knows."""
    console.file.write(json_module.dumps(answer, indent=2) + "\n")
    console.file.flush()


def print_records(console: Console, records: Iterable[str]) -> None:
    """Raw, in the bytes of file names, each ended by NUL."""
    data = b"".join(os.fsencode(record) + b"\0" for record in records)
    binary = getattr(console.file, "buffer", None)
    if binary is None:
        console.file.write(os.fsdecode(data))
    else:
        binary.write(data)
    console.file.flush()


async def print_chunks(console: Console, chunks: AsyncIterable[bytes]) -> None:
    """UTF-8, as it comes: a chunk ends at a whole character where there are no bytes to write."""
    binary = getattr(console.file, "buffer", None)
    async for chunk in chunks:
        if binary is None:
            console.file.write(chunk.decode())
        else:
            binary.write(chunk)
    console.file.flush()


def print_rows(
    console: Console,
    form: Form,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str | None = None,
) -> None:
    """Cells are raw; only the last one is folded on a narrow terminal. A `title` is the first
    cell of each row where there is no table."""
    if form is Form.NULL or not console.is_terminal:
        kind = () if title is None else (title.lower(),)
        if form is Form.NULL:
            print_records(console, ("\t".join((*kind, *row)) for row in rows))
            return
        for row in rows:
            print_plain(console, "\t".join((*kind, *map(escaped_name, row))))
        return
    table = Table(title=title, title_justify="left", box=None)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column != columns[-1])
    for row in rows:
        table.add_row(*(escape(escaped_name(cell)) for cell in row))
    console.print(table)
