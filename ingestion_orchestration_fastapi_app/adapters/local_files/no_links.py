"""Opens what is at a path without following a link, neither at its end nor on the way there.

A path that was found by listing folders holds no links. Where one of its folders has become a link
since, what lies behind it is not what was found, and may be anything that this service can read.
"""

from __future__ import annotations

import errno
import os
from collections import OrderedDict
from types import TracebackType

_KEPT = 64
_HERE = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# To go through a folder one needs no right to list it, as it is with most people's `/home`.
_THROUGH = _HERE | getattr(os, "O_PATH", getattr(os, "O_SEARCH", os.O_RDONLY))
FOLDER = _HERE | os.O_RDONLY


def open_path(path: bytes, flags: int) -> int:
    """A descriptor of what is at an absolute path. Blocking.

    Raises:
        OSError: it cannot be opened; ENOTDIR or ELOOP where a link is on the way or at the end.
    """
    *folders, name = _names(path) or [b"."]
    at = os.open(b"/", _THROUGH)
    try:
        for folder in folders:
            below = os.open(folder, _THROUGH, dir_fd=at)
            os.close(at)
            at = below
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
    finally:
        os.close(at)


def open_folder_of(path: bytes) -> int:
    """A descriptor to open and look at files of the path's folder by; it cannot be listed."""
    return open_path(path.rpartition(b"/")[0] or b"/", _THROUGH)


class OpenFolders:
    """Folders for those who look into many: each is opened from the closest that is still open.

    The last used are kept open, so that neither a deep tree nor a wide one takes many descriptors
    or is walked from its top for each of its folders. Blocking; for one thread at a time.
    """

    def __init__(self, *, most: int = _KEPT) -> None:
        self._most = most
        self._open: OrderedDict[bytes, int] = OrderedDict()

    def __enter__(self) -> OpenFolders:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Idempotent."""
        while self._open:
            os.close(self._open.popitem()[1])

    def through(self, path: bytes) -> int:
        """To reach what is in a folder by; it stays this object's and is good until the next call.

        Raises:
            OSError: as `open_path`.
        """
        names: list[bytes] = []
        above = path.rstrip(b"/")
        while above and above not in self._open:
            above, _, name = above.rpartition(b"/")
            names.append(name)
        at = (
            self._kept(above) if above in self._open else self._keep(above, os.open(b"/", _THROUGH))
        )
        for name in reversed(names):
            if name in _NO_NAMES:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            above += b"/" + name
            at = self._keep(above, os.open(name, _THROUGH, dir_fd=at))
        return at

    def listing(self, path: bytes) -> int:
        """To list a folder by: the caller's to close."""
        return os.open(b".", FOLDER, dir_fd=self.through(path))

    def status(self, path: bytes) -> os.stat_result:
        """What is at the path now, be it a link."""
        folder, _, name = path.rstrip(b"/").rpartition(b"/")
        return os.stat(name or b".", dir_fd=self.through(folder), follow_symlinks=False)

    def _kept(self, path: bytes) -> int:
        self._open.move_to_end(path)
        return self._open[path]

    def _keep(self, path: bytes, descriptor: int) -> int:
        if len(self._open) >= self._most:
            os.close(self._open.popitem(last=False)[1])
        self._open[path] = descriptor
        return descriptor


_NO_NAMES = frozenset({b".", b"..", b""})


def _names(path: bytes) -> list[bytes]:
    names = [name for name in path.split(b"/") if name]
    if not path.startswith(b"/") or not _NO_NAMES.isdisjoint(names):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return names
