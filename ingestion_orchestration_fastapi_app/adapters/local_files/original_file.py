"""A file that was hashed and let go, opened once more: is it still what it was?"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import (
    not_answering,
    open_regular,
    refusal,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.file_walk import file_stat
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Original
from ingestion_orchestration_fastapi_app.resources.root_threads import (
    ANSWER_LIMIT_S,
    NotAnsweringError,
    RootThreads,
)
from utils.contract import ErrorCode
from utils.imaging.faults.unreadable import ImageUnreadableError
from utils.problems import Rejected

T = TypeVar("T")

CHUNK_BYTES = 1024 * 1024

_CHANGED = Rejected(ErrorCode.FILE_CHANGED, "the file changed after it was read")


class OriginalFile:
    """`fault` says what is wrong with it, as far as was looked. All methods but `close` block.

    `read` gives as many bytes as were promised, come what may: a body's length is declared
    first. Only when all were read does the hash tell.
    """

    def __init__(self, original: Original) -> None:
        self.fault: Rejected | None = None
        self._original = original
        self._descriptor: int | None = None
        self._position = 0
        self._digest = hashlib.sha256()
        self._is_left = False  # to a thread for which nobody waits

    def __enter__(self) -> OriginalFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def in_thread(
        self, threads: RootThreads, call: Callable[[], T], *, limit_s: float | None = None
    ) -> T:
        """What a method of it returns, in a thread of its root. Who is cancelled does not wait.

        Raises:
            NotAnsweringError: nothing was heard for `limit_s`; only closing may follow.
        """
        self._is_left = True
        path = self._original.file.absolute
        try:
            result = await threads.run(path, call, drop=self._close_now, limit_s=limit_s)
        except NotAnsweringError:
            raise
        except Exception:
            self._is_left = False
            raise
        self._is_left = False
        return result

    def close(self) -> None:
        """Idempotent. Closing what was only read does not block."""
        if not self._is_left:
            self._close_now()

    def _close_now(self, _: object = None) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def check(self, *, strictly: bool = False) -> int | None:
        """Its descriptor, if by its size and mtime it is still what was hashed.

        `strictly`: by its ctime as well, which nobody can put back. It is for those who read
        it without hashing it, before and after; a mere change of rights shows there, too.
        """
        if self._descriptor is None and self.fault is None:
            opened = open_regular(self._original.file.absolute)
            if isinstance(opened, int):
                self._descriptor = opened
            else:
                self.fault = opened if isinstance(opened, Rejected) else _CHANGED
        if self._descriptor is not None:
            found, hashed = file_stat(os.fstat(self._descriptor)), self._original.file.stat
            same = (found.size_bytes, found.mtime_ns) == (hashed.size_bytes, hashed.mtime_ns)
            if not same or (strictly and found.ctime_ns != hashed.ctime_ns):
                self.fault = _CHANGED
        return None if self.fault else self._descriptor

    def read(self) -> bytes:
        """The next chunk, empty at the end; zeros in the place of what cannot be had."""
        wanted = min(CHUNK_BYTES, self._original.size_bytes - self._position)
        if wanted == 0:
            return b""
        if self._position == 0:
            self.check()
        chunk = b"" if self.fault else self._next(wanted)
        self._position += len(chunk) or wanted
        if self._position == self._original.size_bytes and not self.fault:
            self.fault = None if self._digest.digest() == self._original.sha256 else _CHANGED
        return chunk or bytes(wanted)

    def _next(self, wanted: int) -> bytes:
        assert self._descriptor is not None, "read after close"
        try:
            chunk = os.pread(self._descriptor, wanted, self._position)
        except OSError as exc:
            self.fault = refusal(exc)
            return b""
        if not chunk:
            self.fault = _CHANGED  # it was cut short
        self._digest.update(chunk)
        return chunk


async def read_unchanged(
    original: Original, threads: RootThreads, read: Callable[[int], Awaitable[T]]
) -> T | Rejected:
    """What `read` makes of its descriptor, if before and after it is the file that was hashed.

    Raises:
        ImageUnreadableError: of `read`, where the file has not changed.
    """
    try:
        with OriginalFile(original) as file:
            return await _read_between(file, threads, read)
    except NotAnsweringError:
        return not_answering(original.file, threads)


async def _read_between(
    file: OriginalFile, threads: RootThreads, read: Callable[[int], Awaitable[T]]
) -> T | Rejected:
    check = partial(file.check, strictly=True)
    look = partial(file.in_thread, threads, check, limit_s=ANSWER_LIMIT_S)
    descriptor = await look()
    if descriptor is not None:
        try:
            found = await read(descriptor)
        except ImageUnreadableError:
            if await look() is not None:
                raise
        else:
            if await look() is not None:
                return found
    assert file.fault is not None
    return file.fault
