"""A service that is killed while pictures come in: nothing half stays, nothing whole is lost."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import fail_after, sleep

from tests.component.test_uploads_rest import BOUNDARY, GOOD, noisy, part

pytestmark = pytest.mark.anyio
PATIENCE_S = 120


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    module = [sys.executable, "-m", "tests.component.crowded_orchestrator"]
    with subprocess.Popen(
        [*module, str(folder), "512", "asyncio"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        assert child.stdout is not None
        try:
            yield int(child.stdout.readline()), child
        finally:
            child.kill()


def files_in(folder: Path) -> dict[str, int]:
    inbox = folder / "data" / "inbox"
    found = [one for one in inbox.rglob("*") if one.is_file()]
    return {one.name: one.stat().st_size for one in found}


def half_written(folder: Path) -> list[int]:
    return [size for name, size in files_in(folder).items() if name.endswith(".part")]


async def images(http: httpx.AsyncClient) -> list[str]:
    """When no job is unfinished any more."""
    while True:
        jobs = (await http.get("/jobs")).json()["jobs"]
        if jobs and all(job["state"] == "completed" for job in jobs):
            listed = (await http.get("/images")).json()["images"]
            return sorted(image["filename"] for image in listed)
        await sleep(0.05)


def upload_half(port: int) -> socket.socket:
    body = GOOD + part("half.png", noisy(1200))[:3_000_000]
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    client.sendall(
        b"POST /api/v1/ingest/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n"
        b"Content-Type: multipart/form-data; boundary=%s\r\n\r\n" % BOUNDARY.encode()
    )
    client.sendall(body)
    return client


async def is_half_there(folder: Path) -> None:
    while "good.png" not in files_in(folder) or max([*half_written(folder), 0]) < 1_000_000:
        await sleep(0.02)


async def test_a_service_that_is_killed_half_way_keeps_the_whole_and_drops_the_half(
    tmp_path: Path,
) -> None:
    (tmp_path / "photos").mkdir()
    with fail_after(PATIENCE_S):
        with serving(tmp_path) as (port, child), upload_half(port):
            await is_half_there(tmp_path)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        assert half_written(tmp_path)
        with serving(tmp_path) as (port, _):
            base = f"http://127.0.0.1:{port}/api/v1"
            async with httpx.AsyncClient(base_url=base, timeout=60) as http:
                assert await images(http) == ["good.png"]
        assert list(files_in(tmp_path)) == ["good.png"]


async def test_a_client_that_leaves_half_way_loses_only_what_was_not_finished(
    tmp_path: Path,
) -> None:
    (tmp_path / "photos").mkdir()
    with fail_after(PATIENCE_S), serving(tmp_path) as (port, _):
        with upload_half(port):
            await is_half_there(tmp_path)
        base = f"http://127.0.0.1:{port}/api/v1"
        async with httpx.AsyncClient(base_url=base, timeout=60) as http:
            assert await images(http) == ["good.png"]
        while list(files_in(tmp_path)) != ["good.png"]:
            await sleep(0.02)


def lived(folder: Path, *fatal: str) -> Any:
    """None where it died."""
    command = [sys.executable, "-m", "tests.component.uploading_orchestrator", str(folder), *fatal]
    done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_S)
    if done.returncode == -signal.SIGKILL:
        return None
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return json.loads((folder / "result.json").read_text())


@pytest.mark.parametrize(
    ("step", "phase", "kept"),
    [
        ("note", "before", []),
        ("place", "before", []),
        ("place", "after", ["red.png"]),
        ("end", "before", ["blue.png", "red.png"]),
        ("end", "after", ["blue.png", "red.png"]),
    ],
)
def test_what_was_placed_before_a_kill_is_imported_after_it(
    tmp_path: Path, step: str, phase: str, kept: list[str]
) -> None:
    assert lived(tmp_path, step, phase) is None
    assert lived(tmp_path)["images"] == kept
    assert sorted(files_in(tmp_path)) == kept
