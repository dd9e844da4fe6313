"""How a command of `photoseek` calls the API, and how it says that something is wrong."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, NoReturn

import anyio
import httpx
import typer
from pydantic import ValidationError
from rich.console import Console

from ingestion_orchestration_fastapi_app.adapters.data_folder.local_secret import read_local_secret
from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.program import called
from ingestion_orchestration_fastapi_app.cli.up import launcher
from ingestion_orchestration_fastapi_app.cli.view.output import print_note
from ingestion_orchestration_fastapi_app.domain.files.identity import COLLECTION_NAME
from ingestion_orchestration_fastapi_app.domain.inference.tiny_model import DEMO_DATA
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.contract import API_PREFIX, MAX_PATH_CHARACTERS
from utils.web.problem_responses import validation_text

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}  # to `run_module`


def collection_name(text: str) -> str:
    """Raises typer.BadParameter where no collection can have the name."""
    if COLLECTION_NAME.fullmatch(text) is None:
        raise typer.BadParameter(
            f"{text!r} is no collection's name: letters, digits, and _ . - behind the first of "
            "them, 63 at most"
        )
    return text


Collection = Annotated[str, typer.Option(callback=collection_name, help="Name of the collection.")]
Url = Annotated[
    str | None,
    typer.Option(
        help="Where the orchestrator answers, as in the browser's address line.",
        show_default="from ORCHESTRATOR_HOST and ORCHESTRATOR_PORT",
    ),
]


def call(run: Callable[[OrchestratorApi, Console], Awaitable[int]], url: str | None) -> None:
    """Runs one command against the API. Exits 1 with code and detail when there is a problem."""
    settings = load_settings()
    own = launcher.http_url(settings.orchestrator_host, settings.orchestrator_port)
    where = own if url is None else base_url(url)
    key = settings.api_key.get_secret_value() if settings.api_key else None
    # For this machine's service alone: to any other it would be given away.
    is_here = where == own or httpx.URL(where).host in launcher.LOOPBACK
    secret = _local_secret(settings) if is_here else None

    async def told() -> int:
        async with OrchestratorApi(where, api_key=key, local_secret=secret) as api:
            return await run(api, Console())

    try:
        raise typer.Exit(anyio.run(told))
    except ApiProblem as problem:
        fail(str(problem))
    except KeyboardInterrupt:
        fail(f"Interrupted. A job that was started goes on; see `{called('status')}`.")


def _local_secret(settings: Settings) -> str | None:
    """That of the demo, too, where it runs in this folder: nobody sets its DATA_DIR."""
    return read_local_secret(settings.data_dir) or read_local_secret(DEMO_DATA)


def base_url(text: str) -> str:
    """What `--url` means: a scheme may be left out, and the address of a page of it will do.

    Raises:
        typer.BadParameter: it is no address of a web service.
    """
    whole = text.strip() if "://" in text else f"http://{text.strip()}"
    try:
        url = httpx.URL(whole)
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise typer.BadParameter(f"{text!r} is no address: {exc}", param_hint="--url") from exc
    if url.scheme not in ("http", "https") or not url.host or len(text.split()) != 1:
        raise typer.BadParameter(
            f"{text!r} is no address like http://127.0.0.1:8002", param_hint="--url"
        )
    path = url.path.removesuffix("/").removesuffix(API_PREFIX).removesuffix("/docs")
    return str(url.copy_with(path=path or "/", query=None, fragment=None)).rstrip("/")


def absolute(path: str) -> str:
    """As the services need it: they may run in another folder. Raises typer.BadParameter."""
    return carried(os.path.realpath(os.path.expanduser(path)))


def carried(path: str) -> str:
    """The path, if a call can carry it.

    Raises:
        typer.BadParameter: JSON cannot carry the name, or it is longer than any.
    """
    if len(path) > MAX_PATH_CHARACTERS:
        raise typer.BadParameter(f"a path has at most {MAX_PATH_CHARACTERS:,} characters")
    try:
        path.encode()
    except UnicodeEncodeError as exc:
        raise typer.BadParameter("a name that is not UTF-8; name the folder above it") from exc
    return path


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
        fail(f"A setting is not valid: {validation_text(exc)}")


def fail(text: str) -> NoReturn:
    print_note(text, style="red")
    raise typer.Exit(1)
