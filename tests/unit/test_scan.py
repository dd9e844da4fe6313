"""A scan ends on any tree, follows no link, and names every file once under its deepest root."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.adapters.local_files.filesystem import LocalFiles
from ingestion_orchestration_fastapi_app.adapters.local_files.mounts import mount_number
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.file_walk import MAX_GROUP
from ingestion_orchestration_fastapi_app.domain.files.file import File, Root
from ingestion_orchestration_fastapi_app.domain.files.identity import deepest_root, root_at
from ingestion_orchestration_fastapi_app.domain.scanning.found import (
    Linked,
    Mounted,
    ScanFault,
    ScanStalled,
)
from ingestion_orchestration_fastapi_app.ports.library import Library
from tests.fakes import root_threads
from tests.picture_files import LONG_AGO_NS, put, root_of

pytestmark = pytest.mark.anyio
BYTES = b"the scan opens no file"


def library() -> Library:
    return LocalFiles(root_threads(2), max_file_bytes=1000)


async def scanned(
    directory: Path, *roots: Root, recursive: bool = True
) -> tuple[list[File], list[ScanFault]]:
    files: list[File] = []
    faults: list[ScanFault] = []
    found = library().scan(
        os.fsencode(directory), recursive=recursive, roots=roots or (root_of(directory),)
    )
    async for group in found:
        if isinstance(group, Mounted | Linked):
            continue
        assert not isinstance(group, ScanStalled)
        if isinstance(group, ScanFault):
            faults.append(group)
        else:
            assert 0 < len(group) <= MAX_GROUP
            files.extend(group)
    return files, faults


async def test_a_scan_finds_every_regular_file_once(tmp_path: Path) -> None:
    names = {f"{folder}/{number}.jpg" for folder in ("a", "a/b", "c") for number in range(5)}
    for name in names:
        put(tmp_path / name, BYTES)
    files, faults = await scanned(tmp_path)
    assert sorted(os.fsdecode(file.path) for file in files) == sorted(names)
    assert not faults
    assert all(file.absolute == os.fsencode(tmp_path) + b"/" + file.path for file in files)
    assert all(file.stat.mtime_ns == LONG_AGO_NS for file in files)


async def test_a_flat_scan_stays_in_its_folder(tmp_path: Path) -> None:
    put(tmp_path / "here.jpg", BYTES)
    put(tmp_path / "below/there.jpg", BYTES)
    files, _ = await scanned(tmp_path, recursive=False)
    assert [file.path for file in files] == [b"here.jpg"]


async def test_many_files_come_in_groups(tmp_path: Path) -> None:
    for number in range(2500):
        (tmp_path / f"{number}.jpg").touch()
    files, _ = await scanned(tmp_path)
    assert len({file.path for file in files}) == 2500


async def test_each_file_belongs_to_the_deepest_root(tmp_path: Path) -> None:
    outer, inner = root_of(tmp_path), root_of(tmp_path / "a/b")
    put(tmp_path / "a/1.jpg", BYTES)
    put(tmp_path / "a/b/2.jpg", BYTES)
    put(tmp_path / "a/b/c/3.jpg", BYTES)
    put(tmp_path / "a/bc/4.jpg", BYTES)
    files, _ = await scanned(tmp_path / "a", outer, inner)
    assert {(file.root.id, file.path) for file in files} == {
        (outer.id, b"a/1.jpg"),
        (inner.id, b"2.jpg"),
        (inner.id, b"c/3.jpg"),
        (outer.id, b"a/bc/4.jpg"),
    }


async def test_links_are_not_followed_and_loops_end(tmp_path: Path) -> None:
    put(tmp_path / "outside/secret.jpg", BYTES)
    inside = tmp_path / "inside"
    put(inside / "1.jpg", BYTES)
    (inside / "loop").symlink_to(inside)
    (inside / "out").symlink_to(tmp_path / "outside")
    (inside / "file.jpg").symlink_to(tmp_path / "outside/secret.jpg")
    (inside / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    files, faults = await scanned(inside)
    assert [file.path for file in files] == [b"1.jpg"]
    assert not faults


async def test_names_as_long_as_names_may_be_are_found(tmp_path: Path) -> None:
    name = "n" * 251 + ".jpg"
    put(tmp_path / ("f" * 255) / name, BYTES)
    files, faults = await scanned(tmp_path)
    assert [file.path for file in files] == [f"{'f' * 255}/{name}".encode()]
    assert not faults


async def test_a_hundred_thousand_files_in_one_folder_come_in_groups(tmp_path: Path) -> None:
    for number in range(100_000):
        os.close(os.open(tmp_path / f"{number:06d}.jpg", os.O_CREAT | os.O_WRONLY))
    groups = [
        len(group)
        async for group in library().scan(
            os.fsencode(tmp_path), recursive=True, roots=[root_of(tmp_path)]
        )
        if isinstance(group, list)
    ]
    assert sum(groups) == 100_000
    assert max(groups) <= MAX_GROUP


async def test_names_that_are_no_utf8_and_what_is_no_file_are_survived(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9\xff.jpg"
    Path(os.fsdecode(name)).write_bytes(BYTES)
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.jpg"))
        files, faults = await scanned(tmp_path)
    assert [found.path for found in files] == [b"caf\xe9\xff.jpg"]
    assert not faults


@given(st.lists(st.sampled_from([b"a", b"b", b"ab", b"c"]), min_size=1, max_size=5))
def test_the_deepest_root_is_a_prefix_by_whole_names(parts: list[bytes]) -> None:
    folder = b"/" + b"/".join(parts)
    roots = [
        Root(UUID(int=number), path)
        for number, path in enumerate([b"/", b"/a", b"/a/b", b"/a/b/c", b"/ab", b"/b"])
    ]
    found = deepest_root(folder, roots)
    assert found is not None
    inside = [
        root for root in roots if root.path == b"/" or (folder + b"/").startswith(root.path + b"/")
    ]
    assert found == max(inside, key=lambda root: len(root.path))


async def test_file_systems_are_told_before_their_files(tmp_path: Path) -> None:
    put(tmp_path / "a.jpg", BYTES)
    os.mkdir(tmp_path / "below")
    directory = os.fsencode(tmp_path)
    found = library().scan(directory, recursive=True, roots=[root_of(tmp_path)])
    first, *others = [group async for group in found]
    assert isinstance(first, Mounted)
    assert first == Mounted(directory, mount_number(directory) or 0)
    assert not any(isinstance(group, Mounted) for group in others)


async def test_links_that_are_passed_over_are_told_of_but_for_excluded_ones(tmp_path: Path) -> None:
    put(tmp_path / "deep/er/a.jpg", BYTES)
    for name in ("file.jpg", "deep/folder", "deep/er/dangling", ".hidden", "@eaDir"):
        (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    for number in range(MAX_GROUP + 5):
        (tmp_path / f"deep/er/{number}").symlink_to("nowhere")
    found = library().scan(os.fsencode(tmp_path), recursive=True, roots=[root_of(tmp_path)])
    linked = [group async for group in found if isinstance(group, Linked)]
    assert all(len(group.paths) <= MAX_GROUP for group in linked)
    met = {os.fsdecode(path) for group in linked for path in group.paths}
    assert len(met) == MAX_GROUP + 8
    assert {str(tmp_path / name) for name in ("file.jpg", "deep/folder")} <= met


@pytest.mark.skipif(
    not os.path.isdir("/dev/shm") or os.stat("/dev").st_dev == os.stat("/dev/shm").st_dev,
    reason="no mount that every user may look at",
)
async def test_a_mount_within_a_folder_is_told() -> None:
    found = library().scan(b"/dev", recursive=True, roots=[root_at(b"/dev")])
    mounts = [group async for group in found if isinstance(group, Mounted)]
    numbers = {mounted.path: mounted.device for mounted in mounts}
    assert numbers[b"/dev/shm"] == mount_number(b"/dev/shm") != numbers[b"/dev"]


async def test_gone_is_only_what_a_scan_would_have_met(tmp_path: Path) -> None:
    put(tmp_path / "there.jpg", BYTES)
    os.symlink("nowhere", tmp_path / "link.jpg")
    os.mkdir(tmp_path / "folder.jpg")
    names = {
        b"there.jpg": False,
        b"link.jpg": True,  # what was imported is not there
        b"folder.jpg": True,
        b"missing.jpg": True,
        b"missing/too.jpg": True,
        b"there.jpg/no folder.jpg": True,
        b".hidden.jpg": False,
        b".hidden/a.jpg": False,
        b"a/@eaDir/a.jpg": False,
        b"x" * 300: False,  # no answer is no proof
    }
    below = os.fsencode(tmp_path)
    paths = [below + b"/" + name for name in names]
    assert await library().gone(paths, below=below) == list(names.values())
    folders = [below + b"/folder.jpg", below + b"/there.jpg", below + b"/missing"]
    assert await library().gone(folders, below=below, are_folders=True) == [False, True, True]
