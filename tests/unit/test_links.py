"""What is behind a link is neither met nor read, whenever the link came to be."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from ingestion_orchestration_fastapi_app.adapters.local_files.filesystem import LocalFiles
from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import (
    FOLDER,
    OpenFolders,
    open_path,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.file_walk import walk
from ingestion_orchestration_fastapi_app.domain.files.file import File
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Skipped
from ingestion_orchestration_fastapi_app.domain.scanning.found import ScanFault
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from tests.fakes import root_threads
from tests.picture_files import encoded, file_at, put, root_of, scene, xmp
from utils.contract import ErrorCode
from utils.problems import Rejected

pytestmark = pytest.mark.anyio
PHOTO = encoded(scene(40, 30))
SECRET = encoded(scene(50, 30))
RULES = ExcludeRules()


def walked(directory: Path) -> Iterator[object]:
    return walk(os.fsencode(directory), recursive=True, roots=[root_of(directory)], rules=RULES)


@contextmanager
def flipping(folder: Path, target: Path) -> Iterator[None]:
    """The folder and a link to the target take turns, as fast as they can."""
    aside, over = folder.with_name("aside"), Event()

    def flip() -> None:
        while not over.wait(0.001):
            folder.rename(aside)
            folder.symlink_to(target)
            folder.unlink()
            aside.rename(folder)

    thread = Thread(target=flip)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_folder_that_becomes_a_link_after_it_was_met_is_not_walked(tmp_path: Path) -> None:
    put(tmp_path / "outside/secret.jpg", SECRET)
    put(tmp_path / "in/a.jpg", PHOTO)
    put(tmp_path / "in/trip/b.jpg", PHOTO)
    items = walked(tmp_path / "in")
    seen: list[object] = []
    for item in items:
        seen.append(item)
        if isinstance(item, File) and item.path == b"a.jpg":
            (tmp_path / "in/trip").rename(tmp_path / "moved")
            (tmp_path / "in/trip").symlink_to(tmp_path / "outside")
    assert [item.path for item in seen if isinstance(item, File)] == [b"a.jpg"]
    faults = [item.path for item in seen if isinstance(item, ScanFault)]
    assert faults == [os.fsencode(tmp_path / "in/trip")]


def test_a_folder_that_is_replaced_while_it_is_listed_is_a_fault(tmp_path: Path) -> None:
    put(tmp_path / "in/trip/b.jpg", PHOTO)
    seen = []
    for item in walked(tmp_path / "in/trip"):
        seen.append(item)
        if isinstance(item, File):
            (tmp_path / "in/trip").rename(tmp_path / "moved")
            (tmp_path / "in/trip").mkdir()
    assert isinstance(seen[-1], ScanFault)


def test_a_walk_in_which_folders_flip_into_links_meets_nothing_behind_them(tmp_path: Path) -> None:
    for number in range(20):
        put(tmp_path / f"outside/deep/secret{number}.jpg", SECRET)
        put(tmp_path / f"in/trip/deep/{number}.jpg", PHOTO)
    met: set[bytes] = set()
    with flipping(tmp_path / "in/trip", tmp_path / "outside"):
        for _ in range(300):
            met |= {item.path for item in walked(tmp_path / "in") if isinstance(item, File)}
    assert met
    assert not any(b"secret" in path for path in met)


async def test_a_file_is_not_read_through_a_folder_that_flips_into_a_link(tmp_path: Path) -> None:
    put(tmp_path / "outside/a.jpg", SECRET)
    put(tmp_path / "outside/a.xmp", xmp(title="Secret"))
    put(tmp_path / "in/trip/a.xmp", xmp(title="Mine"))
    file = put(tmp_path / "in/trip/a.jpg", PHOTO)
    file = File(file.root, file.path, file.stat, (b"a.xmp",))
    library = LocalFiles(root_threads(1), max_file_bytes=10_000_000)
    read = 0
    with flipping(tmp_path / "in/trip", tmp_path / "outside"):
        for _ in range(300):
            opened = await library.open(file)
            if isinstance(opened, Rejected):
                assert opened.code is ErrorCode.FILE_NOT_FOUND
                continue
            assert not isinstance(opened, Skipped)
            content = await opened.read()
            await opened.close()
            if isinstance(content, Content):
                read += 1
                assert content.data == PHOTO
                assert content.metadata.title in ("Mine", None)
    assert read


@pytest.mark.parametrize("linked", ["trip", "trip/deep", "trip/deep/a.jpg"])
async def test_no_part_of_a_path_may_be_a_link(tmp_path: Path, linked: str) -> None:
    put(tmp_path / "in/trip/deep/a.jpg", PHOTO)
    file = file_at(tmp_path / "in/trip/deep/a.jpg")
    path = tmp_path / "in" / linked
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    opened = await LocalFiles(root_threads(1), max_file_bytes=10_000_000).open(file)
    assert not hasattr(opened, "read")
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        open_path(file.absolute, os.O_RDONLY)


@pytest.mark.parametrize("path", [b"relative", b"/tmp/../etc", b"/./etc", b""])
def test_a_path_that_is_not_normalised_leads_nowhere(path: bytes) -> None:
    with pytest.raises(FileNotFoundError):
        open_path(path, FOLDER)


def test_a_tree_of_3000_levels_is_walked_with_few_descriptors(tmp_path: Path) -> None:
    """Far beyond the longest path that a call may name; with a file and a twig at each level."""
    depth = 3000
    at = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=at)
        os.mkdir("e", dir_fd=at)
        os.close(os.open("f.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=at))
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, used + 80), hard))
    try:
        items = list(walked(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        _remove_deep(tmp_path, depth)
    assert sum(isinstance(item, File) for item in items) == depth
    assert not [item for item in items if isinstance(item, ScanFault)]


def _remove_deep(top: Path, depth: int) -> None:
    """pytest's own removal goes by path, and stack."""
    path = os.fsencode(top)
    with OpenFolders() as folders:
        for level in range(depth - 1, -1, -1):
            at = folders.listing(path + b"/d" * level)
            os.rmdir("d", dir_fd=at)
            os.rmdir("e", dir_fd=at)
            os.unlink("f.jpg", dir_fd=at)
            os.close(at)


def test_folders_that_are_kept_open_are_few_and_closed_at_the_end(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}/a").mkdir(parents=True)
    before = len(os.listdir("/proc/self/fd"))
    with OpenFolders(most=5) as folders:
        for number in [*range(30), *range(30)]:
            folders.through(os.fsencode(tmp_path / f"{number}/a"))
            assert len(os.listdir("/proc/self/fd")) <= before + 5
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_folder_that_may_be_gone_through_need_not_be_listable(tmp_path: Path) -> None:
    """As `/home` is for most."""
    file = put(tmp_path / "home/me/a.jpg", PHOTO)
    (tmp_path / "home").chmod(0o311)
    try:
        os.close(open_path(file.absolute, os.O_RDONLY))
        assert [item.path for item in walked(tmp_path / "home/me") if isinstance(item, File)]
    finally:
        (tmp_path / "home").chmod(0o700)
