"""Puts a file into a folder whole or not at all, by the folder's descriptor."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import open_regular

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file a name meant, and of which time; a name that means none has no identity."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int


def identity_of(status: os.stat_result) -> Identity:
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return Identity(status.st_dev, status.st_ino, status.st_size, *times)


def identity_at(name: bytes, *, folder: int) -> Identity | None:
    try:
        return identity_of(os.stat(name, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return None


def temporary_name(name: bytes) -> bytes:
    """The same for the same name, so that what a kill leaves is written over; no scan meets it."""
    return b".photoseek-%s.tmp" % hashlib.blake2b(name, digest_size=8).hexdigest().encode()


def put_file(name: bytes, data: bytes, *, folder: int, before: Identity | None) -> bool:
    """Durable once the folder is synced. False: the name means another file by now than `before`.

    It has the rights of the file that it stands for, else those of the folder. Blocking.

    Raises OSError; then nothing has changed.
    """
    temporary = temporary_name(name)
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    opened = os.open(temporary, _FLAGS, 0o600, dir_fd=folder)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(opened, view) :]
            _give_rights(opened, name, folder=folder)
            os.fsync(opened)
        finally:
            os.close(opened)
        if identity_at(name, folder=folder) != before:
            os.unlink(temporary, dir_fd=folder)
            return False
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    return True


def read_file(name: bytes, *, folder: int, most_bytes: int) -> tuple[bytes, Identity] | None:
    """None: there is no such file. Raises OSError, also for what is no regular file."""
    if identity_at(name, folder=folder) is None:
        return None
    opened = open_regular(name, folder=folder)
    if not isinstance(opened, int):
        raise OSError(opened.detail)
    try:
        status = os.fstat(opened)
        parts: list[bytes] = []
        left = most_bytes + 1
        while left and (part := os.read(opened, left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts), identity_of(status)
    finally:
        os.close(opened)


def _give_rights(opened: int, name: bytes, *, folder: int) -> None:
    """As far as this user may."""
    above = os.fstat(folder)
    try:
        like = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        like = above
    with suppress(OSError):
        os.fchown(opened, like.st_uid, like.st_gid)
    with suppress(OSError):
        os.fchmod(opened, stat.S_IMODE(like.st_mode) & 0o666)
