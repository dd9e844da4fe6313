"""What an orchestrator that cannot start says, and with which status it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.services import free_ports
from tests.e2e.conftest import Services, running, service_pair
from tests.e2e.rest import rest

LIMIT_S = 300


def started(
    data_dir: Path, *, bound: Sequence[str] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """`bound`: a command that runs it with fewer rights."""
    return subprocess.run(
        [*bound, sys.executable, "-m", "ingestion_orchestration_fastapi_app"],
        env={
            **os.environ,  # noqa: TID251  # a child's environment
            "DATA_DIR": str(data_dir),
            "ORCHESTRATOR_PORT": str(free_ports(1)[0]),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_a_second_orchestrator_on_a_data_folder_ends_with_its_code(services: Services) -> None:
    ended = started(services.data_dir)
    assert ended.returncode == 1
    assert "ERR_DATA_FOLDER_LOCKED: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_ledger_that_is_none_is_said_and_left_alone(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    ledger.write_bytes(b"this is no database" * 500)
    ended = started(tmp_path)
    assert ended.returncode == 1
    assert "ERR_STORE_WRITE: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ledger.read_bytes() == b"this is no database" * 500


def test_a_setting_that_is_not_valid_is_named(tmp_path: Path) -> None:
    ended = started(tmp_path, MAX_RUNNING_JOBS="many")
    assert ended.returncode == 2
    assert "max_running_jobs" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_data_folder_that_may_not_be_written_is_one_line_with_advice(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o555)
    bound: list[str] = []
    if os.geteuid() == 0:  # who may write everything, unless that right is taken away
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("root without setpriv(1)")
        bound = [setpriv, "--bounding-set=-dac_override"]
    ended = started(folder, bound=bound)
    assert ended.returncode == 1
    [line] = [line for line in ended.stderr.splitlines() if '"info"' not in line]
    assert line.startswith(f"ERR_DATA_FOLDER: The data folder {folder} cannot be used by user id ")
    assert "Permission denied" in line
    assert "DATA_DIR" in line


def test_everything_that_is_stored_is_its_users_alone(tmp_path: Path) -> None:
    pair = service_pair(tmp_path)
    with running(pair):
        with rest(pair.orchestrator.url) as api:
            api.ingested(pair.pictures)
        found = [pair.data_dir, *pair.data_dir.rglob("*")]
        assert any(one.suffix == ".lance" and one.is_file() for one in found)
        assert [one for one in found if one.lstat().st_mode & 0o077] == []
