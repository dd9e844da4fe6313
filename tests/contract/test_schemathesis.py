"""schemathesis, all of its checks, finds nothing: over HTTP, with a key, on a populated collection.

It runs as its users run it, in a process of its own. What it may see without it being a fault
stands in schemathesis/*.toml, with reasons.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from ml_inference_fastapi_app.backends.registry import BACKENDS
from tests.component.inference_fakes import FakeEmbedder, eventually, served
from tests.component.search_library import searched

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(1200)]

CONFIGS = Path(__file__).parent / "schemathesis"
KEY = "the-key"
# They change which images there are, which the other operations look for: tried after these.
CHANGING = (
    "upload_images",
    "forget_image",
    "forget_selection",
    "rename_collection",
    "delete_collection",
    "forget_root",
    "remove_root",
)


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """An app whose lifespan has begun, on a free loopback port. Yields its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off", ws="none")
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # they are pytest's
    async with anyio.create_task_group() as tg:
        tg.start_soon(server.serve)
        while not server.started:
            await anyio.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True


async def it_finds_nothing(
    service: str, url: str, folder: Path, *options: str, examples: int
) -> None:
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--no-color"),
        *("--config-file", str(CONFIGS / f"{service}.toml")),
        *("run", f"{url}/openapi.json", "--header", f"X-API-Key: {KEY}", "--checks", "all"),
        *("--max-examples", str(examples), "--generation-deterministic"),
        *("--continue-on-failure", *options),
    ]
    done = await anyio.run_process(command, check=False, cwd=folder)
    if done.returncode:
        pytest.fail((done.stdout + done.stderr).decode(), pytrace=False)


async def test_it_finds_nothing_in_the_orchestrator(tmp_path: Path) -> None:
    headers = {"X-API-Key": KEY}
    async with (
        searched(tmp_path, "indexed", rows=600, api_key=KEY, headers=headers) as library,
        listening(library.running.app) as url,
    ):
        left = [option for name in CHANGING for option in ("--exclude-operation-id", name)]
        await it_finds_nothing("orchestrator", url, tmp_path, *left, examples=8)
        assert (await library.running.get("/collections/default"))["count"] == 613
        taken = [option for name in CHANGING for option in ("--include-operation-id", name)]
        phases = ("--phases", "examples,coverage,fuzzing")  # links come from what is left out here
        await it_finds_nothing("orchestrator", url, tmp_path, *taken, *phases, examples=20)


async def test_it_finds_nothing_in_the_inference_service(tmp_path: Path) -> None:
    async with served(
        FakeEmbedder(),  # replaced by the tiny model
        load=BACKENDS["torch"].load_clip,
        clip_model="tiny-shapes",
        clip_pretrained="",
        ml_offline=True,
        ml_max_batch=8,
        api_key=KEY,
    ) as service:
        async with httpx.AsyncClient(base_url=service.url, timeout=60) as client:

            async def is_ready() -> bool:
                return (await client.get("/health/ready")).status_code == 200

            await eventually(is_ready)
        await it_finds_nothing("inference", service.url, tmp_path, examples=15)
