"""One opened file: read whole, hashed, its metadata taken; nobody must wait for one that hangs."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace

from ingestion_orchestration_fastapi_app.adapters.local_files.decode_cost import (
    DecodeCost,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import open_folder_of
from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import (
    not_answering,
    open_regular,
    refusal,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.sidecars import (
    looked_at,
    mark_of,
    read_sidecar,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.file_walk import (
    file_stat,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.whole_file import (
    hash_whole,
    read_whole,
)
from ingestion_orchestration_fastapi_app.domain.files.file import File
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Skipped
from ingestion_orchestration_fastapi_app.resources.root_threads import (
    ANSWER_LIMIT_S,
    NotAnsweringError,
    RootThreads,
)
from utils.containers.byte_source import FileBytes
from utils.contract import ErrorCode
from utils.metadata.extractor import extract_metadata
from utils.problems import Rejected

_MTIME_TRUSTED_AFTER_NS = 2_000_000_000


class LocalFile:
    """Implements `OpenFile`: the header was read, the rest waits for its memory."""

    def __init__(
        self,
        descriptor: int,
        file: File,
        cost: DecodeCost,
        max_file_bytes: int,
        threads: RootThreads,
    ) -> None:
        self._cost = cost
        self._descriptor: int | None = descriptor
        self._file = file
        self._format = cost.format
        self._max_file_bytes = max_file_bytes
        self._threads = threads
        self._is_left = False  # to a thread for which nobody waits

    def need_bytes(self, *, min_side_px: int) -> int:
        return self._cost.need_bytes(min_side_px=min_side_px)

    async def read(self) -> Content | Rejected:
        """Whole, with its SHA-256 and metadata; a file that changes meanwhile is read once more."""
        self._is_left = True
        try:
            content = await self._threads.run(
                self._file.absolute, self._read, drop=self.close_now, limit_s=ANSWER_LIMIT_S
            )
        except NotAnsweringError:
            return not_answering(self._file, self._threads)
        except Exception:
            self._is_left = False
            raise
        self._is_left = False
        return content

    async def close(self) -> None:
        """Idempotent. Closing what was only read does not block."""
        if not self._is_left:
            self.close_now()

    def close_now(self, _: object = None) -> None:
        """Of what no thread reads. Idempotent."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _read(self) -> Content | Rejected:
        assert self._descriptor is not None, "read after close"
        try:
            content = self._read_once(self._descriptor)
            if content is not None:
                return content
            # The path may name another file by now: what is behind it counts.
            opened = open_regular(self._file.absolute)
            if isinstance(opened, Skipped):
                return Rejected(ErrorCode.FILE_CHANGED, opened.detail)
            if isinstance(opened, Rejected):
                return opened
            os.close(self._descriptor)
            self._descriptor = opened
            content = self._read_once(opened)
        except (OSError, MemoryError) as exc:
            return refusal(exc)
        changing = Rejected(ErrorCode.FILE_CHANGED, "the file kept changing while it was read")
        return changing if content is None else content

    def _read_once(self, descriptor: int) -> Content | Rejected | None:
        """None when the file changed while it was read."""
        folder = open_folder_of(self._file.absolute)
        try:
            return self._read_in(folder, descriptor)
        finally:
            os.close(folder)

    def _read_in(self, folder: int, descriptor: int) -> Content | Rejected | None:
        name = self._file.absolute.rpartition(b"/")[2]
        began_ns = time.time_ns()
        before = os.fstat(descriptor)
        if before.st_size > self._max_file_bytes:
            return too_large(before.st_size, self._max_file_bytes)
        # Nobody wants a RAW's bytes but the hash: fresh memory for them took as long as reading.
        read = hash_whole if self._format.is_raw else read_whole
        data, sha256, read_bytes = read(descriptor, before.st_size)
        beside = looked_at(folder, self._file.sidecars)
        metadata = extract_metadata(
            data or FileBytes(descriptor, read_bytes),
            self._format,
            sidecars=[read_sidecar(folder, sidecar) for sidecar, _ in beside],
            path=_named_path(self._file),
            mtime_ns=before.st_mtime_ns,
        )
        after = os.fstat(descriptor)
        on_path = None
        with suppress(FileNotFoundError):
            on_path = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if on_path is None or read_bytes != before.st_size:
            return None
        if not _identity(before) == _identity(after) == _identity(on_path):
            return None
        changed_ns = max(each.st_mtime_ns for each in (before, *(found for _, found in beside)))
        mark = mark_of(beside, self._file.companions)
        return Content(
            file=replace(self._file, stat=file_stat(before, sidecar_mark=mark)),
            data=data,
            sha256=sha256,
            format=self._format.value,
            metadata=metadata,
            mtime_trusted=began_ns - changed_ns > _MTIME_TRUSTED_AFTER_NS,
        )


def _named_path(file: File) -> str:
    """From the root's own name on: what lies above it is a mount, and no name for photographs."""
    return (file.root.path.rpartition(b"/")[2] + b"/" + file.path).decode("utf-8", "replace")


def _identity(status: os.stat_result) -> tuple[int, ...]:
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return (status.st_dev, status.st_ino, status.st_size, *times)


def too_large(size_bytes: int, max_file_bytes: int) -> Rejected:
    detail = f"{size_bytes} bytes are more than the limit of {max_file_bytes}"
    return Rejected(ErrorCode.FILE_TOO_LARGE, detail)
