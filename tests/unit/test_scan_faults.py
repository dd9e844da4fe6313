"""What a scan says of folders that cannot be listed now, or not at all."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path
from typing import Any

import pytest

from ingestion_orchestration_fastapi_app.adapters.local_files.walking import file_walk
from ingestion_orchestration_fastapi_app.domain.scanning.found import (
    ScanFault,
    ScanStalled,
)
from tests.picture_files import put, root_of
from tests.unit.test_scan import BYTES, library, scanned
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("lacking", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
async def test_a_folder_is_not_blamed_for_descriptors_that_lack_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: int
) -> None:
    monkeypatch.setattr(file_walk, "_BETWEEN_TRIES_S", 0.01)
    names = {f"{folder}/{number}.jpg" for folder in ("a", "a/b", "c") for number in range(5)}
    for name in names:
        put(tmp_path / name, BYTES)
    opened, listed = os.open, os.scandir
    calls = itertools.count()

    def at_times(does: Any) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            if next(calls) % 19 == 9:
                raise OSError(lacking, os.strerror(lacking))
            return does(*args, **more)

        return call

    monkeypatch.setattr(os, "open", at_times(opened))
    monkeypatch.setattr(os, "scandir", at_times(listed))
    files, faults = await scanned(tmp_path)
    assert sorted(os.fsdecode(file.path) for file in files) == sorted(names)
    assert not [fault for fault in faults if "became another" not in fault.detail]

    def never(*args: Any, **more: Any) -> Any:
        raise OSError(lacking, os.strerror(lacking))

    monkeypatch.setattr(os, "open", never)
    await check_stall(tmp_path, monkeypatch, opened, ErrorCode.OVERLOADED, os.strerror(lacking))


@pytest.mark.parametrize("failing", [errno.EIO, errno.ESTALE])
async def test_a_folder_whose_file_system_fails_is_listed_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    for number in range(15):
        put(tmp_path / f"{number}.jpg", BYTES)
    opened = os.open

    def fails(*args: Any, **more: Any) -> Any:
        raise OSError(failing, os.strerror(failing))

    monkeypatch.setattr(os, "open", fails)
    await check_stall(tmp_path, monkeypatch, opened, ErrorCode.FILE_READ, os.strerror(failing))


async def check_stall(
    folder: Path, monkeypatch: pytest.MonkeyPatch, opened: Any, code: ErrorCode, said: str
) -> None:
    """A scan that stalls says so as often as it is asked, and then goes on where it was."""
    groups = library().scan(os.fsencode(folder), recursive=True, roots=[root_of(folder)])
    for _ in range(2):
        stalled = await anext(groups)
        assert isinstance(stalled, ScanStalled)
        assert stalled.fault.code is code
        assert said in stalled.fault.detail
    monkeypatch.setattr(os, "open", opened)
    found = [group async for group in groups]
    assert sum(len(group) for group in found if isinstance(group, list)) == 15
    assert not [group for group in found if isinstance(group, ScanFault | ScanStalled)]


async def test_a_folder_that_cannot_be_listed_is_a_fault_and_its_neighbours_go_on(
    tmp_path: Path,
) -> None:
    put(tmp_path / "good/1.jpg", BYTES)
    files, faults = await scanned(tmp_path / "missing", root_of(tmp_path))
    assert not files
    assert [fault.display_path for fault in faults] == [str(tmp_path / "missing")]
    if os.geteuid() == 0:
        return  # root may list everything
    put(tmp_path / "locked/2.jpg", BYTES)
    (tmp_path / "locked").chmod(0)
    files, faults = await scanned(tmp_path)
    (tmp_path / "locked").chmod(0o700)
    assert [file.path for file in files] == [b"good/1.jpg"]
    assert len(faults) == 1
