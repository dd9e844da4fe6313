"""The inbox as the disk has it: its folders by descriptors, no link followed. All of it blocks."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock

from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import FOLDER, open_path
from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import open_regular
from ingestion_orchestration_fastapi_app.adapters.local_files.whole_file import hash_whole
from ingestion_orchestration_fastapi_app.domain.uploads.names import free_names
from ingestion_orchestration_fastapi_app.domain.uploads.outcome import Placed
from ingestion_orchestration_fastapi_app.resources.root_threads import note_alive

INCOMING = b".incoming"  # hidden: no scan goes in
_TEMPORARY = b".part"
_NO_HARD_LINKS = frozenset(
    {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
)
_placing = Lock()  # where a disk knows no hard links


class InboxInUseError(Exception):
    """Another process writes there."""


class InboxDisk:
    """Files are written into a folder of their own in the inbox, and linked from there."""

    def __init__(
        self, path: bytes, *, hard_link: Callable[..., None] = os.link, keep_free_bytes: int = 0
    ) -> None:
        self.path = path
        self._hard_link = hard_link
        self._keep_free_bytes = keep_free_bytes
        self._held: int | None = None

    def prepare(self) -> None:
        """Makes and holds it; what is half-written from before is removed. Idempotent.

        Raises:
            InboxInUseError: another process holds it.
        """
        os.makedirs(self.path, exist_ok=True)
        with self._opened() as inbox:
            held = _folder(inbox, INCOMING)
            if self._held is not None:
                if os.path.samestat(os.fstat(held), os.fstat(self._held)):
                    os.close(held)
                    return
                os.close(self._held)  # it was removed, or is another disk's
                self._held = None
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for name in _names(held):
                    if name.endswith(_TEMPORARY):
                        os.unlink(name, dir_fd=held)
            except BlockingIOError as exc:
                os.close(held)
                raise InboxInUseError from exc
            except BaseException:
                os.close(held)
                raise
            self._held = held

    def close(self) -> None:
        """Idempotent."""
        held, self._held = self._held, None
        if held is not None:
            os.close(held)

    def free_bytes(self) -> int:
        """What may come in before no more is left free than must be."""
        place = self.path
        while not os.path.isdir(place):
            place = os.path.dirname(place)
        space = os.statvfs(place)
        return space.f_bavail * space.f_frsize - self._keep_free_bytes

    def used_bytes(self) -> int:
        total = 0
        pending = [self.path]
        while pending:
            with suppress(OSError), os.scandir(pending.pop()) as entries:
                for entry in entries:
                    note_alive()
                    with suppress(OSError):  # gone meanwhile
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(os.fsencode(entry.path))
                        else:
                            total += entry.stat(follow_symlinks=False).st_size
        return total

    def begin(self) -> TemporaryFile:
        """Raises OSError."""
        with self._opened() as inbox:
            folder = _folder(inbox, INCOMING)
        try:
            name = uuid.uuid4().hex.encode() + _TEMPORARY
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            return TemporaryFile(folder, name, os.open(name, flags, 0o666, dir_fd=folder))
        except BaseException:
            os.close(folder)
            raise

    def place(self, file: TemporaryFile, parts: Sequence[str], name: str) -> Placed:
        """Durable on return. Raises OSError."""
        parts_bytes = [os.fsencode(part) for part in parts]
        with self._opened() as inbox:
            folder = _folder(inbox, *parts_bytes)
        try:
            for one in free_names(name, file.sha256):
                taken = os.fsencode(one)
                path = b"/".join([self.path.rstrip(b"/"), *parts_bytes, taken])
                if self._linked(file, folder, taken):
                    os.fsync(folder)
                    return Placed(path, is_new=True)
                if _holds(taken, file.size_bytes, file.sha256, folder=folder):
                    return Placed(path, is_new=False)
        finally:
            os.close(folder)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))

    def holds(self, path: bytes, sha256: bytes) -> bool:
        return _holds(path, None, sha256)

    def write_note(self, name: str, text: bytes) -> None:
        file = self.begin()
        try:
            file.append(text)
            file.end()
            os.rename(file.name, name, src_dir_fd=file.folder, dst_dir_fd=file.folder)
            os.fsync(file.folder)
        finally:
            file.close()

    def notes(self) -> dict[str, bytes]:
        """By name, after `prepare`. Nothing is made where nothing was ever uploaded."""
        try:
            with self._opened() as inbox:
                folder = os.open(INCOMING, FOLDER, dir_fd=inbox)
        except FileNotFoundError:
            return {}
        try:
            self.prepare()
            found: dict[str, bytes] = {}
            for name in _names(folder):
                opened = None if name.endswith(_TEMPORARY) else open_regular(name, folder=folder)
                if isinstance(opened, int):
                    with os.fdopen(opened, "rb") as file:
                        found[os.fsdecode(name)] = file.read(64 * 1024)
            return found
        finally:
            os.close(folder)

    def remove_note(self, name: str) -> None:
        with suppress(FileNotFoundError), self._opened() as inbox:
            folder = os.open(INCOMING, FOLDER, dir_fd=inbox)
            try:
                os.unlink(name, dir_fd=folder)
            finally:
                os.close(folder)

    def _linked(self, file: TemporaryFile, folder: int, name: bytes) -> bool:
        """False where the name is taken. The file has its name and all its bytes, or none."""
        try:
            self._hard_link(
                file.name, name, src_dir_fd=file.folder, dst_dir_fd=folder, follow_symlinks=False
            )
        except FileExistsError:
            return False
        except OSError as exc:
            if exc.errno not in _NO_HARD_LINKS:
                raise
            with _placing:  # renaming overwrites: nobody else here may take the name meanwhile
                with suppress(FileNotFoundError):
                    os.stat(name, dir_fd=folder, follow_symlinks=False)
                    return False
                os.rename(file.name, name, src_dir_fd=file.folder, dst_dir_fd=folder)
        return True

    @contextmanager
    def _opened(self) -> Iterator[int]:
        inbox = open_path(self.path, FOLDER)
        try:
            yield inbox
        finally:
            os.close(inbox)


class TemporaryFile:
    """Goes when it is closed, unless it got a name. Blocking; for one thread at a time."""

    def __init__(self, folder: int, name: bytes, descriptor: int) -> None:
        self.folder = folder
        self.name = name
        self.size_bytes = 0
        self.sha256 = b""
        self._descriptor = descriptor
        self._digest = hashlib.sha256()
        self._is_closed = False

    def append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
            note_alive()
        self._digest.update(data)
        self.size_bytes += len(data)

    def end(self) -> bytes:
        """Its SHA-256; it is on the disk itself."""
        os.fsync(self._descriptor)
        self.sha256 = self._digest.digest()
        return self.sha256

    def close(self) -> None:
        """Idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        with suppress(OSError):
            os.unlink(self.name, dir_fd=self.folder)
        os.close(self._descriptor)
        os.close(self.folder)


def _folder(above: int, *names: bytes) -> int:
    """The folder in a folder, made where it is not there, durably: the caller's to close."""
    at = os.dup(above)
    for name in names:
        try:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=at)
                os.fsync(at)
            below = os.open(name, FOLDER, dir_fd=at)
        finally:
            os.close(at)
        at = below
    return at


def _names(folder: int) -> list[bytes]:
    with os.scandir(folder) as entries:
        return [os.fsencode(entry.name) for entry in entries]


def _holds(
    path: bytes, size_bytes: int | None, sha256: bytes, *, folder: int | None = None
) -> bool:
    """Whether a regular file of this content is there, and of this size, where one is told."""
    opened = open_regular(path, folder=folder)
    if not isinstance(opened, int):
        return False
    try:
        there = os.fstat(opened)
        if not stat.S_ISREG(there.st_mode) or size_bytes not in (None, there.st_size):
            return False
        _, digest, read_bytes = hash_whole(opened, there.st_size)
        return read_bytes == there.st_size and digest == sha256
    except OSError:
        return False
    finally:
        os.close(opened)
