"""Opens what is a regular file, and says of everything else why it was not opened."""

from __future__ import annotations

import errno
import os
import stat

from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import open_path
from ingestion_orchestration_fastapi_app.domain.files.file import File
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Skipped
from ingestion_orchestration_fastapi_app.ports.library import NotAnswering
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from utils.contract import ErrorCode
from utils.problems import Rejected, resource_shortage

SILENT = "the disk or share does not answer"
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PROBE_BYTES = 64 * 1024
_NO_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})
# The disk, the share or the memory failed: perhaps for this moment alone.
FAILING = frozenset(
    {
        errno.EIO,
        errno.ESTALE,
        errno.ENOSPC,
        errno.ETIMEDOUT,
        errno.ENOTCONN,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ECONNRESET,
    }
)
_NO_REGULAR_FILE = frozenset({errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.ENODEV})


def open_regular(path: bytes, *, folder: int | None = None) -> int | Rejected | Skipped:
    """A descriptor for reading. Never waits at a FIFO, never follows a link, wherever it is.

    `path` is absolute, or a name in `folder`, a descriptor.
    """
    try:
        if folder is None:
            descriptor = open_path(path, _FLAGS)
        else:
            descriptor = os.open(path, _FLAGS, dir_fd=folder)
    except OSError as exc:
        if exc.errno in _NO_REGULAR_FILE:
            return Skipped("not a regular file")
        return refusal(exc)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return Skipped("not a regular file")


def not_answering(file: File, threads: RootThreads) -> NotAnswering:
    """A file of which nothing is heard."""
    is_inner = threads.root_of(file.absolute) != threads.root_of(file.root.path)
    return NotAnswering(ErrorCode.FILE_READ, SILENT, is_inner)


def read_fault(path: bytes) -> Rejected | None:
    """What the file system fails with where it is asked for the file's first bytes. Blocking.

    They are read from the disk itself, as far as the system lets that be asked for.

    Raises:
        ServiceOverloaded: as `refusal`.
    """
    opened = open_regular(path)
    if not isinstance(opened, int):
        is_failing = isinstance(opened, Rejected) and opened.code is ErrorCode.FILE_READ
        return opened if isinstance(opened, Rejected) and is_failing else None
    try:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(opened, 0, 0, os.POSIX_FADV_DONTNEED)  # what is cached proves nothing
        os.pread(opened, _PROBE_BYTES, 0)
    except OSError as exc:
        return refusal(exc)
    finally:
        os.close(opened)
    return None


def refusal(exc: OSError | MemoryError) -> Rejected:
    """Raises ServiceOverloaded when it is our own lack of descriptors or memory."""
    if (ours := resource_shortage(exc)) is not None:
        raise ours from exc
    if isinstance(exc, MemoryError):
        return Rejected(ErrorCode.FILE_READ, "there was no memory for the file")
    said = exc.strerror or type(exc).__name__
    if exc.errno in _NO_FILE:
        return Rejected(ErrorCode.FILE_NOT_FOUND, f"the file is gone: {said}")
    if exc.errno in FAILING:
        return Rejected(ErrorCode.FILE_READ, f"the file system failed: {said}")
    return Rejected(ErrorCode.FILE_PERMISSION, f"the file cannot be read: {said}")
