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

IDLE = 1100
DESCRIPTORS = 1024  # what many systems allow a process
PATIENCE_S = 120


@contextmanager
def crowded(folder: Path, descriptors: int) -> Iterator[int]:
    """The port of an orchestrator that may open so many descriptors."""
    command = [sys.executable, "-m", "tests.component.crowded_orchestrator"]
    with subprocess.Popen(
        [*command, str(folder), str(descriptors)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        try:
            yield int(child.stdout.readline())
        finally:
            child.terminate()


async def test_idle_connections_beside_an_import_do_not_fail_it(
    tmp_path: Path,
) -> None:
    for number in range(60):
        paint(tmp_path / "photos" / f"{number % 7}" / f"{number}.gif", "red", side_px=60 + number)
    with crowded(tmp_path, DESCRIPTORS) as port, ExitStack() as held:
        for _ in range(IDLE):
            held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
        base = f"http://127.0.0.1:{port}/api/v1"
        async with httpx.AsyncClient(base_url=base, timeout=60) as http:
            asked = {"directory_path": str(tmp_path / "photos")}
            job_id = (await http.post("/ingest", json=asked)).json()["job_id"]
            with fail_after(PATIENCE_S):
                while True:
                    job = (await http.get(f"/jobs/{job_id}")).json()
                    if job["state"] in ("completed", "failed"):
                        break
                    await sleep(0.05)  # the end of a job sets no event here
    assert (job["state"], job["reason"]) == ("completed", None)
    assert (job["counts"]["embedded"], job["counts"]["failed"]) == (60, 0)
    assert not [line for line in job["log"] if line["event"] == "job_paused"]
