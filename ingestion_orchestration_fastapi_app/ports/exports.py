"""Where exports lie: written as Parquet files, listed, served, read again, removed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.transfer.exported import ExportedImage
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import ExportedFile, Manifest


class FileDamagedError(Exception):
    """A file of an export is not there, not what its manifest says, or none that can be read."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the rows of an export hold beside their metadata. `dim`: None without vectors."""

    dim: int | None
    thumbnails: bool


class ExportFileWriter(Protocol):
    """One file, as long as it is written. What is not closed is not there."""

    async def add(self, images: Sequence[ExportedImage]) -> int:
        """How many bytes the file has by now, or will have."""

    async def close(self) -> ExportedFile:
        """Durable on return. Not of one without rows."""


class OpenedFile(Protocol):
    """`read_at` blocks."""

    size_bytes: int
    mtime_ns: int

    def read_at(self, offset: int, length: int) -> bytes: ...
    def close(self) -> None:
        """Idempotent."""


class Exports(Protocol):
    """An export is a folder with a name of its own, that is there as a whole or not at all: while
    it is written it belongs to a job, and is seen by nobody.

    Raises DiskFull and StoreWrite where something could not be made durable, DirectoryNotFound
    where the place of exports is not there.
    """

    async def begin(self, job_id: str, *, kept: Collection[ExportedFile]) -> bool:
        """The job's folder has these files and no others. False: some of them are not there."""

    def file(
        self, job_id: str, name: str, layout: Layout
    ) -> AbstractAsyncContextManager[ExportFileWriter]:
        """Where it is left before it is closed, nothing of it stays."""

    async def finish(self, job_id: str, manifest: Manifest) -> None:
        """From now on it is there by the manifest's name. Idempotent. Raises ExportExists."""

    async def discard(self, job_id: str) -> None:
        """What the job has written, and what is left of exports that were removed. Idempotent."""

    async def unfinished(self) -> list[str]:
        """Jobs that have a folder."""

    async def names(self) -> list[str]: ...
    async def folder(self, name: str) -> bytes:
        """Its absolute path. Raises ExportNotFound."""

    async def manifest(self, folder: bytes) -> Manifest:
        """Of any folder that may be read. Raises ExportNotFound where it is no export, and
        ExportInvalid where it is none that this version can use.
        """

    def rows(
        self, folder: bytes, file: ExportedFile, *, skip: int = 0
    ) -> AsyncGenerator[list[Mapping[str, object]], None]:
        """By column, `vector` as an array of float32, in groups, but for the first `skip`. A row
        that cannot be read is without columns. Raises FileDamagedError.
        """

    async def open(self, name: str, file: str) -> OpenedFile:
        """Raises ExportNotFound."""

    async def remove(self, name: str) -> None:
        """At once or not at all. Raises ExportNotFound."""

    async def free_bytes(self) -> int:
        """Of the disk on which it lies, or would lie."""
