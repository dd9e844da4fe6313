"""Files and folders that a walk met once and that are gone now: what proves it."""

from __future__ import annotations

import errno
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import OpenFolders
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules


def are_gone(
    paths: Sequence[bytes], *, below: bytes, rules: ExcludeRules, are_folders: bool = False
) -> list[bool]:
    """Of each: no file (or folder) is there now, and a walk from `below` would have met it.

    Blocking. What lies in Photoseek's own folders is no photograph any more.
    There is what the listings of folders say. Other names may lead to it where a file system knows
    no case, or where a folder became a link.
    """
    with OpenFolders() as folders:
        is_one = stat.S_ISDIR if are_folders else stat.S_ISREG
        gone = [
            rules.is_own(path) or _is_gone(path, below, rules, folders, is_one) for path in paths
        ]
        answering = [path for path, is_gone in zip(paths, gone, strict=True) if is_gone is None]
        unlisted = _unlisted(answering, below, folders)
    return [
        path in unlisted if is_gone is None else is_gone
        for path, is_gone in zip(paths, gone, strict=True)
    ]


def passes_over(path: bytes, below: bytes, rules: ExcludeRules) -> bool:
    """Whether a walk from `below`, by the rules alone, does not come to the path."""
    return rules.excludes_file(path) or any(map(rules.excludes_folder, _between(below, path)))


def _is_gone(
    path: bytes,
    below: bytes,
    rules: ExcludeRules,
    folders: OpenFolders,
    is_one: Callable[[int], bool],
) -> bool | None:
    """None: one answers to that name, which need not be its own."""
    if passes_over(path, below, rules):
        return False
    try:
        found = folders.status(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as exc:  # who knows: perhaps the disk is ill
        return exc.errno == errno.ELOOP
    return None if is_one(found.st_mode) else True


def _unlisted(paths: Iterable[bytes], below: bytes, folders: OpenFolders) -> set[bytes]:
    """Those of which some name on the way from `below` is not listed. Each folder is listed once.

    Where a folder cannot be listed nobody can tell.
    """
    ways = {
        path: [one.rpartition(b"/") for one in (*_between(below, path), path)] for path in paths
    }
    wanted: dict[bytes, set[bytes]] = defaultdict(set)
    for way in ways.values():
        for folder, _, name in way:
            wanted[folder].add(name)
    lacking: dict[bytes, set[bytes]] = defaultdict(set)
    for folder, names in wanted.items():
        with suppress(OSError):
            lacking[folder] = names - _names_among(names, folder, folders)
    return {
        path
        for path, way in ways.items()
        if any(name in lacking[folder] for folder, _, name in way)
    }


def _names_among(names: set[bytes], folder: bytes, folders: OpenFolders) -> set[bytes]:
    listing = folders.listing(folder)
    try:
        with os.scandir(listing) as entries:
            return names.intersection(os.fsencode(entry.name) for entry in entries)
    finally:
        os.close(listing)


def _between(folder: bytes, path: bytes) -> Iterator[bytes]:
    """The folders in `folder` that a walk goes through to come to the path."""
    end = path.find(b"/", len(folder.rstrip(b"/")) + 1)
    while end > 0:
        yield path[:end]
        end = path.find(b"/", end + 1)
