"""`photoseek bench`: how fast this machine is at it."""

from __future__ import annotations

from pathlib import Path

import typer

from ingestion_orchestration_fastapi_app.cli.calls import PASSED_ON, fail, run_module

CHECKOUT = Path(__file__).parents[3]  # where an editable install runs from

bench = typer.Typer(
    help="Measure this machine, with generated files and services of its own.",
    no_args_is_help=True,
)


@bench.callback()
def _group() -> None:
    """One benchmark a command."""


@bench.command("raw", context_settings=PASSED_ON)
def bench_raw(context: typer.Context) -> None:
    """RAW by its embedded preview, against developing it and against decoding JPEGs.

    Options: --count, --megapixels, --rounds, --json.
    """
    run_benchmark("raw", context.args)


@bench.command("ingest", context_settings=PASSED_ON)
def bench_ingest(context: typer.Context) -> None:
    """The whole way of photos, beside the bound that this machine allows and a baseline.

    Options: --photos DIR, or --count and --megapixels; --model, --rounds, --json.
    """
    run_benchmark("ingest", context.args)


@bench.command("library", context_settings=PASSED_ON)
def bench_library(context: typer.Context) -> None:
    """A large library of tiny files: memory, and the speed of looking again.

    Options: --count, --json.
    """
    run_benchmark("library", context.args)


@bench.command("browse", context_settings=PASSED_ON)
def bench_browse(context: typer.Context) -> None:
    """Pages, timeline, facets, map and folders of a large collection, without a service.

    Options: --count, --json.
    """
    run_benchmark("browse", context.args)


@bench.command("app", context_settings=PASSED_ON)
def bench_app(context: typer.Context) -> None:
    """The web app with a large library: how soon Chromium shows pictures, and what it holds.

    Options: --count, --quick, --json. It needs Chromium and Playwright (`make install`).
    """
    run_benchmark("app", context.args)


@bench.command("thumbnails", context_settings=PASSED_ON)
def bench_thumbnails(context: typer.Context) -> None:
    """A page of thumbnails of a large collection, over six connections as a browser has them.

    Options: --count, --rounds, --json.
    """
    run_benchmark("thumbnails", context.args)


@bench.command("search", context_settings=PASSED_ON)
def bench_search(context: typer.Context) -> None:
    """A large store and its index: how fast and how well it is searched, and what that costs.

    Options: --rows, --rounds, --json. With 1,000,000 rows it takes half an hour and 6 GB of disk.
    """
    run_benchmark("search", context.args)


@bench.command("duplicates", context_settings=PASSED_ON)
def bench_duplicates(context: typer.Context) -> None:
    """A search for duplicates in a large collection: time of each class, and memory.

    Options: --count, --json.
    """
    run_benchmark("duplicates", context.args)


@bench.command("inference", context_settings=PASSED_ON)
def bench_inference(context: typer.Context) -> None:
    """The inference service through HTTP, beside its own engine called in-process.

    Options: --model, --pretrained, --images, --megapixels, --rounds, --quick, --plot FILE, --json.
    """
    run_benchmark("inference", context.args)


@bench.command("threads", context_settings=PASSED_ON)
def bench_threads(context: typer.Context) -> None:
    """Decode threads by model threads of the inference service: is the default near the best?

    Options: --model, --pretrained, --counts, --images, --batch, --megapixels, --rounds, --json.
    """
    run_benchmark("threads", context.args)


@bench.command("hostile", context_settings=PASSED_ON)
def bench_hostile(context: typer.Context) -> None:
    """Clients that mean harm: the longest that each blocks a service, and the memory it takes.

    Options: --quick, --json.
    """
    run_benchmark("hostile", context.args)


def run_benchmark(name: str, options: list[str], *, checkout: Path = CHECKOUT) -> None:
    """`benchmarks/{name}.py`, whose memory is then nobody else's."""
    if not (checkout / "benchmarks" / f"{name}.py").is_file():
        fail(
            "The benchmarks are part of the source tree, not of an installed package or of a "
            "container: run this in a checkout, after `make install`."
        )
    run_module(f"benchmarks.{name}", options, folder=checkout)
