"""Whether a directory, or a file, may be ingested, and its one true path."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from ingestion_orchestration_fastapi_app.domain.files.allowed_roots import AllowedFolders
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.jobs.records import ImportPath
from ingestion_orchestration_fastapi_app.errors import DirectoryNotAllowed, DirectoryNotFound
from utils.text.folded import composed, folded


def checked_directory(text: str, roots: Sequence[bytes]) -> bytes:
    """The absolute path without links of a folder in the roots, which have none. Blocking.

    Raises:
        DirectoryNotAllowed: it lies outside the roots. Said before anything else, so that nobody
            learns what exists elsewhere.
        DirectoryNotFound: it does not exist, is no directory, or may not be listed.
    """
    path = _path_in(text, roots)
    if not os.path.isdir(path):
        raise DirectoryNotFound(f"{text} is not a directory.")
    _check_listed(path, text)
    return path


def checked_path(text: str, roots: Sequence[bytes]) -> tuple[ImportPath, int]:
    """The same of a folder or a regular file, whose folder may be listed; and its mtime in ns."""
    path = _path_in(text, roots)
    try:
        status = os.lstat(path)
    except OSError:
        status = None
    is_file = status is not None and stat.S_ISREG(status.st_mode)
    if status is None or not (is_file or stat.S_ISDIR(status.st_mode)):
        raise DirectoryNotFound(f"{text} is neither a directory nor a file.")
    found = ImportPath(path, is_file=is_file)
    _check_listed(found.folder, text)
    return found, status.st_mtime_ns


def _path_in(text: str, roots: Sequence[bytes]) -> bytes:
    if "\0" in text:
        raise DirectoryNotFound("A path holds no NUL.")
    path = true_path(os.fsencode(os.path.expanduser(text)))
    if not any(is_within(path, root) for root in roots):
        raise DirectoryNotAllowed(f"{text} lies outside the folders that may be imported.")
    return path


def _check_listed(folder: bytes, text: str) -> None:
    if not os.access(folder, os.R_OK | os.X_OK):
        raise DirectoryNotFound(f"{text} may not be read by this service.")


def allowed_folders(
    configured: Iterable[Path], *, is_bound: bool, own: Iterable[Path], inbox: Path | None = None
) -> AllowedFolders:
    """What may be looked at before anything is remembered: links are followed now. Blocking."""
    return AllowedFolders(
        tuple(true_path(os.fsencode(path)) for path in configured),
        is_bound,
        (),
        tuple(true_path(os.fsencode(path)) for path in own),
        None if inbox is None else true_path(os.fsencode(inbox)),
    )


def true_path(path: bytes) -> bytes:
    """Absolute, without links, and each name as its folder lists it. Blocking.

    So a folder has one path where a file system knows no case, and where a letter with an accent
    is encoded otherwise than it was typed. What is not there stays as it was given.
    """
    found = b"/"
    for name in os.path.join(os.getcwdb(), path).split(b"/"):
        if name == b"..":
            found = os.path.dirname(found)
        elif name not in (b"", b"."):
            found = os.path.join(found, _listed_name(found, name))
            if os.path.islink(found):
                found = os.path.realpath(found)
    return found


def _listed_name(folder: bytes, name: bytes) -> bytes:
    """The name that stands for this one in the folder; itself where that is not sure."""
    path = os.path.join(folder, name)
    try:
        status: os.stat_result | None = os.lstat(path)
    except FileNotFoundError:
        status = None
    except OSError:
        return name
    if status is not None and name.isascii() and not _may_ignore_case(path, name):
        return name
    try:
        names = os.listdir(folder)
    except OSError:  # it may be gone through all the same
        return name
    if name in names:
        return name
    wanted = os.fsdecode(name)
    if status is None:
        alike = [one for one in names if composed(os.fsdecode(one)) == composed(wanted)]
    else:  # it answers to another name than is listed: the file system folds them
        alike = [one for one in names if folded(os.fsdecode(one)) == folded(wanted)]
        alike = [one for one in alike if _is_same(os.path.join(folder, one), status)]
    return alike[0] if len(alike) == 1 else name


def _may_ignore_case(path: bytes, name: bytes) -> bool:
    """Whether the name is there in another case, too: told without listing the folder."""
    other = name.swapcase()
    return other != name and os.path.lexists(path[: len(path) - len(name)] + other)


def _is_same(path: bytes, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.lstat(path), status)
    except OSError:
        return False
