"""Exports in one folder of the disk: begun aside, and renamed when they are whole."""

from __future__ import annotations

import errno
import os
import re
import shutil
import uuid
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import free_bytes
from ingestion_orchestration_fastapi_app.adapters.data_folder.private_files import (
    FILE_MODE,
    FOLDER_MODE,
)
from ingestion_orchestration_fastapi_app.adapters.exports.faults import writing_export
from ingestion_orchestration_fastapi_app.adapters.exports.file_writer import ParquetFileWriter
from ingestion_orchestration_fastapi_app.adapters.exports.opened_file import (
    ServedFile,
    open_in,
    read_manifest,
)
from ingestion_orchestration_fastapi_app.adapters.exports.reading.rows import FileReader
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import (
    MANIFEST_NAME,
    ExportedFile,
    Manifest,
    is_export_name,
)
from ingestion_orchestration_fastapi_app.errors import (
    DirectoryNotFound,
    ExportExists,
    ExportNotFound,
)
from ingestion_orchestration_fastapi_app.ports.exports import Layout
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads

_THREADS = 4
_REMOVED = ".removed-"
_UNFINISHED = re.compile(r"\.([0-9a-f]{1,64})\.partial")

T = TypeVar("T")


class LocalExports:
    """Implements `Exports`. `makes_folder`: the place of exports is made where it is missing; one
    that a user named may be a disk that is away.
    """

    def __init__(
        self, place: str | os.PathLike[str], *, makes_folder: bool, threads: RootThreads
    ) -> None:
        self._named = os.path.abspath(os.fspath(place))
        self._makes_folder = makes_folder
        self._root_threads = threads
        self._threads = CapacityLimiter(_THREADS)
        self._reader = FileReader(threads)

    async def begin(self, job_id: str, *, kept: Collection[ExportedFile]) -> bool:
        sizes = {os.fsencode(one.name): one.size_bytes for one in kept}
        return await self._run(partial(self._begin, job_id, sizes))

    def file(self, job_id: str, name: str, layout: Layout) -> ParquetFileWriter:
        path = os.path.join(self._unfinished_folder(job_id), os.fsencode(name))
        return ParquetFileWriter(path, name, layout, threads=self._threads)

    async def finish(self, job_id: str, manifest: Manifest) -> None:
        await self._run(partial(self._finish, job_id, manifest))

    async def discard(self, job_id: str) -> None:
        await self._run(partial(self._discard, job_id))

    async def unfinished(self) -> list[str]:
        found = await self._run(self._listed)
        matches = (_UNFINISHED.fullmatch(name) for name in found)
        return [match.group(1) for match in matches if match is not None]

    async def names(self) -> list[str]:
        found = await self._run(self._listed)
        return sorted(name for name in found if is_export_name(name))

    async def folder(self, name: str) -> bytes:
        if not is_export_name(name):
            raise ExportNotFound(f"There is no export named {name!r}.")
        path = os.path.join(self._place(), os.fsencode(name))
        if not await self._run(partial(_is_folder, path)):
            raise ExportNotFound(f"There is no export named {name!r}.")
        return path

    async def manifest(self, folder: bytes) -> Manifest:
        return await self._root_threads.run(folder, partial(read_manifest, folder))

    def rows(
        self, folder: bytes, file: ExportedFile, *, skip: int = 0
    ) -> AsyncGenerator[list[Mapping[str, object]], None]:
        return self._reader.rows(folder, file, skip=skip)

    async def open(self, name: str, file: str) -> ServedFile:
        folder = await self.folder(name)
        return await self._run(partial(open_in, folder, file))

    async def remove(self, name: str) -> None:
        folder = await self.folder(name)
        await self._run(partial(self._remove, name, folder))

    async def free_bytes(self) -> int:
        return await self._run(partial(free_bytes, self._named))

    async def _run(self, call: Callable[[], T]) -> T:
        return await to_thread.run_sync(call, limiter=self._threads)

    def _place(self) -> bytes:
        return os.fsencode(os.path.realpath(self._named))

    def _made_place(self) -> bytes:
        place = self._place()
        if self._makes_folder:
            with writing_export():
                os.makedirs(place, mode=FOLDER_MODE, exist_ok=True)
        if not os.path.isdir(place):
            raise DirectoryNotFound(
                f"Exports lie in {self._named}, as EXPORT_DIR says, and that is no folder: is its "
                "disk there?"
            )
        return place

    def _unfinished_folder(self, job_id: str) -> bytes:
        return os.path.join(self._place(), b".%b.partial" % job_id.encode())

    def _listed(self) -> list[str]:
        try:
            return [os.fsdecode(name) for name in os.listdir(self._place())]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _begin(self, job_id: str, kept: Mapping[bytes, int]) -> bool:
        self._made_place()
        folder = self._unfinished_folder(job_id)
        found: dict[bytes, int] = {}
        with writing_export():
            os.makedirs(folder, mode=FOLDER_MODE, exist_ok=True)
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if name in kept:
                    found[name] = os.stat(path, follow_symlinks=False).st_size
                else:
                    os.unlink(path)
            _sync(folder)
            _sync(os.path.dirname(folder))
        return found == kept

    def _finish(self, job_id: str, manifest: Manifest) -> None:
        folder = self._unfinished_folder(job_id)
        final = os.path.join(self._place(), os.fsencode(manifest.name))
        if not os.path.isdir(folder) and _is_folder(final):
            if read_manifest(final).job_id == job_id:  # it was cut off behind the rename
                return
            raise _exists(manifest.name)
        with writing_export():
            _write(os.path.join(folder, os.fsencode(MANIFEST_NAME)), manifest.json_bytes())
            _sync(folder)
            if os.path.lexists(final):
                raise _exists(manifest.name)
            try:
                os.rename(folder, final)
            except OSError as exc:
                if exc.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                    raise _exists(manifest.name) from exc
                raise
            _sync(os.path.dirname(final))

    def _discard(self, job_id: str) -> None:
        place = self._place()
        shutil.rmtree(self._unfinished_folder(job_id), ignore_errors=True)
        for name in self._listed():
            if name.startswith(_REMOVED):
                shutil.rmtree(os.path.join(place, os.fsencode(name)), ignore_errors=True)

    def _remove(self, name: str, folder: bytes) -> None:
        aside = os.path.join(os.path.dirname(folder), os.fsencode(f"{_REMOVED}{uuid.uuid4().hex}"))
        with writing_export():
            try:
                os.rename(folder, aside)
            except FileNotFoundError as exc:
                raise ExportNotFound(f"There is no export named {name!r}.") from exc
            _sync(os.path.dirname(folder))
        shutil.rmtree(aside, ignore_errors=True)  # what is left goes when the next job ends


def _exists(name: str) -> ExportExists:
    return ExportExists(f"There is an export named {name!r} already: give it another name.")


def _is_folder(path: bytes) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _write(path: bytes, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, FILE_MODE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: bytes) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
