"""One process a data folder, and how much may still be written there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.data_folder import private_files
from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import (
    check_usable,
    free_bytes,
    held_for_up,
    locked_data_folder,
    prepared_cache,
    prepared_store,
)
from ingestion_orchestration_fastapi_app.errors import DataFolderLocked, DataFolderUnusable
from utils.contract import ErrorCode

REPOSITORY = Path(__file__).parents[2]
HOLD = """
import sys
from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import locked_data_folder
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


def test_who_starts_both_services_is_alone_too_and_finds_one_that_was_started_otherwise(
    tmp_path: Path,
) -> None:
    check_usable(tmp_path / "new")
    assert not (tmp_path / "new").exists()
    with held_for_up(tmp_path):
        with pytest.raises(DataFolderLocked), held_for_up(tmp_path):
            pass
        with pytest.raises(DataFolderLocked):
            check_usable(tmp_path)
        with locked_data_folder(tmp_path):  # as its own child does
            pass
    check_usable(tmp_path)
    with locked_data_folder(tmp_path), pytest.raises(DataFolderLocked), held_for_up(tmp_path):
        pass


LONG = "x" * 300


@pytest.mark.parametrize("place", ["a file", "a file/below", LONG])
def test_what_can_be_no_folder_is_told_with_the_user_and_the_setting(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "a file").touch()
    folder = str(tmp_path / place)

    def entered(held: AbstractContextManager[None]) -> None:
        with held:
            pass

    uses: tuple[tuple[str, Callable[[], None]], ...] = (
        ("DATA_DIR", lambda: entered(locked_data_folder(folder))),
        ("DATA_DIR", lambda: entered(held_for_up(folder))),
        ("STORE_URI", lambda: prepared_store(folder)),
        *((("DATA_DIR", lambda: check_usable(folder)),) if place != LONG else ()),
        ("DISKCACHE_DIR", lambda: prepared_cache(folder)),
    )
    for setting, use in uses:
        with pytest.raises(DataFolderUnusable) as refused:
            use()
        assert refused.value.code is ErrorCode.DATA_FOLDER
        assert f"user id {os.geteuid()}" in refused.value.detail
        assert setting in refused.value.detail
        assert len(refused.value.detail.splitlines()) == 1


def modes(folder: Path) -> dict[str, int]:
    """Of the folder and everything below it."""
    found = [folder, *folder.rglob("*")]
    return {str(one.relative_to(folder)): one.lstat().st_mode & 0o777 for one in found}


def filled(folder: Path, *files: str) -> Path:
    """As an earlier version left it, readable by all."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
        (folder / name).chmod(0o644)
    for one in [folder, *folder.rglob("*")]:
        if one.is_dir():
            one.chmod(0o755)
    return folder


OLD = (
    "photoseek.lock",
    "up.lock",
    "local-secret",
    "ledger.sqlite",
    "ledger.sqlite-wal",
    "ledger.sqlite-shm",
    "store/cats.lance/data/1.lance",
    "cache/vectors/cache.db",
    "logs/orchestrator.log",
)


def test_a_folder_that_was_open_to_others_is_closed_with_all_that_is_in_it(tmp_path: Path) -> None:
    folder = filled(tmp_path / "data", *OLD)
    with locked_data_folder(folder):
        assert {mode for name, mode in modes(folder).items() if name in OLD} == {0o600}
        assert {mode for name, mode in modes(folder).items() if name not in OLD} == {0o700}


def test_an_empty_folder_and_a_new_one_are_closed_too(tmp_path: Path) -> None:
    filled(tmp_path / "empty")
    (tmp_path / "empty").mkdir(mode=0o755)
    for name in ("empty", "new"):
        with locked_data_folder(tmp_path / name):
            assert modes(tmp_path / name) == {".": 0o700, "photoseek.lock": 0o600}


def test_in_a_folder_of_others_only_what_is_photoseeks_is_closed(tmp_path: Path) -> None:
    folder = filled(tmp_path / "home", *OLD, "letter.txt", "photos/a.jpg")
    with locked_data_folder(folder):
        found = modes(folder)
    assert (found["."], found["letter.txt"], found["photos"]) == (0o755, 0o644, 0o755)
    assert found["photos/a.jpg"] == 0o644
    assert {found[name] for name in OLD} == {0o600}
    assert (found["store"], found["store/cats.lance/data"]) == (0o700, 0o700)


def test_a_store_and_a_cache_that_were_set_apart_are_closed(tmp_path: Path) -> None:
    store = filled(tmp_path / "store", "cats.lance/data/1.lance", ".torn/2/x")
    prepared_store(str(store))
    cache = filled(tmp_path / "cache", "vectors/cache.db", "pictures/00/11/x.val")
    prepared_cache(cache)
    shared = filled(tmp_path / "shared", "cats.lance/data/1.lance", "letter.txt")
    prepared_store(str(shared))
    assert {mode & 0o077 for mode in (modes(store) | modes(cache)).values()} == {0}
    found = modes(shared)
    assert (found["."], found["letter.txt"], found["cats.lance"]) == (0o755, 0o644, 0o700)
    prepared_store("s3://bucket/prefix")


def test_links_in_it_are_not_followed(tmp_path: Path) -> None:
    letter = filled(tmp_path / "elsewhere", "letter.txt") / "letter.txt"
    folder = filled(tmp_path / "data", "store/cats.lance/1")
    (folder / "ledger.sqlite").symlink_to(letter)
    (folder / "store/linked").symlink_to(letter.parent)
    with locked_data_folder(folder):
        pass
    assert modes(tmp_path / "elsewhere") == {".": 0o755, "letter.txt": 0o644}


def test_of_a_very_large_store_the_upper_folders_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_files, "MAX_LOOKED_AT", 3)
    folder = filled(tmp_path / "data", *(f"store/cats.lance/{n}" for n in range(9)))
    with locked_data_folder(folder):
        found = modes(folder)
    assert (found["."], found["store"], found["store/cats.lance"]) == (0o700, 0o700, 0o700)
    assert 0o644 in found.values()
