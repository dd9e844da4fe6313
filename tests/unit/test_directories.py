"""A folder has one path, however it was typed, and lies in the roots or not."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.local_files.directories import (
    checked_directory,
    true_path,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import OpenFolders
from ingestion_orchestration_fastapi_app.adapters.local_files.walking import gone_files
from ingestion_orchestration_fastapi_app.api.library.folders.folder_names import meant_folder
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.errors import DirectoryNotAllowed, DirectoryNotFound

NFC, NFD = "Café", unicodedata.normalize("NFD", "Café")


def folding(top: Path) -> Callable[[bytes], bytes]:
    """Where a file system that knows no case would find it."""

    def really(path: bytes) -> bytes:
        found = os.fsencode(top)
        if not path.startswith(found + b"/"):
            return path
        for name in path[len(found) + 1 :].split(b"/"):
            names = os.listdir(found) if os.path.isdir(found) else []
            found += b"/" + next((one for one in names if one.lower() == name.lower()), name)
        return found

    return really


@pytest.mark.parametrize(("there", "typed"), [(NFC, NFD), (NFD, NFC), (NFC, NFC), (NFD, NFD)])
def test_a_folder_is_found_however_its_letters_are_encoded(
    tmp_path: Path, there: str, typed: str
) -> None:
    (tmp_path / there / "a").mkdir(parents=True)
    found = checked_directory(
        f"{tmp_path}/{typed}/a", roots=[true_path(os.fsencode(tmp_path / typed))]
    )
    assert found == os.fsencode(tmp_path / there / "a")


def test_of_two_names_that_look_the_same_the_typed_one_is_meant(tmp_path: Path) -> None:
    for name in (NFC, NFD):
        (tmp_path / name).mkdir()
        assert true_path(os.fsencode(tmp_path / name)) == os.fsencode(tmp_path / name)


def test_where_case_counts_another_case_is_another_folder(tmp_path: Path) -> None:
    (tmp_path / "Trip").mkdir()
    with pytest.raises(DirectoryNotFound):
        checked_directory(f"{tmp_path}/trip", roots=[os.fsencode(tmp_path)])
    (tmp_path / "trip").mkdir()
    for name in ("Trip", "trip"):
        found = checked_directory(f"{tmp_path}/{name}", roots=[os.fsencode(tmp_path)])
        assert found == os.fsencode(tmp_path / name)


def test_where_no_case_is_known_a_folder_has_the_name_that_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Trip/Été").mkdir(parents=True)
    really, lstat = folding(tmp_path), os.lstat
    monkeypatch.setattr(os, "lstat", lambda path: lstat(really(os.fsencode(path))))
    for typed in ("Trip/Été", "trip/Été", "TRIP/Été"):
        assert true_path(os.fsencode(tmp_path / typed)) == os.fsencode(tmp_path / "Trip/Été")


def test_after_a_rename_of_case_alone_the_old_name_is_gone_where_both_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "trip/b.jpg", "B.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    really = folding(tmp_path)
    monkeypatch.setattr(
        OpenFolders, "status", lambda folders, path: os.stat(really(path), follow_symlinks=False)
    )
    names = [b"a.jpg", b"A.jpg", b"trip/b.jpg", b"Trip/b.jpg", b"trip/B.jpg", b"B.jpg", b"c.jpg"]
    below = os.fsencode(tmp_path)
    paths = [below + b"/" + name for name in names]
    gone = gone_files.are_gone(paths, below=below, rules=ExcludeRules())
    assert gone == [False, True, False, True, True, False, True]


def test_links_and_dots_are_followed_to_where_they_lead(tmp_path: Path) -> None:
    (tmp_path / "real/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real/deep")
    (tmp_path / "loop").symlink_to("loop")
    for typed, where in [("link/..", "real"), ("link/./x", "real/deep/x"), ("a//b/../c", "a/c")]:
        assert true_path(os.fsencode(f"{tmp_path}/{typed}")) == os.fsencode(tmp_path / where)
    assert true_path(os.fsencode(tmp_path / "loop")) == os.fsencode(tmp_path / "loop")
    assert true_path(b"/") == b"/"
    with pytest.raises(DirectoryNotAllowed):
        checked_directory(
            str(tmp_path / "link"), roots=[true_path(os.fsencode(tmp_path / "link/x"))]
        )


@pytest.mark.parametrize(("known", "typed"), [(NFC, NFD), (NFD, NFC), (NFD, NFD)])
def test_a_folder_that_is_not_there_any_more_is_meant_by_what_looks_like_it(
    known: str, typed: str
) -> None:
    folders = [b"/no such/a", os.fsencode(f"/no such/{known}"), b"/no such/\xff"]
    assert meant_folder(f"/no such/{typed}", folders) == folders[1]
    assert meant_folder("/no such/b/../a/", folders) == folders[0]
    assert meant_folder("/no such/\\xff", folders) == folders[2]
    assert meant_folder("/no such/c", folders) == b"/no such/c"


def test_of_two_folders_that_look_the_same_neither_is_guessed() -> None:
    folders = [os.fsencode(f"/no such/{name}/Cafe\u0301") for name in (NFC, NFD)]
    for folder in folders:
        assert meant_folder(os.fsdecode(folder), folders) == folder
    asked = f"/no such/{NFC}/{NFC}"
    assert meant_folder(asked, folders) == os.fsencode(asked)
