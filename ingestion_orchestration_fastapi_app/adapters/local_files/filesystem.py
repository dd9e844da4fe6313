"""The Library port over the local file system: every file is opened once, nothing is trusted."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import cast

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.adapters.local_files.decode_cost import (
    DecodeCost,
    decode_cost,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import open_folder_of
from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import (
    open_regular,
    read_fault,
    refusal,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.sidecars import (
    looked_at,
    mark_of,
    read_sidecar,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.file_walk import (
    Met,
    file_stat,
    is_bare,
    next_group,
    walk,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.gone_files import are_gone
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.same_folder import SameFolders
from ingestion_orchestration_fastapi_app.adapters.local_files.whole_file import (
    hash_whole,
    read_whole,
)
from ingestion_orchestration_fastapi_app.domain.files.file import File, Root
from ingestion_orchestration_fastapi_app.domain.files.scan import (
    Linked,
    Mounted,
    ScanFault,
    ScanStalled,
)
from ingestion_orchestration_fastapi_app.domain.files.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Skipped
from utils.containers.byte_source import FileBytes
from utils.contract import ErrorCode
from utils.imaging.formats import (
    SNIFF_BYTES,
    extension,
    has_image_extension,
    is_sidecar,
    sniff_at,
)
from utils.metadata.extractor import extract_metadata
from utils.problems import Rejected

_MTIME_TRUSTED_AFTER_NS = 2_000_000_000


class LocalFiles:
    """Implements `Library`. Blocking calls run in threads that `limiter` bounds.

    `is_allowed` says whether a path without links lies in an allowed root; it blocks.
    """

    def __init__(
        self,
        limiter: CapacityLimiter,
        *,
        max_file_bytes: int,
        rules: ExcludeRules | None = None,
        linger_s: float = 0.25,
        is_allowed: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._limiter = limiter
        self._max_file_bytes = max_file_bytes
        self._rules = rules or ExcludeRules()
        self._linger_s = linger_s
        self._is_allowed = is_allowed

    async def scan(
        self, directory: bytes, *, recursive: bool, roots: Sequence[Root]
    ) -> AsyncIterator[list[File] | Mounted | Linked | ScanFault | ScanStalled]:
        items = walk(directory, recursive=recursive, roots=roots, rules=self._rules)
        try:
            while True:
                files, found, ended = await to_thread.run_sync(
                    lambda: next_group(items, linger_s=self._linger_s), limiter=self._limiter
                )
                if files:
                    yield files
                if found is not None:
                    yield found
                if ended:
                    return
        finally:
            cast(Generator[Met], items).close()  # no thread runs it any more

    async def gone(
        self, paths: Sequence[bytes], *, below: bytes, are_folders: bool = False
    ) -> list[bool]:
        looked = partial(are_gone, paths, below=below, rules=self._rules, are_folders=are_folders)
        return await to_thread.run_sync(looked, limiter=self._limiter)

    async def is_bare(self, folder: bytes) -> bool:
        look = partial(is_bare, folder, rules=self._rules)
        return await to_thread.run_sync(look, limiter=self._limiter)

    async def known_as(self, directory: bytes, roots: Sequence[Root]) -> bytes:
        def found() -> bytes:
            return SameFolders(self._rules).path_in(directory, [root.path for root in roots])

        return await to_thread.run_sync(found, limiter=self._limiter)

    async def is_allowed(self, directory: bytes) -> bool:
        def allowed() -> bool:
            # Where a link took its place: where that leads to, too.
            places = {directory, os.path.realpath(directory)}
            return self._is_allowed is None or all(map(self._is_allowed, places))

        return await to_thread.run_sync(allowed, limiter=self._limiter)

    async def read_fault(self, file: File) -> Rejected | None:
        return await to_thread.run_sync(read_fault, file.absolute, limiter=self._limiter)

    async def open(self, file: File) -> LocalFile | Rejected | Skipped:
        return await to_thread.run_sync(self._open, file, limiter=self._limiter)

    def _open(self, file: File) -> LocalFile | Rejected | Skipped:
        if is_sidecar(file.path):
            return Skipped("a sidecar of another file")
        opened = open_regular(file.absolute)
        if not isinstance(opened, int):
            return opened
        verdict: DecodeCost | Rejected | Skipped
        try:
            verdict = self._sniffed(opened, file)
        except OSError as exc:
            verdict = refusal(exc)
        except BaseException:
            os.close(opened)
            raise
        if isinstance(verdict, DecodeCost):
            return LocalFile(opened, file, verdict, self._max_file_bytes, self._limiter)
        os.close(opened)
        return verdict

    def _sniffed(self, descriptor: int, file: File) -> DecodeCost | Rejected | Skipped:
        size_bytes = os.fstat(descriptor).st_size
        named_so = has_image_extension(file.path)
        if size_bytes == 0:
            empty = "the file is empty"
            return Rejected(ErrorCode.FILE_EMPTY, empty) if named_so else Skipped(empty)
        header = os.pread(descriptor, SNIFF_BYTES, 0)

        def read_at(offset: int, length: int) -> bytes:
            if offset + length <= len(header):
                return header[offset : offset + length]
            return os.pread(descriptor, length, offset)

        known = sniff_at(read_at, hint=extension(file.path))
        if known is None:
            unknown = "no image format is recognised"
            return Rejected(ErrorCode.FORMAT_UNSUPPORTED, unknown) if named_so else Skipped(unknown)
        if size_bytes > self._max_file_bytes:
            return _too_large(size_bytes, self._max_file_bytes)
        return decode_cost(header, known, file_bytes=size_bytes)


class LocalFile:
    """Implements `OpenFile`: the header was read, the rest waits for its memory."""

    def __init__(
        self,
        descriptor: int,
        file: File,
        cost: DecodeCost,
        max_file_bytes: int,
        limiter: CapacityLimiter,
    ) -> None:
        self._cost = cost
        self._descriptor: int | None = descriptor
        self._file = file
        self._format = cost.format
        self._max_file_bytes = max_file_bytes
        self._limiter = limiter

    def need_bytes(self, *, min_side_px: int) -> int:
        return self._cost.need_bytes(min_side_px=min_side_px)

    async def read(self) -> Content | Rejected:
        """Whole, with its SHA-256 and metadata; a file that changes meanwhile is read once more."""
        return await to_thread.run_sync(self._read, limiter=self._limiter)

    async def close(self) -> None:
        """Idempotent. Closing what was only read does not block."""
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
            return _too_large(before.st_size, self._max_file_bytes)
        # Nobody wants a RAW's bytes but the hash: fresh memory for them took as long as reading.
        read = hash_whole if self._format.is_raw else read_whole
        data, sha256, read_bytes = read(descriptor, before.st_size)
        beside = looked_at(folder, self._file.sidecars)
        metadata = extract_metadata(
            data or FileBytes(descriptor, read_bytes),
            self._format,
            sidecars=[read_sidecar(folder, sidecar) for sidecar, _ in beside],
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
        return Content(
            file=replace(self._file, stat=file_stat(before, sidecar_mark=mark_of(beside))),
            data=data,
            sha256=sha256,
            format=self._format.value,
            metadata=metadata,
            mtime_trusted=began_ns - changed_ns > _MTIME_TRUSTED_AFTER_NS,
        )


def _identity(status: os.stat_result) -> tuple[int, ...]:
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return (status.st_dev, status.st_ino, status.st_size, *times)


def _too_large(size_bytes: int, max_file_bytes: int) -> Rejected:
    detail = f"{size_bytes} bytes are more than the limit of {max_file_bytes}"
    return Rejected(ErrorCode.FILE_TOO_LARGE, detail)
