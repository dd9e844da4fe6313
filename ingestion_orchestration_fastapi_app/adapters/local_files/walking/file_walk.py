"""Walks a tree of folders, lazily and without following links: any tree ends."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ingestion_orchestration_fastapi_app.adapters.local_files.mounts import Mounts
from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import OpenFolders
from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import FAILING
from ingestion_orchestration_fastapi_app.adapters.local_files.sidecars import (
    beside_in,
    companions_in,
    looked_at,
    mark_of,
    sidecars_of,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.same_folder import SameFolders
from ingestion_orchestration_fastapi_app.domain.files.file import File, FileStat, Root
from ingestion_orchestration_fastapi_app.domain.files.identity import deepest_root
from ingestion_orchestration_fastapi_app.domain.scanning.folder_order import newest_first
from ingestion_orchestration_fastapi_app.domain.scanning.foreign_files import edited_name, is_marked
from ingestion_orchestration_fastapi_app.domain.scanning.found import (
    Linked,
    Mounted,
    ScanFault,
    ScanStalled,
)
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.resources.root_threads import note_alive
from utils.contract import ErrorCode
from utils.problems import Rejected, resource_shortage

MAX_GROUP = 1024
_TRIES, _BETWEEN_TRIES_S = 20, 0.25  # of a folder for which there is no descriptor
Told: TypeAlias = Mounted | Linked | ScanFault | ScanStalled
_EARLIEST_NS, _LATEST_NS = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class InnerMount:
    """A file system is mounted here, and is yet to be walked: it may be one that hangs."""

    path: bytes


Met: TypeAlias = File | Told | InnerMount


def file_stat(status: os.stat_result, *, sidecar_mark: int = 0) -> FileStat:
    """Times that 64 bits do not hold (years before 1677 and after 2262) are the nearest that do.

    File systems say such times where a clock was wrong or none was ever set.
    """
    mtime_ns, ctime_ns = status.st_mtime_ns, status.st_ctime_ns
    if not (_EARLIEST_NS <= mtime_ns <= _LATEST_NS and _EARLIEST_NS <= ctime_ns <= _LATEST_NS):
        mtime_ns, ctime_ns = (
            max(_EARLIEST_NS, min(time_ns, _LATEST_NS)) for time_ns in (mtime_ns, ctime_ns)
        )
    return FileStat(status.st_size, mtime_ns, ctime_ns, sidecar_mark)


def display(path: bytes) -> str:
    """For people and logs; what is no UTF-8 shows as replacement characters."""
    return path.decode("utf-8", "replace")


def walk(
    directory: bytes,
    *,
    recursive: bool,
    roots: Sequence[Root],
    rules: ExcludeRules,
    is_inner: bool = False,
    names: frozenset[bytes] | None = None,
) -> Iterator[Met]:
    """Regular files, and what else must be known of the folders that they are in.

    Of a folder's own folders the newest comes first, with all that lies in it, before the next.
    Memory holds the folders still to visit; descriptors have a bound.

    Folders are gone through by descriptors: one that becomes a link is not followed. A folder is
    listed twice, for its sidecars first: that reads no inode, and holding all entries of a folder
    until its last one is known would have no bound.

    Whoever is told that it stalled decides whether, and when, it goes on. What is mounted in the
    directory is told of and not entered: it is a walk of its own, which `is_inner`.

    Where there are `names`, no other entry of the directory is looked at.
    """
    mounts, same = Mounts(), SameFolders(rules)
    tries = _TRIES
    root_paths = [root.path for root in roots]
    pending: list[tuple[bytes, bytes | None, int | None]] = [(directory, None, None)]
    links: list[bytes] = []
    with OpenFolders() as folders:
        while pending:
            folder, point_above, device_above = pending.pop()
            is_asked_for = folder == directory and not is_inner
            is_listed = False
            try:
                listing = folders.listing(folder)
                try:
                    begun = os.fstat(listing)
                    point = mounts.point(folder, point_above)
                    if not is_asked_for and same.is_met_elsewhere(
                        folder, begun, root_paths, is_mounted=point == folder
                    ):
                        links.append(folder)
                        continue
                    device = mounts.number(point, listing, begun)
                    if device != device_above:
                        yield Mounted(folder, device)
                    found = _InFolder(is_asked_for, links, names)
                    for met in _files_in(folder, listing, found, roots=roots, rules=rules):
                        is_listed = True
                        yield met
                    is_listed, tries = True, _TRIES
                    if recursive:
                        inner, folders_in_it = mounts.parted(found.folders)
                        yield from map(InnerMount, inner)
                        dated = ((one, _mtime_ns(one, listing)) for one in folders_in_it)
                        newest = newest_first(dated)
                        pending += [(one, point, device) for one in reversed(newest)]
                finally:
                    os.close(listing)
                if not os.path.samestat(folders.status(folder), begun):
                    # Unmounted meanwhile, or another folder or a link: the list is not its own.
                    yield ScanFault(folder, "it became another folder while it was listed")
            except OSError as exc:
                said = exc.strerror or type(exc).__name__
                lacking = None if is_listed else resource_shortage(exc)
                if lacking is not None and (tries := tries - 1) > 0:
                    folders.close()
                    time.sleep(_BETWEEN_TRIES_S)  # noqa: TID251  # others close theirs meanwhile
                elif lacking is not None:
                    tries = _TRIES
                    yield ScanStalled(folder, Rejected(lacking.code, lacking.detail))
                elif is_asked_for and exc.errno in FAILING and not is_listed:
                    yield ScanStalled(folder, Rejected(ErrorCode.FILE_READ, said))
                else:
                    yield ScanFault(folder, said)
                    continue
                pending.append((folder, point_above, device_above))
    if links:
        yield Linked(tuple(links))


@dataclass(frozen=True, slots=True)
class _InFolder:
    """What is met besides files. Links are of all folders so far, until they are told of."""

    is_asked_for: bool  # where the walk begins: rules do not count for it
    links: list[bytes]
    names: frozenset[bytes] | None = None
    folders: list[bytes] = field(default_factory=list)


def _files_in(
    folder: bytes, listing: int, met: _InFolder, *, roots: Sequence[Root], rules: ExcludeRules
) -> Iterator[File | Linked]:
    root = deepest_root(folder, roots)
    if root is None:
        raise ValueError(f"{display(folder)} lies in none of the roots")
    prefix = folder[len(root.path.rstrip(b"/")) + 1 :]
    if prefix:
        prefix = prefix.rstrip(b"/") + b"/"
    above = folder.rstrip(b"/") + b"/"
    beside = beside_in(listing)
    if not met.is_asked_for and any(is_marked(folder, mark) for mark in beside.marks):
        return
    with os.scandir(listing) as entries:
        for entry in entries:
            note_alive()
            name = os.fsencode(entry.name)
            if met.names is not None and name not in met.names:
                continue
            path = above + name
            found = _regular(entry, path, rules)
            if found is not None:
                if _is_copy_before_edit(name, listing):
                    continue
                sidecars = sidecars_of(name, beside)
                companions = companions_in(name, beside)
                mark = 0
                if sidecars or companions:
                    mark = mark_of(looked_at(listing, sidecars) if sidecars else (), companions)
                known = file_stat(found, sidecar_mark=mark)
                yield File(root, prefix + name, known, sidecars, companions)
            elif _is_folder(entry, path, rules):
                met.folders.append(path)
            elif _is_link(entry, path, rules):
                met.links.append(path)
                if len(met.links) >= MAX_GROUP:
                    yield Linked(tuple(met.links))
                    met.links.clear()


def _mtime_ns(folder: bytes, listing: int) -> int:
    """Of a folder in the one that is listed, on which nothing is mounted: such might hang."""
    try:
        name = folder.rpartition(b"/")[2]
        return os.stat(name, dir_fd=listing, follow_symlinks=False).st_mtime_ns
    except OSError:  # gone: the walk finds it out when it comes there
        return 0


def _regular(entry: os.DirEntry[str], path: bytes, rules: ExcludeRules) -> os.stat_result | None:
    try:
        if rules.excludes_file(path) or not entry.is_file(follow_symlinks=False):
            return None
        found = entry.stat(follow_symlinks=False)
    except OSError:  # gone between listing and looking: it was never met
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _is_copy_before_edit(name: bytes, listing: int) -> bool:
    edited = edited_name(name)
    return edited is not None and bool(looked_at(listing, [edited]))


def _is_folder(entry: os.DirEntry[str], path: bytes, rules: ExcludeRules) -> bool:
    try:
        is_folder = entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
    return is_folder and not rules.excludes_folder(path)


def _is_link(entry: os.DirEntry[str], path: bytes, rules: ExcludeRules) -> bool:
    try:
        is_link = entry.is_symlink()
    except OSError:
        return False
    return is_link and not rules.excludes_file(path) and not rules.excludes_folder(path)


def is_bare(folder: bytes, *, rules: ExcludeRules) -> bool:
    """No file, folder or link is in it that a walk would not pass over. Blocking."""
    above = folder.rstrip(b"/") + b"/"
    try:
        with OpenFolders() as folders:
            listing = folders.listing(folder)
            try:
                with os.scandir(listing) as entries:
                    return not any(
                        _is_folder(entry, path, rules)
                        or _is_link(entry, path, rules)
                        or _regular(entry, path, rules)
                        for entry in entries
                        for path in [above + os.fsencode(entry.name)]
                    )
            finally:
                os.close(listing)
    except OSError:
        return True


def next_group(
    items: Iterator[Met], *, linger_s: float
) -> tuple[list[File], Told | InnerMount | None, bool]:
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
