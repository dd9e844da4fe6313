"""Connections that do nothing take no descriptor that an import needs."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from anyio import fail_after, sleep

from tests.component.orchestrator_app import paint

pytestmark = pytest.mark.anyio

IDLE, BURSTS = 1100, 3
IMAGES = 60
DESCRIPTORS = 1024  # what many systems allow a process
PATIENCE_S = 120


@contextmanager
def crowded(folder: Path, descriptors: int, *, loop: str) -> Iterator[tuple[int, list[str]]]:
    """The port of an orchestrator that may open so many descriptors; what it has logged."""
    command = [sys.executable, "-m", "tests.component.crowded_orchestrator"]
    told: list[str] = []
    with (folder / "log").open("w+") as log:
        with subprocess.Popen(
            [*command, str(folder), str(descriptors), loop],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as child:
            assert child.stdout is not None
            try:
                yield int(child.stdout.readline()), told
            finally:
                child.terminate()
        log.seek(0)
        told += log.readlines()


def paint_some(folder: Path) -> None:
    for number in range(IMAGES):
        paint(folder / "photos" / f"{number % 7}" / f"{number}.gif", "red", side_px=60 + number)


async def started(http: httpx.AsyncClient, folder: Path) -> str:
    asked = await http.post("/ingest", json={"directory_path": str(folder / "photos")})
    return str(asked.json()["job_id"])


async def check_undisturbed(http: httpx.AsyncClient, job_id: str) -> None:
    with fail_after(PATIENCE_S):
        while True:
            job = (await http.get(f"/jobs/{job_id}")).json()
            if job["state"] in ("completed", "failed"):
                break
            await sleep(0.05)  # the end of a job sets no event here
    assert (job["state"], job["reason"]) == ("completed", None)
    assert (job["counts"]["embedded"], job["counts"]["failed"]) == (IMAGES, 0)
    assert not [line for line in job["log"] if line["event"] == "job_paused"]


async def test_idle_connections_beside_an_import_do_not_fail_it(
    tmp_path: Path,
) -> None:
    paint_some(tmp_path)
    with crowded(tmp_path, DESCRIPTORS, loop="asyncio") as (port, _), ExitStack() as held:
        for _ in range(IDLE):
            held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
        base = f"http://127.0.0.1:{port}/api/v1"
        async with httpx.AsyncClient(base_url=base, timeout=60) as http:
            await check_undisturbed(http, await started(http, tmp_path))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_connections_that_all_come_at_once_take_no_descriptor_of_an_import(
    tmp_path: Path, loop: str
) -> None:
    paint_some(tmp_path)
    with crowded(tmp_path, DESCRIPTORS, loop=loop) as (port, told), ExitStack() as held:
        base = f"http://127.0.0.1:{port}/api/v1"
        async with httpx.AsyncClient(base_url=base, timeout=60) as http:
            job_id = await started(http, tmp_path)
            for _ in range(BURSTS):
                for _ in range(IDLE):
                    one = held.enter_context(socket.socket())
                    one.setblocking(False)
                    one.connect_ex(("127.0.0.1", port))
                async with httpx.AsyncClient(base_url=base, timeout=60) as other:
                    assert (await other.get("/collections")).status_code == 200
            await check_undisturbed(http, job_id)
    assert told == [], "nothing is said of descriptors"
