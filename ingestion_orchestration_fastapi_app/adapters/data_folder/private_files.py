"""Keeps what Photoseek stores to its own user: folders 0700, files 0600."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress

import structlog

log = structlog.get_logger(__name__)

FOLDER_MODE = 0o700
FILE_MODE = 0o600
# Where the folders above are closed nobody reaches what lies deeper: a large store may keep the
# rest as it is, and a start stays short.
MAX_LOOKED_AT = 50_000


def make_private(folder: str, is_own: Callable[[str], bool]) -> None:
    """Takes others' rights from what is there already. Blocking, for a second at most.

    `is_own`: whether an entry of the folder has a name that Photoseek makes; all below is its
    own, too. The folder itself is closed only where nothing else lies in it. What cannot be
    changed (another's file, a file system without modes) stays as it is.
    """
    try:
        with os.scandir(folder) as listed:
            entries = list(listed)
    except OSError as exc:
        log.warning("data_folder_not_listed", folder=folder, error=str(exc))
        return
    own = [entry for entry in entries if is_own(entry.name)]
    if len(own) == len(entries):
        _close(folder, FOLDER_MODE)
    else:
        log.info("data_folder_shared", folder=folder, others=len(entries) - len(own))
    changed = 0
    for looked_at, entry in enumerate(_below(own)):
        if looked_at == MAX_LOOKED_AT:
            log.info("data_folder_large", folder=folder, looked_at=MAX_LOOKED_AT)
            break
        with suppress(OSError):
            there = entry.stat(follow_symlinks=False)
            if there.st_mode & 0o077 and there.st_uid == os.geteuid():
                changed += _close(entry.path, FOLDER_MODE if entry.is_dir() else FILE_MODE)
    if changed:
        log.info("data_folder_made_private", folder=folder, changed=changed)


def _below(entries: list[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
    """These and everything in them, the upper ones first; links are passed over."""
    waiting = deque(entries)
    while waiting:
        entry = waiting.popleft()
        if entry.is_symlink():
            continue
        yield entry
        if entry.is_dir(follow_symlinks=False):
            with suppress(OSError), os.scandir(entry.path) as listed:
                waiting.extend(listed)


def _close(path: str, mode: int) -> bool:
    """By descriptor, so that it is the entry that was looked at and no link in its place."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            there = os.fstat(descriptor)
            regular = stat.S_ISDIR(there.st_mode) or stat.S_ISREG(there.st_mode)
            if regular and there.st_uid == os.geteuid() and there.st_mode & 0o077:
                os.fchmod(descriptor, mode)
                return True
        finally:
            os.close(descriptor)
    return False
