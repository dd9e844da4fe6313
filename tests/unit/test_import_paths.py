"""Of folders and files that lie in one another each file is met once, and none is left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    import_request,
    scanned_parts,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import ImportPath
from ingestion_orchestration_fastapi_app.domain.scanning.import_paths import in_order, merged
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules

HIDDEN = b".hidden"


def passes_over(path: bytes, *, below: bytes, is_folder: bool) -> bool:
    """As a scan does that excludes hidden folders, and no file."""
    folder = path if is_folder else path.rpartition(b"/")[0]
    return any(name == HIDDEN for name in folder[len(below) :].split(b"/"))


def folder(path: bytes) -> ImportPath:
    return ImportPath(path, is_file=False)


def file(path: bytes) -> ImportPath:
    return ImportPath(path, is_file=True)


def test_what_lies_in_another_folder_is_left_to_its_scan() -> None:
    asked = [folder(b"/p/a/b"), file(b"/p/a/x.jpg"), folder(b"/p/a"), folder(b"/p/ab")]
    found = merged(asked, recursive=True, passes_over=passes_over)
    assert found == (folder(b"/p/a"), folder(b"/p/ab"))


def test_without_what_lies_deeper_only_files_right_in_a_folder_are_left_to_it() -> None:
    asked = [folder(b"/p/a/b"), file(b"/p/a/x.jpg"), file(b"/p/a/c/y.jpg"), folder(b"/p/a")]
    found = merged(asked, recursive=False, passes_over=passes_over)
    assert found == (file(b"/p/a/c/y.jpg"), folder(b"/p/a"), folder(b"/p/a/b"))


def test_what_a_scan_passes_over_is_scanned_where_it_is_named() -> None:
    asked = [folder(b"/p"), folder(b"/p/.hidden"), file(b"/p/.hidden/x"), file(b"/p/a/.hidden/y")]
    found = merged(asked, recursive=True, passes_over=passes_over)
    assert found == (file(b"/p/a/.hidden/y"), folder(b"/p"), folder(b"/p/.hidden"))


def test_files_come_first_then_the_newest_folders() -> None:
    day_ns = 24 * 3600 * 10**9
    paths = (folder(b"/p/2022"), file(b"/p/x.jpg"), folder(b"/p/2023"), folder(b"/p/new"))
    mtimes_ns = {b"/p/2022": 0, b"/p/2023": 1, b"/p/new": 9 * day_ns, b"/p/x.jpg": 0}
    assert in_order(paths, mtimes_ns) == (
        file(b"/p/x.jpg"),
        folder(b"/p/new"),
        folder(b"/p/2023"),
        folder(b"/p/2022"),
    )


def test_files_of_one_folder_are_one_part_of_the_scan() -> None:
    paths = (file(b"/p/a/x"), file(b"/y"), file(b"/p/a/z"), folder(b"/q"))
    request = import_request("default", paths[0].path, paths=paths)
    parts = scanned_parts(request, recursive=True)
    assert [(part.folder, part.recursive, part.names) for part in parts] == [
        (b"/p/a", False, {b"x", b"z"}),
        (b"/", False, {b"y"}),
        (b"/q", True, None),
    ]


NAMES = st.sampled_from([b"a", b"b", HIDDEN])
FOLDERS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: b"/" + b"/".join(names))
PATHS = FOLDERS.map(folder) | FOLDERS.map(lambda path: file(path + b"/x.jpg"))


@given(st.lists(PATHS, max_size=8), st.booleans())
def test_every_path_is_met_by_one_part_and_by_no_other(
    asked: list[ImportPath], recursive: bool
) -> None:
    kept = merged(asked, recursive=recursive, passes_over=passes_over)
    assert len(set(kept)) == len(kept)
    for one in asked:
        meeting = [
            each
            for each in kept
            if each == one or (not each.is_file and meets(each, one, recursive))
        ]
        if one.is_file or recursive:
            assert len(meeting) == 1
        else:
            assert one in kept


def meets(folder: ImportPath, path: ImportPath, recursive: bool) -> bool:
    above = folder.path + b"/"
    if not path.path.startswith(above):
        return not path.is_file and path == folder
    if passes_over(path.path, below=folder.path, is_folder=not path.is_file):
        return False
    return recursive or (path.is_file and b"/" not in path.path[len(above) :])


def test_no_rule_speaks_of_the_folder_that_is_named() -> None:
    assert not ExcludeRules().excludes_file(b"/p/.hidden/x.jpg")
