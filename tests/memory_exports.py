"""The in-memory twin of the exports on the disk: one parametrised suite runs against both."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.transfer.exported import ExportedImage
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import (
    MANIFEST_NAME,
    ExportedFile,
    Manifest,
)
from ingestion_orchestration_fastapi_app.domain.transfer.rows import VECTOR, row_of
from ingestion_orchestration_fastapi_app.errors import ExportExists, ExportNotFound
from ingestion_orchestration_fastapi_app.ports.exports import FileDamagedError, Layout

PLACE = b"/exports/"
_ROWS_A_GROUP = 3
Rows = list[Mapping[str, object]]


@dataclass
class MemoryFile:
    """Implements `ExportFileWriter`."""

    name: str
    layout: Layout
    into: dict[str, Rows]
    rows: Rows = field(default_factory=list)

    async def add(self, images: Sequence[ExportedImage]) -> int:
        await checkpoint()
        for image in images:
            row = row_of(image)
            vector = image.point.vector if self.layout.dim is not None else None
            self.rows.append({**row, VECTOR: vector})
        return sum(len(repr(row)) for row in self.rows)

    async def close(self) -> ExportedFile:
        await checkpoint()
        self.into[self.name] = self.rows
        return file_of(self.name, self.rows)


@dataclass
class MemoryServed:
    """Implements `OpenedFile`."""

    content: bytes
    mtime_ns: int = 0
    size_bytes: int = 0

    def __post_init__(self) -> None:
        self.size_bytes = len(self.content)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.content[offset : offset + length]

    def close(self) -> None:
        """Nothing is held."""


class MemoryExports:
    """Implements `Exports`."""

    def __init__(self) -> None:
        self.begun: dict[str, dict[str, Rows]] = {}
        self.finished: dict[str, tuple[Manifest, dict[str, Rows]]] = {}

    async def begin(self, job_id: str, *, kept: Collection[ExportedFile]) -> bool:
        await checkpoint()
        there = self.begun.get(job_id, {})
        names = {one.name for one in kept}
        self.begun[job_id] = {name: rows for name, rows in there.items() if name in names}
        return self.begun[job_id].keys() == names

    @asynccontextmanager
    async def file(self, job_id: str, name: str, layout: Layout) -> AsyncIterator[MemoryFile]:
        await checkpoint()
        yield MemoryFile(name, layout, self.begun[job_id])

    async def finish(self, job_id: str, manifest: Manifest) -> None:
        await checkpoint()
        if manifest.name in self.finished:
            if self.finished[manifest.name][0].job_id != job_id:
                raise ExportExists("It is there.")
            return
        self.finished[manifest.name] = (manifest, self.begun.pop(job_id))

    async def discard(self, job_id: str) -> None:
        await checkpoint()
        self.begun.pop(job_id, None)

    async def unfinished(self) -> list[str]:
        await checkpoint()
        return list(self.begun)

    async def names(self) -> list[str]:
        await checkpoint()
        return sorted(self.finished)

    async def folder(self, name: str) -> bytes:
        await checkpoint()
        if name not in self.finished:
            raise ExportNotFound(f"There is no export named {name!r}.")
        return PLACE + name.encode()

    async def manifest(self, folder: bytes) -> Manifest:
        await checkpoint()
        return self._at(folder)[0]

    async def rows(
        self, folder: bytes, file: ExportedFile, *, skip: int = 0
    ) -> AsyncGenerator[list[Mapping[str, object]], None]:
        rows = self._at(folder)[1].get(file.name)
        if rows is None or file_of(file.name, rows) != file:
            raise FileDamagedError("it is another")
        for start in range(skip, len(rows), _ROWS_A_GROUP):
            await checkpoint()
            yield rows[start : start + _ROWS_A_GROUP]

    async def open(self, name: str, file: str) -> MemoryServed:
        manifest, files = self._at(await self.folder(name))
        if file == MANIFEST_NAME:
            return MemoryServed(manifest.json_bytes())
        if file not in files:
            raise ExportNotFound(f"The export has no file {file!r}.")
        return MemoryServed(repr(files[file]).encode())

    async def remove(self, name: str) -> None:
        await self.folder(name)
        del self.finished[name]

    async def free_bytes(self) -> int:
        await checkpoint()
        return 10**12

    def _at(self, folder: bytes) -> tuple[Manifest, dict[str, Rows]]:
        name = folder.removeprefix(PLACE).decode()
        if name not in self.finished:
            raise ExportNotFound(f"{name} is no export.")
        return self.finished[name]


def file_of(name: str, rows: Rows) -> ExportedFile:
    content = repr(rows).encode()
    digest = hashlib.sha256(content).hexdigest()
    return ExportedFile(name=name, rows=len(rows), size_bytes=len(content), sha256=digest)
