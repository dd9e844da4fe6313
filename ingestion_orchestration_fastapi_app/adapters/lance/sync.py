"""Brings a table's new files and folders to the disk. Lance itself does not sync.

Blocking: call it from a worker thread, one call at a time.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

# Data before the manifests that name it: after a power loss in between, what is missing is the
# version as a whole.
INDEX_FOLDER = "_indices"
TABLE_FOLDERS = ("data", "_deletions", "_indices", "_transactions", "_versions")
_REWRITTEN = frozenset({"latest_version_hint.json"})


def sync_path(path: str) -> None:
    """fsync of one file or folder. One that has vanished needs none: Lance renames its hint.

    Nor does a link that leads nowhere, which nobody here has written.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as exc:
        if exc.errno not in (errno.ENOENT, errno.ELOOP):
            raise
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


class FolderSync:
    """Knows which of a table's files are on the disk. All others are new.

    Lance names every file afresh and never changes one, but for the hint. A folder is listed,
    not stat'ed file by file; upkeep keeps the number of its files bounded.
    """

    def __init__(self, folder: str, *, sync_path: Callable[[str], None] = sync_path) -> None:
        self._folder = folder
        self._sync_path = sync_path
        self._known: dict[str, frozenset[str]] = {}

    def adopt(self) -> None:
        """Believes everything there is to be on the disk."""
        for name in TABLE_FOLDERS:
            self._known[name] = frozenset(_names(os.path.join(self._folder, name)))

    def index_folders(self) -> frozenset[str]:
        return frozenset(_names(os.path.join(self._folder, INDEX_FOLDER)))

    def sync(self, *, settled_indexes: frozenset[str] | None = None) -> int:
        """Returns how many files were synced.

        Of indexes other than the settled ones (None: all are) files may still grow: they are
        synced each time.
        """
        count = 0
        for name in TABLE_FOLDERS:
            folder = os.path.join(self._folder, name)
            names = frozenset(_names(folder))
            new = names - self._known.get(name, frozenset())
            for entry in sorted(new | (names & _REWRITTEN)):
                count += self._sync_tree(os.path.join(folder, entry))
            if new:
                self._sync_path(folder)
            if names and not self._known.get(name):  # the folder itself may be new
                self._sync_path(self._folder)
            if name == INDEX_FOLDER and settled_indexes is not None:
                names &= settled_indexes
            self._known[name] = names
        return count

    def _sync_tree(self, path: str) -> int:
        """One file, or a folder with all that is in it (an index)."""
        count = 0
        if os.path.isdir(path):
            for name in _names(path):
                count += self._sync_tree(os.path.join(path, name))
        self._sync_path(path)
        return count + 1
