"""Every file that Lance leaves reaches the disk before a write is acknowledged."""

from __future__ import annotations

import os
from pathlib import Path

import lancedb
import pyarrow as pa
import pytest
from lancedb.index import BTree

from ingestion_orchestration_fastapi_app.adapters.lance.sync import FolderSync, sync_path

pytestmark = pytest.mark.anyio


def everything(folder: str) -> set[str]:
    return {
        os.path.join(where, name) for where, folders, files in os.walk(folder) for name in files
    }


async def test_all_that_a_table_leaves_is_synced_once(tmp_path: Path) -> None:
    synced: list[str] = []
    folder = str(tmp_path / "t.lance")
    files = FolderSync(folder, sync_path=synced.append)
    table = await (await lancedb.connect_async(tmp_path)).create_table(
        "t", pa.table({"id": ["a", "b"]})
    )
    files.sync()
    before: set[str] = set()
    for change in (
        lambda: table.add(pa.table({"id": ["c"]})),
        lambda: table.delete("id = 'a'"),
        lambda: table.create_index("id", config=BTree()),
        table.optimize,
    ):
        before = everything(folder)
        await change()
        synced.clear()
        files.sync()
        new = everything(folder) - before
        assert new <= set(synced)
        folders = {os.path.dirname(path) for path in new}
        assert folders <= set(synced)  # a file's name is in its folder
        again = [path for path in synced if path in before]
        assert [os.path.basename(path) for path in again] in ([], ["latest_version_hint.json"])


def test_data_is_on_the_disk_before_the_manifest_that_names_it(tmp_path: Path) -> None:
    synced: list[str] = []
    for name in ("_versions", "data", "_deletions"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    FolderSync(str(tmp_path), sync_path=synced.append).sync()
    assert synced.index(str(tmp_path / "data" / "file")) < synced.index(
        str(tmp_path / "_versions" / "file")
    )
    assert str(tmp_path) in synced  # the folders themselves were new


def test_what_was_adopted_is_not_synced_again(tmp_path: Path) -> None:
    synced: list[str] = []
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "old").touch()
    files = FolderSync(str(tmp_path), sync_path=synced.append)
    files.adopt()
    (tmp_path / "data" / "new").touch()
    assert files.sync() == 1
    assert synced == [str(tmp_path / "data" / "new"), str(tmp_path / "data")]


def test_a_sync_that_failed_is_done_again(tmp_path: Path) -> None:
    broken = True
    synced: list[str] = []

    def sync(path: str) -> None:
        if broken:
            raise OSError("the disk is full")
        synced.append(path)

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").touch()
    files = FolderSync(str(tmp_path), sync_path=sync)
    with pytest.raises(OSError, match="full"):
        files.sync()
    broken = False
    files.sync()
    assert str(tmp_path / "data" / "file") in synced


def test_a_file_that_vanished_needs_no_sync(tmp_path: Path) -> None:
    sync_path(str(tmp_path / "never"))
    (tmp_path / "there").write_bytes(b"x")
    sync_path(str(tmp_path / "there"))
    sync_path(str(tmp_path))
