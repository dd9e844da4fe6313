"""Lists folders for who chooses what to import: by descriptors, and no link is followed."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from anyio import create_task_group, move_on_after

from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import OpenFolders
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.scanning.disk_folders import (
    FolderLook,
    FoldersBelow,
)
from ingestion_orchestration_fastapi_app.domain.scanning.foreign_files import (
    MARK_NAMES,
    is_marked,
)
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.errors import DirectoryNotFound
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads, note_alive

MOST_FOLDERS = 10_000  # of one folder
LIST_S = 5.0  # for a folder of many files, or on a slow share
LOOK_S = 2.0  # into all folders of a page: then no further one is looked into
HUNG_S = 3.0  # more than that: what was looked into is told
MOST_LOOKED_AT = 1_000  # entries of a folder, until one of them is a folder


class LocalFolders:
    """Implements `DiskFolders`, in the threads of the root that each path belongs to."""

    def __init__(self, threads: RootThreads, rules: ExcludeRules) -> None:
        self._threads = threads
        self._rules = rules

    async def below(self, folder: bytes) -> FoldersBelow:
        listing = partial(_below, folder, self._rules, time.monotonic() + LIST_S)
        try:
            return await self._threads.run(folder, listing)
        except OSError as exc:
            said = exc.strerror or type(exc).__name__
            raise DirectoryNotFound(f"{display_text(folder)} cannot be listed: {said}") from exc

    async def look(self, folders: Sequence[bytes]) -> list[FolderLook | None]:
        by_root: dict[bytes, list[bytes]] = defaultdict(list)
        for path in folders:  # one may be a mount that hangs
            by_root[self._threads.root_of(path)].append(path)
        found: dict[bytes, FolderLook | None] = dict.fromkeys(folders, FolderLook())
        until_s = time.monotonic() + LOOK_S

        async def look(root: bytes, there: list[bytes]) -> None:
            looking = partial(_looks, there, self._rules, until_s)
            with move_on_after(HUNG_S):
                found.update(await self._threads.run(root, looking))

        async with create_task_group() as tg:
            for root, there in by_root.items():
                tg.start_soon(look, root, there)
        return [found[path] for path in folders]


def _below(folder: bytes, rules: ExcludeRules, until_s: float) -> FoldersBelow:
    above = folder.rstrip(b"/") + b"/"
    paths: list[bytes] = []
    with OpenFolders() as folders:
        listing = folders.listing(folder)
        try:
            with os.scandir(listing) as entries:
                for entry in entries:
                    note_alive()
                    if len(paths) >= MOST_FOLDERS or time.monotonic() > until_s:
                        return FoldersBelow(tuple(paths), is_whole=False)
                    path = above + os.fsencode(entry.name)
                    if _is_gone_into(entry, path, rules):
                        paths.append(path)
        finally:
            os.close(listing)
    return FoldersBelow(tuple(paths), is_whole=True)


def _looks(
    paths: Sequence[bytes], rules: ExcludeRules, until_s: float
) -> dict[bytes, FolderLook | None]:
    """Those for which the time was long enough."""
    found: dict[bytes, FolderLook | None] = {}
    with OpenFolders() as folders:
        for path in paths:
            if time.monotonic() > until_s:
                break
            note_alive()
            found[path] = _look(path, rules, folders)
    return found


def _look(path: bytes, rules: ExcludeRules, folders: OpenFolders) -> FolderLook | None:
    try:
        listing = folders.listing(path)
    except PermissionError:
        return FolderLook(is_readable=False)
    except OSError:  # gone, or a link now
        return None
    try:
        if any(is_marked(path, mark) and _is_there(mark, listing) for mark in MARK_NAMES):
            return FolderLook(is_foreign=True)
        with os.scandir(listing) as entries:
            for number, entry in enumerate(entries):
                if number >= MOST_LOOKED_AT:
                    return FolderLook()
                below = path.rstrip(b"/") + b"/" + os.fsencode(entry.name)
                if _is_gone_into(entry, below, rules):
                    return FolderLook(has_folders=True)
        return FolderLook(has_folders=False)
    except OSError:
        return FolderLook(is_readable=False)
    finally:
        os.close(listing)


def _is_gone_into(entry: os.DirEntry[str], path: bytes, rules: ExcludeRules) -> bool:
    try:
        is_folder = entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
    return is_folder and not rules.excludes_folder(path)


def _is_there(name: bytes, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True
