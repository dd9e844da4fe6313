"""The data folder: one process at a time, and the space that is left."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ingestion_orchestration_fastapi_app.errors import DataFolderLocked

_LOCK_NAME = "photoseek.lock"


@contextmanager
def locked_data_folder(path: str | os.PathLike[str]) -> Iterator[None]:
    """Makes the folder where there is none and holds it; the kernel lets go when a process dies.

    Child processes must be spawned, not forked: a forked one would go on holding it.

    Raises:
        DataFolderLocked: another process holds it, or its file system knows no locks.
    """
    folder = os.fspath(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    name = os.path.join(folder, _LOCK_NAME)
    descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, folder)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)  # the file stays: removing it would let two processes lock two files


def _lock(descriptor: int, folder: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        raise DataFolderLocked(
            f"The data folder {folder} is in use by another process ({holder})."
        ) from exc
    except OSError as exc:
        if exc.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise
        raise DataFolderLocked(
            f"The file system of the data folder {folder} knows no locks; use a local disk."
        ) from exc


def free_bytes(path: str | os.PathLike[str]) -> int:
    """What an unprivileged process may still write where the path is, or would be."""
    place = os.path.abspath(os.fspath(path))
    while not os.path.exists(place):
        place = os.path.dirname(place)
    space = os.statvfs(place)
    return space.f_bavail * space.f_frsize
