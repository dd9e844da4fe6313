"""What an orchestrator that cannot start says, and with which status it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import Services, free_ports

LIMIT_S = 60


def started(data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingestion_orchestration_fastapi_app"],
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
