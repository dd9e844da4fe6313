"""The `photoseek` command: its words, put together."""

from __future__ import annotations

import os
from typing import Annotated

import anyio
import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.calls import (
    Collection,
    absolute,
    fail,
    load_settings,
    require_inference_parts,
)
from ingestion_orchestration_fastapi_app.cli.commands.annotations.albums import albums
from ingestion_orchestration_fastapi_app.cli.commands.annotations.sidecars import sidecars
from ingestion_orchestration_fastapi_app.cli.commands.bench import bench
from ingestion_orchestration_fastapi_app.cli.commands.collections import collections
from ingestion_orchestration_fastapi_app.cli.commands.doctor import doctor
from ingestion_orchestration_fastapi_app.cli.commands.evaluate import evaluate
from ingestion_orchestration_fastapi_app.cli.commands.importing.ingest import ingest
from ingestion_orchestration_fastapi_app.cli.commands.importing.roots import roots
from ingestion_orchestration_fastapi_app.cli.commands.importing.upload import upload
from ingestion_orchestration_fastapi_app.cli.commands.jobs import jobs
from ingestion_orchestration_fastapi_app.cli.commands.kinds.caption import caption
from ingestion_orchestration_fastapi_app.cli.commands.kinds.duplicates import duplicates
from ingestion_orchestration_fastapi_app.cli.commands.models import models
from ingestion_orchestration_fastapi_app.cli.commands.pictures.annotate import annotate
from ingestion_orchestration_fastapi_app.cli.commands.pictures.browse import browse
from ingestion_orchestration_fastapi_app.cli.commands.pictures.folders import folders
from ingestion_orchestration_fastapi_app.cli.commands.pictures.forget import forget, forgotten
from ingestion_orchestration_fastapi_app.cli.commands.pictures.search import search
from ingestion_orchestration_fastapi_app.cli.commands.status import status
from ingestion_orchestration_fastapi_app.cli.commands.transfer.export import export, exports
from ingestion_orchestration_fastapi_app.cli.commands.transfer.importing import import_export
from ingestion_orchestration_fastapi_app.cli.commands.verify import verify
from ingestion_orchestration_fastapi_app.cli.up.run import Plan, demo_plan, up
from ingestion_orchestration_fastapi_app.cli.view.text import never_fail_on_encoding
from utils.process.version import installed_version

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"photoseek {installed_version()}")
        raise typer.Exit


@app.callback()
def photoseek(
    *,
    version: Annotated[  # its callback has done all
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print which version this is."
        ),
    ] = False,
) -> None:
    """Search your photos by meaning, on your own machines.

    Start with `photoseek up --photos DIR`, or see it at work with `photoseek up --demo`.
    The other commands talk to services that run already.
    """


@app.command("up")
def up_command(
    photos: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of photos to import.")
    ] = None,
    collection: Collection = "default",
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Draw some pictures and use the tiny model on them.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Stop after the import and the example searches.")
    ] = False,
) -> None:
    """Start both services, import photos, show a few searches, and serve until Ctrl-C.

    Run again on the same folder it only does what changed. Without --photos and --demo it
    only serves. The exit status is 1 also where Photoseek runs already: it says where, and how
    to add photos to it.
    """
    if demo and photos is not None:
        raise typer.BadParameter("--demo brings its own pictures: leave out --photos.")
    if photos is not None:
        photos = absolute(photos)
        if not os.path.isdir(photos):
            raise typer.BadParameter(f"{photos} is no folder.", param_hint="--photos")
    settings = load_settings()
    require_inference_parts()
    if demo:
        try:
            plan = demo_plan(settings, collection=collection, once=once)
        except FileNotFoundError:
            fail("The demo is made in the working directory, which was removed.")
    else:
        plan = Plan(settings, collection, photos=photos, once=once)
    raise typer.Exit(anyio.run(up, plan, Console(soft_wrap=False)))


app.command()(ingest)
app.command()(upload)
app.command()(search)
app.command()(browse)
app.command()(annotate)
app.command()(forget)
app.add_typer(forgotten, name="forgotten")
app.command()(status)
app.command()(verify)
app.command()(duplicates)
app.command("eval")(evaluate)
app.command()(caption)
app.command()(export)
app.command("import")(import_export)
app.command()(doctor)
app.add_typer(jobs, name="jobs")
app.add_typer(roots, name="roots")
app.add_typer(folders, name="folders")
app.add_typer(collections, name="collections")
app.add_typer(exports, name="exports")
app.add_typer(albums, name="albums")
app.add_typer(sidecars, name="sidecars")
app.add_typer(models, name="models")
app.add_typer(bench, name="bench")


def run() -> None:
    never_fail_on_encoding()
    app(prog_name="photoseek")
