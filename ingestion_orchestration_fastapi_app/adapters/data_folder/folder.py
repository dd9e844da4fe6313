"""The folders of the data: there, writable, private, one process at a time, and their space."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ingestion_orchestration_fastapi_app.adapters.data_folder.local_secret import SECRET_NAME
from ingestion_orchestration_fastapi_app.adapters.data_folder.private_files import (
    FOLDER_MODE,
    make_private,
)
from ingestion_orchestration_fastapi_app.errors import DataFolderLocked, DataFolderUnusable

LEDGER_NAME = "ledger.sqlite"
INBOX_NAME = "inbox"  # where no other folder is set for uploads
_LOCK_NAME = "photoseek.lock"
_UP_LOCK_NAME = "up.lock"
_OWN_NAMES = frozenset(
    {_LOCK_NAME, _UP_LOCK_NAME, SECRET_NAME, INBOX_NAME, "store", "cache", "exports", "logs"}
)
_CACHE_NAMES = ("vectors", "pictures")


@contextmanager
def locked_data_folder(path: str | os.PathLike[str]) -> Iterator[None]:
    """Makes the folder where there is none and holds it; the kernel lets go when a process dies.

    What is in it already is closed to others. Child processes must be spawned, not forked: a
    forked one would go on holding it.

    Raises:
        DataFolderUnusable: it cannot be made or written.
        DataFolderLocked: another process holds it, or its file system knows no locks.
    """
    with _held(_made(os.fspath(path), setting="DATA_DIR"), _LOCK_NAME) as folder:
        make_private(folder, _is_own)
        yield


@contextmanager
def held_for_up(path: str | os.PathLike[str]) -> Iterator[None]:
    """The same for what starts both services and keeps their logs: there is one of it.

    Raises:
        DataFolderUnusable, DataFolderLocked: as above, also where an orchestrator runs on it
            that was started in another way.
    """
    with _held(_made(os.fspath(path), setting="DATA_DIR"), _UP_LOCK_NAME) as folder:
        _check_free(folder, _LOCK_NAME)
        yield


def check_usable(path: str | os.PathLike[str]) -> None:
    """Whether it could be held now, so that nothing is prepared in vain. Makes nothing.

    Raises:
        DataFolderUnusable, DataFolderLocked
    """
    place = os.path.abspath(path)
    while not os.path.lexists(place):
        place = os.path.dirname(place)
    code = 0 if os.path.isdir(place) else errno.ENOTDIR
    if code == 0 and not os.access(place, os.W_OK | os.X_OK):
        code = _why_not(place)
    if code != 0:
        exc = OSError(code, os.strerror(code))
        raise DataFolderUnusable(_unusable(os.fspath(path), exc, setting="DATA_DIR"))
    for name in (_LOCK_NAME, _UP_LOCK_NAME):
        _check_free(os.fspath(path), name)


def _check_free(folder: str, name: str) -> None:
    with suppress(OSError):  # it is not there, so nobody holds it
        descriptor = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_CLOEXEC)
        try:
            _lock(descriptor, folder)
        finally:
            os.close(descriptor)


def prepared_store(location: str) -> None:
    """Where the store is a folder: made, writable, closed to others. Raises DataFolderUnusable."""
    if "://" not in location:
        folder = _made(location, setting="STORE_URI")
        make_private(folder, lambda name: name.endswith(".lance") or name.startswith("."))


def prepared_cache(path: str | os.PathLike[str]) -> None:
    """Raises DataFolderUnusable."""
    folder = _made(os.fspath(path), setting="DISKCACHE_DIR")
    make_private(folder, lambda name: name.startswith(_CACHE_NAMES))


def _is_own(name: str) -> bool:
    return name in _OWN_NAMES or name.startswith(LEDGER_NAME)


def _made(path: str, *, setting: str) -> str:
    """The folder without links in its name, which is there and may be written."""
    try:
        os.makedirs(path, mode=FOLDER_MODE, exist_ok=True)
        folder = os.path.realpath(path)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(_why_not(folder)))
    except OSError as exc:
        raise DataFolderUnusable(_unusable(path, exc, setting=setting)) from exc
    return folder


def _why_not(folder: str) -> int:
    with suppress(OSError):
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return errno.EROFS
    return errno.EACCES


def _unusable(path: str, exc: OSError, *, setting: str) -> str:
    return (
        f"The data folder {path} cannot be used by user id {os.geteuid()}: {exc.strerror}. "
        f"Give that user the right to write it, or set {setting} to a folder of its own."
    )


@contextmanager
def _held(folder: str, name: str) -> Iterator[str]:
    try:
        descriptor = os.open(
            os.path.join(folder, name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
    except OSError as exc:
        raise DataFolderUnusable(_unusable(folder, exc, setting="DATA_DIR")) from exc
    try:
        _lock(descriptor, folder)
        with suppress(OSError):  # a full disk: the lock is held all the same
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield folder
    finally:
        os.close(descriptor)  # the file stays: removing it would let two processes lock two files


def _lock(descriptor: int, folder: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise DataFolderLocked(
            f"The data folder {folder} is in use by another process "
            f"({_pid_in(descriptor) or 'unknown'})."
        ) from exc
    except OSError as exc:
        if exc.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise
        raise DataFolderLocked(
            f"The file system of the data folder {folder} knows no locks; use a local disk."
        ) from exc


def _pid_in(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()


def free_bytes(path: str | os.PathLike[str]) -> int:
    """What an unprivileged process may still write where the path is, or would be."""
    place = os.path.abspath(os.fspath(path))
    while not os.path.exists(place):
        place = os.path.dirname(place)
    space = os.statvfs(place)
    return space.f_bavail * space.f_frsize
