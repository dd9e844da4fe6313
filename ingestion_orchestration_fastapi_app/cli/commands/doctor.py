"""`photoseek doctor`: how files are read, to be pasted into a bug report. No service is asked."""

from __future__ import annotations

import os
from typing import Annotated

import anyio
import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.calls import load_settings
from ingestion_orchestration_fastapi_app.cli.view.output import Json, print_json, print_plain
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.web.logs import setup_logging

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Files, of any kind.")]


def doctor(
    files: Files,
    *,
    paths: Annotated[
        bool, typer.Option("--paths", help="Name files by their whole path, not by their name.")
    ] = False,
    values: Annotated[
        bool, typer.Option("--values", help="Show titles, texts, keywords and places as they are.")
    ] = False,
    json: Json = False,
) -> None:
    """Say of files what they are, how they are read, how long it takes, and what fails and why.

    Fit to be pasted into a bug report: it holds no pixels, no folder, no text and no place, unless
    you ask for them. Nothing is imported, and no service is needed. The exit status is 1 where a
    file failed.
    """
    settings = load_settings()
    setup_logging("CRITICAL")  # what becomes of a decoder is told in the answer
    places = [os.fsencode(_place(file)) for file in files]
    raise typer.Exit(
        anyio.run(_examined, settings, places, _Form(paths=paths, values=values, json=json))
    )


class _Form:
    def __init__(self, *, paths: bool, values: bool, json: bool) -> None:
        self.paths, self.values, self.json = paths, values, json


async def _examined(settings: Settings, places: list[bytes], form: _Form) -> int:
    # Here: what decodes takes longer to load than most commands to run.
    from ingestion_orchestration_fastapi_app.doctor.examiner import opened_examiner
    from ingestion_orchestration_fastapi_app.doctor.report import report, text, versions

    console, reports = Console(), []
    used = versions()
    if not form.json:
        print_plain(console, ", ".join(f"{name} {version}" for name, version in used.items()))
    async with opened_examiner(settings) as one:
        for place in places:
            said = report(await one.examine(place), paths=form.paths, values=form.values)
            reports.append(said)
            if not form.json:
                print_plain(console, text(said))
    if form.json:
        print_json(console, {"versions": used, "files": reports})
    return int(any(said["outcome"] == "failed" for said in reports))


def _place(file: str) -> str:
    """Absolute, without links on the way; one at its end stays one, as imports pass over links."""
    folder, name = os.path.split(os.path.abspath(file))
    return os.path.join(os.path.realpath(folder), name)
