"""How a command of `photoseek` calls the API, and how it says that something is wrong."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, NoReturn

import anyio
import typer
from pydantic import ValidationError
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.progress import print_plain
from ingestion_orchestration_fastapi_app.cli.up import launcher
from ingestion_orchestration_fastapi_app.settings import Settings

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}  # to `run_module`
Url = Annotated[
    str | None,
    typer.Option(
        help="Where the orchestrator answers.",
        show_default="from ORCHESTRATOR_HOST and ORCHESTRATOR_PORT",
    ),
]


def call(run: Callable[[OrchestratorApi, Console], Awaitable[int]], url: str | None) -> None:
    """Runs one command against the API. Exits 1 with code and detail when there is a problem."""
    settings = load_settings()
    where = url or launcher.http_url(settings.orchestrator_host, settings.orchestrator_port)
    key = settings.api_key.get_secret_value() if settings.api_key else None

    async def told() -> int:
        async with OrchestratorApi(where.rstrip("/"), api_key=key) as api:
            return await run(api, Console())

    try:
        raise typer.Exit(anyio.run(told))
    except ApiProblem as problem:
        fail(str(problem))
    except KeyboardInterrupt:
        fail("Interrupted. A job that was started goes on; see `photoseek status`.")


def require_inference_parts() -> None:
    if importlib.util.find_spec("torch") is None:
        fail("The inference service's parts are not installed: pip install 'photoseek[inference]'")


def run_module(module: str, options: list[str], *, folder: Path | None = None) -> NoReturn:
    """In a process of its own, and in `folder`: this one never imports torch.

    Its options are its own affair; its exit status becomes ours.
    """
    require_inference_parts()
    command = launcher.python_module(module, *options)
    ended = subprocess.run(command, check=False, cwd=folder)  # noqa: S603  # this very interpreter
    raise typer.Exit(ended.returncode if ended.returncode in {0, 1, 2} else 1)


def load_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as exc:
        lines = [f"{str(one['loc'][0]).upper()}: {one['msg']}" for one in exc.errors()]
        fail("These settings are not valid:\n" + "\n".join(lines))


def fail(text: str) -> NoReturn:
    print_plain(Console(stderr=True), text, style="red")
    raise typer.Exit(1)
