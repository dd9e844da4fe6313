"""One process a data folder, and how much may still be written there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.data_folder import (
    free_bytes,
    locked_data_folder,
)
from ingestion_orchestration_fastapi_app.errors import DataFolderLocked
from utils.contract import ErrorCode

REPOSITORY = Path(__file__).parents[2]
HOLD = """
import sys
from ingestion_orchestration_fastapi_app.adapters.data_folder import locked_data_folder
with locked_data_folder(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_that_another_process_holds_is_refused_until_that_process_dies(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(DataFolderLocked, match=str(child.pid)), locked_data_folder(tmp_path):
            pass
        child.kill()
        child.wait()
    with locked_data_folder(tmp_path):
        pass


def test_a_folder_is_made_held_once_and_given_back(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    for _ in range(2):
        with locked_data_folder(folder):
            assert folder.is_dir()
            with pytest.raises(DataFolderLocked) as refused, locked_data_folder(folder):
                pass
            assert refused.value.code is ErrorCode.DATA_FOLDER_LOCKED


def test_free_space_is_told_of_folders_that_are_not_there_yet(tmp_path: Path) -> None:
    there = free_bytes(tmp_path)
    not_yet = free_bytes(tmp_path / "a" / "b")
    assert there > 0
    assert abs(there - not_yet) < there * 0.1 + 2**30  # others write meanwhile


def test_the_lock_is_not_inherited_by_programs_that_are_started(tmp_path: Path) -> None:
    with (
        locked_data_folder(tmp_path),
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child,
    ):
        folder = f"/proc/{child.pid}/fd"
        held = {os.path.basename(os.readlink(f"{folder}/{fd}")) for fd in os.listdir(folder)}
        assert "photoseek.lock" not in held
        child.kill()
