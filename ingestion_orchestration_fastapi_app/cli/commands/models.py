"""`photoseek models`: passed on to a process that may import torch."""

from __future__ import annotations

import typer

from ingestion_orchestration_fastapi_app.cli.calls import PASSED_ON, run_module

models = typer.Typer(
    help="The models' weights: what is there, fetching it, checking it.", no_args_is_help=True
)


@models.command("list", context_settings=PASSED_ON)
def models_list(context: typer.Context) -> None:
    """List the models in the cache folder, and a few well-known choices. Options: --json."""
    _run("list", context.args)


@models.command("pull", context_settings=PASSED_ON)
def models_pull(context: typer.Context) -> None:
    """Fetch the weights that CLIP_MODEL and CLIP_PRETRAINED name, once.

    Options: --model, --pretrained, --json.
    """
    _run("pull", context.args)


@models.command("verify", context_settings=PASSED_ON)
def models_verify(context: typer.Context) -> None:
    """Load a model, embed a picture and a text, and say what it is.

    Options: --model, --pretrained, --json.
    """
    _run("verify", context.args)


def _run(action: str, options: list[str]) -> None:
    run_module("ml_inference_fastapi_app.models", [action, *options])
