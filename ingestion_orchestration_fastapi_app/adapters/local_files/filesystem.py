"""The Library port over the local file system: every file is opened once, nothing is trusted."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Collection,
    Generator,
    Iterator,
    Sequence,
)
from contextlib import aclosing, suppress
from functools import partial
from typing import cast

from ingestion_orchestration_fastapi_app.adapters.local_files.decode_cost import (
    DecodeCost,
    decode_cost,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.local_file import LocalFile, too_large
from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import (
    SILENT,
    not_answering,
    open_regular,
    read_fault,
    refusal,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.file_walk import (
    InnerMount,
    Met,
    Told,
    display,
    is_bare,
    next_group,
    walk,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.gone_files import (
    are_gone,
    passes_over,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.same_folder import SameFolders
from ingestion_orchestration_fastapi_app.domain.files.file import File, Root
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Skipped
from ingestion_orchestration_fastapi_app.domain.scanning.found import (
    Linked,
    Mounted,
    ScanFault,
    ScanStalled,
)
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.resources.root_threads import (
    ANSWER_LIMIT_S,
    NotAnsweringError,
    RootThreads,
)
from utils.contract import ErrorCode
from utils.imaging.faults.unread_kinds import unread_kind
from utils.imaging.faults.unreadable import of_no_format
from utils.imaging.formats import (
    SNIFF_BYTES,
    extension,
    has_image_extension,
    is_sidecar,
    sniff_at,
)
from utils.problems import Rejected, ServiceOverloaded

_AGAIN_S = 0.1  # for one that did not answer in time before


class LocalFiles:
    """Implements `Library`. Blocking calls run in the threads of the root that they are about: who
    is cancelled does not wait for one that hangs, which keeps what it uses until it returns.

    `is_allowed` says whether a path without links lies in an allowed root; it blocks.
    """

    def __init__(
        self,
        threads: RootThreads,
        *,
        max_file_bytes: int,
        rules: ExcludeRules | None = None,
        linger_s: float = 0.25,
        is_allowed: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._threads = threads
        self._max_file_bytes = max_file_bytes
        self._rules = rules or ExcludeRules()
        self._linger_s = linger_s
        self._is_allowed = is_allowed

    async def scan(
        self,
        directory: bytes,
        *,
        recursive: bool,
        roots: Sequence[Root],
        names: frozenset[bytes] | None = None,
        excluded: Collection[bytes] = (),
    ) -> AsyncIterator[list[File] | Mounted | Linked | ScanFault | ScanStalled]:
        pending, is_inner = [directory], False
        rules = self._rules.passing_over(excluded) if excluded else self._rules
        while pending:
            top = pending.pop()
            items = walk(
                top,
                recursive=recursive,
                roots=roots,
                rules=rules,
                is_inner=is_inner,
                names=names,
            )
            async with aclosing(self._walked(top, items, is_inner=is_inner)) as walked:
                async for found in walked:
                    if isinstance(found, InnerMount):
                        pending.append(found.path)
                    else:
                        yield found
            is_inner = True

    async def _walked(
        self, top: bytes, items: Iterator[Met], *, is_inner: bool
    ) -> AsyncGenerator[list[File] | Told | InnerMount]:
        """In threads of what is mounted there. What hangs is waited for, unless it `is_inner`."""

        def close(_: object = None) -> None:
            with suppress(ValueError):  # a thread runs it still, and closes it in the end
                cast(Generator[Met], items).close()

        take = partial(next_group, items, linger_s=self._linger_s)
        try:
            while True:
                with self._threads.call(top, take, drop=close) as call:
                    group, limit_s = None, ANSWER_LIMIT_S
                    while group is None:
                        with suppress(NotAnsweringError):
                            group = await call.answer(limit_s=limit_s)
                        if group is None and is_inner:
                            call.let_go()
                            yield ScanFault(top, SILENT)
                            return
                        if group is None:
                            limit_s = _AGAIN_S
                            yield ScanStalled(top, Rejected(ErrorCode.FILE_READ, SILENT))
                files, found, ended = group
                if files:
                    yield files
                if found is not None:
                    yield found
                if ended:
                    return
        finally:
            close()

    def passes_over(self, path: bytes, *, below: bytes, is_folder: bool) -> bool:
        is_excluded = is_folder and path != below and self._rules.excludes_folder(path)
        return is_excluded or passes_over(path, below, self._rules)

    async def gone(
        self, paths: Sequence[bytes], *, below: bytes, are_folders: bool = False
    ) -> list[bool]:
        by_root: dict[bytes, list[bytes]] = defaultdict(list)
        for path in paths:
            by_root[self._threads.root_of(path)].append(path)
        gone: dict[bytes, bool] = {}
        for root, there in by_root.items():
            look = partial(are_gone, there, below=below, rules=self._rules, are_folders=are_folders)
            with suppress(NotAnsweringError):
                found = await self._threads.run(root, look, limit_s=ANSWER_LIMIT_S)
                gone.update(zip(there, found, strict=True))
        return [gone.get(path, False) for path in paths]

    async def is_bare(self, folder: bytes) -> bool:
        look = partial(is_bare, folder, rules=self._rules)
        with suppress(NotAnsweringError):
            return await self._threads.run(folder, look, limit_s=ANSWER_LIMIT_S)
        return True

    async def known_as(self, directory: bytes, roots: Sequence[Root]) -> bytes:
        def found() -> bytes:
            return SameFolders(self._rules).path_in(directory, [root.path for root in roots])

        return await self._threads.run(directory, found)

    async def is_allowed(self, directory: bytes) -> bool:
        def allowed() -> bool:
            # Where a link took its place: where that leads to, too.
            places = {directory, os.path.realpath(directory)}
            return self._is_allowed is None or all(map(self._is_allowed, places))

        try:
            return await self._threads.run(directory, allowed, limit_s=ANSWER_LIMIT_S)
        except NotAnsweringError as exc:
            raise ServiceOverloaded(f"{display(directory)}: {SILENT}") from exc

    async def read_fault(self, file: File) -> Rejected | None:
        look = partial(read_fault, file.absolute)
        try:
            return await self._threads.run(file.absolute, look, limit_s=ANSWER_LIMIT_S)
        except NotAnsweringError:
            return not_answering(file, self._threads)

    async def open(self, file: File) -> LocalFile | Rejected | Skipped:
        look = partial(self._open, file)
        try:
            return await self._threads.run(
                file.absolute, look, drop=_closed, limit_s=ANSWER_LIMIT_S
            )
        except NotAnsweringError:
            return not_answering(file, self._threads)

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
            return LocalFile(opened, file, verdict, self._max_file_bytes, self._threads)
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
            refused, kind = of_no_format(header), unread_kind(header)
            if named_so or (kind is not None and kind.is_picture):
                return Rejected(refused.code, refused.detail)
            return Skipped(refused.detail)
        if size_bytes > self._max_file_bytes:
            return too_large(size_bytes, self._max_file_bytes)
        return decode_cost(header, known, file_bytes=size_bytes)


def _closed(opened: LocalFile | Rejected | Skipped | None) -> None:
    if isinstance(opened, LocalFile):
        opened.close_now()
