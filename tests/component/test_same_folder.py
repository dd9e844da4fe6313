"""A folder that is mounted twice has one path in a collection, and each picture one point."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.component.test_mounts import may_mount


@pytest.mark.skipif(not may_mount(), reason="only root may mount, and not in every container")
def test_no_picture_is_there_twice_where_a_folder_is_mounted_twice(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.component.alias_mounts", str(tmp_path)]
    ended = subprocess.run(
        ["unshare", "-m", *command], check=False, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    steps = json.loads(ended.stdout.splitlines()[-1])
    assert steps == {  # pictures, unchanged ones, folders passed over, roots
        "inner": [3, 0, 0, ["part"]],
        "inner again": [3, 3, 0, ["part"]],
        "above": [6, 0, 1, ["part", "whole"]],
        "above again": [6, 3, 1, ["part", "whole"]],
        "with mounts": [7, 0, 1, ["photos"]],  # what is excluded at its own place is met
        "again": [7, 3, 0, ["photos"]],
        "part": [7, 3, 0, ["photos"]],
    }
