"""Walks a tree of folders, lazily and without following links: any tree ends."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Sequence

from ingestion_orchestration_fastapi_app.adapters.sidecars import (
    looked_at,
    mark_of,
    sidecars_in,
    sidecars_of,
)
from ingestion_orchestration_fastapi_app.core.files import File, FileStat, Root
from ingestion_orchestration_fastapi_app.core.identity import deepest_root
from ingestion_orchestration_fastapi_app.core.records import Mounted, ScanFault
from ingestion_orchestration_fastapi_app.core.scan_rules import ExcludeRules

MAX_GROUP = 1024


def file_stat(status: os.stat_result, *, sidecar_mark: int = 0) -> FileStat:
    return FileStat(status.st_size, status.st_mtime_ns, status.st_ctime_ns, sidecar_mark)


def display(path: bytes) -> str:
    """For people and logs; what is no UTF-8 shows as replacement characters."""
    return path.decode("utf-8", "replace")


def walk(
    directory: bytes, *, recursive: bool, roots: Sequence[Root], rules: ExcludeRules
) -> Iterator[File | Mounted | ScanFault]:
    """Regular files. One folder is open at a time; memory holds the folders still to visit.

    A folder is listed twice, for its sidecars first: that reads no inode, and holding all
    entries of a folder until its last one is known would have no bound.
    """
    pending: list[tuple[bytes, int | None]] = [(directory, None)]
    while pending:
        folder, parent_device = pending.pop()
        root = deepest_root(folder, roots)
        if root is None:
            raise ValueError(f"{display(folder)} lies in none of the roots")
        prefix = folder[len(root.path.rstrip(b"/")) + 1 :]
        if prefix:
            prefix = prefix.rstrip(b"/") + b"/"
        try:
            device = os.stat(folder).st_dev
            if device != parent_device:
                yield Mounted(folder, device)
            sidecars = sidecars_in(folder)
            with os.scandir(folder) as entries:
                for entry in entries:
                    found = _regular(entry, rules)
                    if found is not None:
                        beside = sidecars_of(entry.name, sidecars)
                        mark = mark_of(looked_at(folder, beside)) if beside else 0
                        status = file_stat(found, sidecar_mark=mark)
                        yield File(root, prefix + entry.name, status, beside)
                    elif recursive and _is_folder(entry, rules):
                        pending.append((entry.path, device))
            if os.stat(folder).st_dev != device:  # unmounted meanwhile: the list is not its own
                yield ScanFault(folder, "its file system changed while it was listed")
        except OSError as exc:
            yield ScanFault(folder, exc.strerror or type(exc).__name__)


def _regular(entry: os.DirEntry[bytes], rules: ExcludeRules) -> os.stat_result | None:
    try:
        if rules.excludes_file(entry.path) or not entry.is_file(follow_symlinks=False):
            return None
        found = entry.stat(follow_symlinks=False)
    except OSError:  # gone between listing and looking: it was never met
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _is_folder(entry: os.DirEntry[bytes], rules: ExcludeRules) -> bool:
    try:
        is_folder = entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
    return is_folder and not rules.excludes_folder(entry.path)


def next_group(
    items: Iterator[File | Mounted | ScanFault], *, linger_s: float
) -> tuple[list[File], Mounted | ScanFault | None, bool]:
    """Up to 1,024 files, fewer where the tree is slow or something else comes; True at the end.

    Blocking: call it from a worker thread, never twice at once for one iterator.
    """
    group: list[File] = []
    until = time.monotonic() + linger_s
    for item in items:
        if not isinstance(item, File):
            return group, item, False
        group.append(item)
        if len(group) >= MAX_GROUP or time.monotonic() >= until:
            return group, None, False
    return group, None, True


def is_gone(path: bytes, *, below: bytes, rules: ExcludeRules) -> bool:
    """Nothing is there now, and a walk from `below` would have met it. Blocking."""
    if rules.excludes_file(path) or any(map(rules.excludes_folder, _between(below, path))):
        return False
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # who knows: perhaps the disk is ill
        return False
    return False


def _between(folder: bytes, path: bytes) -> Iterator[bytes]:
    """The folders in `folder` that a walk goes through to come to the path."""
    end = path.find(b"/", len(folder.rstrip(b"/")) + 1)
    while end > 0:
        yield path[:end]
        end = path.find(b"/", end + 1)
