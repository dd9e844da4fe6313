"""`photoseek bench`: how fast this machine is at it."""

from __future__ import annotations

from pathlib import Path

import typer

from ingestion_orchestration_fastapi_app.cli_calls import PASSED_ON, fail, run_module

CHECKOUT = Path(__file__).parent.parent  # where an editable install runs from

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
    """The whole way of JPEGs, beside the bound that this machine allows and a baseline.

    Options: --count, --megapixels, --rounds, --json.
    """
    run_benchmark("ingest", context.args)


def run_benchmark(name: str, options: list[str], *, checkout: Path = CHECKOUT) -> None:
    """`benchmarks/{name}.py`, whose memory is then nobody else's."""
    if not (checkout / "benchmarks" / f"{name}.py").is_file():
        fail(
            "The benchmarks are part of the source tree, not of an installed package or of a "
            "container: run this in a checkout, after `make install`."
        )
    run_module(f"benchmarks.{name}", options, folder=checkout)
