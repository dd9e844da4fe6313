"""A scan ends on any tree, follows no link, and names every file once under its deepest root."""

from __future__ import annotations

import errno
import itertools
import os
import socket
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.adapters.local_files.filesystem import LocalFiles
from ingestion_orchestration_fastapi_app.adapters.local_files.mounts import mount_number
from ingestion_orchestration_fastapi_app.adapters.local_files.walking import file_walk
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
from utils.contract import ErrorCode

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
