"""A mount is known by what it shows, so one of the same disk is missed when it is not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.local_files import mounts
from ingestion_orchestration_fastapi_app.adapters.local_files.mounts import Mounts, mount_number


def may_mount() -> bool:
    try:
        tried = subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True)
    except OSError:
        return False
    return tried.returncode == 0


@pytest.mark.skipif(not may_mount(), reason="only root may mount, and not in every container")
def test_sync_forgets_nothing_below_a_bind_mount_that_is_not_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.component.bind_mounts", str(tmp_path)]
    ended = subprocess.run(
        ["unshare", "-m", *command], check=False, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    steps = json.loads(ended.stdout.splitlines()[-1])
    done = {"state": "completed", "removed": 0, "warned": False, "kept": 65}
    assert steps == {
        "first": done,
        "absent": {**done, "warned": True},
        "another": {**done, "warned": True},
        "back": {**done, "removed": 1, "kept": 64},
        "confirmed": {**done, "removed": 4, "kept": 60},
    }


TABLE = r"""
22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 8:1 /srv/nas /photos/nas rw shared:1 - ext4 /dev/sda1 rw
31 22 0:50 / /photos/my\040share rw shared:2 master:1 - nfs4 box:/volume1 rw
32 31 0:51 / /photos/my\040share rw - nfs4 box:/volume2 rw
broken
"""


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(TABLE)
    monkeypatch.setattr(mounts, "_MOUNTS", str(path))
    return path


def test_a_folder_is_at_the_closest_mount_point_above_it(table: Path) -> None:
    known = Mounts()
    for folder, point in [
        (b"/", b"/"),
        (b"/photos/a", b"/"),
        (b"/photos/nas", b"/photos/nas"),
        (b"/photos/nas/a/b", b"/photos/nas"),
        (b"/photos/my share/a", b"/photos/my share"),
        (b"/photos/nasty", b"/"),
    ]:
        assert known.point(folder, None) == point
        above = folder.rpartition(b"/")[0] or b"/"
        assert known.point(folder, known.point(above, None)) == point


def test_mounts_of_one_device_are_told_apart_by_what_they_show(table: Path) -> None:
    here = os.open("/", os.O_RDONLY)
    status = os.fstat(here)
    try:
        known = Mounts()
        points = (b"/", b"/photos/nas", b"/photos/my share")
        numbers = {known.number(point, here, status) for point in points}
        assert len(numbers) == 3
        assert all(-(2**63) <= number < 2**63 for number in numbers)
        again = Mounts()
        assert {again.number(point, here, status) for point in points} == numbers
        table.write_text(TABLE.replace("/dev/sda1", "/dev/sdb1").replace("30 22", "91 22"))
        assert Mounts().number(b"/photos/nas", here, status) in numbers
        table.write_text(TABLE.replace("volume2", "volume3"))
        assert Mounts().number(b"/photos/my share", here, status) not in numbers
    finally:
        os.close(here)


def test_where_no_table_of_mounts_is_the_device_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "_MOUNTS", str(tmp_path / "none"))
    assert mount_number(os.fsencode(tmp_path)) is not None
    assert mount_number(os.fsencode(tmp_path / "none")) is None
    (tmp_path / "link").symlink_to("/")
    assert mount_number(os.fsencode(tmp_path / "link")) is None
