"""`photoseek eval`: how well a search finds what captions say, with the model in use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, absolute, call, collection_name
from ingestion_orchestration_fastapi_app.cli.view.output import (
    Form,
    Json,
    print_json,
    print_note,
    print_plain,
    print_rows,
)
from ingestion_orchestration_fastapi_app.cli.view.progress import check_completed, follow
from ingestion_orchestration_fastapi_app.domain.evaluation.comparison import compared, lost_recall
from utils.contract import IngestRequest, JobReport, JobRequestBody


def evaluate(
    images: Annotated[str, typer.Option(metavar="DIR", help="The folder of images.")],
    captions: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Karpathy's JSON, Flickr8k's text, or TSV; without it folders are classes.",
        ),
    ] = None,
    collection: Annotated[
        str, typer.Option(callback=collection_name, help="Where the images are imported.")
    ] = "evaluation",
    url: Url = None,
    compare: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The --json of an earlier run: each figure beside it."),
    ] = None,
    most_lost: Annotated[
        float | None,
        typer.Option(
            "--most-lost",
            min=0,
            max=1,
            help="With --compare: exit with 1 where recall at 1 fell by more than that, as 0.003.",
        ),
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Import images, search for their captions, and say how far down their images stand.

    Stopped, it goes on where it was: `photoseek jobs`. Afterwards searches with this model say
    `calibrated`. Both folders are remembered as ones that may be imported.
    """
    if most_lost is not None and compare is None:
        raise typer.BadParameter("it is for --compare", param_hint="--most-lost")
    before = None if compare is None else _report_in(compare)
    folder = absolute(images)
    file = None if captions is None else absolute(captions)

    async def run(api: OrchestratorApi, console: Console) -> int:
        shown = Console(stderr=True) if json else console
        await api.ensure_collection(collection)
        await api.remember_root(folder)
        if file is not None:
            await api.remember_root(os.path.dirname(file))
        request = IngestRequest(directory_path=folder, collection=collection)
        imported = await api.start_ingest(request)
        check_completed(await follow(api, imported.job_id, shown))
        accepted = await api.start_job(
            JobRequestBody(kind="evaluate", collection=collection, options={"captions_path": file})
        )
        job = await follow(api, accepted.job_id, shown)
        found = await api.get_job_report(job.job_id)
        check_completed(job)
        if before is None:
            _print(console, found, json=json)
            return 0
        _print_compared(console, before, found, json=json)
        lost = lost_recall(before.figures, found.figures)
        if most_lost is None or lost <= most_lost:
            return 0
        print_note(f"Recall at 1 fell by {100 * lost:.2f} points.", style="red")
        return 1

    call(run, url)


def _report_in(file: str) -> JobReport:
    try:
        return JobReport.model_validate_json(Path(file).read_bytes())
    except OSError as exc:
        raise typer.BadParameter(f"{file}: {exc.strerror}", param_hint="--compare") from exc
    except ValidationError as exc:
        raise typer.BadParameter(
            f"{file} is no report that `photoseek eval --json` printed", param_hint="--compare"
        ) from exc


def _print(console: Console, found: JobReport, *, json: bool) -> None:
    if json:
        print_json(console, found.model_dump(mode="json"))
        return
    for line in figure_lines(found):
        print_plain(console, line)


def _print_compared(console: Console, before: JobReport, found: JobReport, *, json: bool) -> None:
    rows = compared(before.figures, found.figures)
    if json:
        beside = {
            one.name: {"before": one.before, "now": one.now, "difference": one.difference}
            for one in rows
        }
        print_json(console, {**found.model_dump(mode="json"), "compared": beside})
        return
    about = [
        (name, before.about.get(name, ""), found.about.get(name, ""), "")
        for name in sorted(before.about.keys() | found.about.keys())
    ]
    figures = [(one.name, *map(_shown, (one.before, one.now, one.difference))) for one in rows]
    print_rows(console, Form.ROWS, ("", "BEFORE", "NOW", "DIFFERENCE"), [*about, *figures])


def _shown(figure: float | None) -> str:
    return "" if figure is None else f"{figure:g}"


def figure_lines(found: JobReport) -> list[str]:
    return [
        *(f"{name}: {text}" for name, text in found.about.items()),
        *(f"{name}: {count:,}" for name, count in found.numbers.items()),
        *(f"{name}: {figure:g}" for name, figure in found.figures.items()),
    ]
