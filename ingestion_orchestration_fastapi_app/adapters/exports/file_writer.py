"""One Parquet file of an export, written row group by row group, hashed on its way to the disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
from anyio import CancelScope, CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.adapters.data_folder.private_files import FILE_MODE
from ingestion_orchestration_fastapi_app.adapters.exports.columns import schema, to_table
from ingestion_orchestration_fastapi_app.adapters.exports.faults import writing_export
from ingestion_orchestration_fastapi_app.domain.transfer.exported import ExportedImage
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import ExportedFile
from ingestion_orchestration_fastapi_app.domain.transfer.rows import VECTOR
from ingestion_orchestration_fastapi_app.ports.exports import Layout

GROUP_ROWS = 8192
GROUP_BYTES = 32 * 1024 * 1024  # of a row group before it is compressed: who reads holds it whole
_LEVEL = 3


class HashedFile:
    """A new file, as Arrow writes to it."""

    closed = False

    def __init__(self, path: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, FILE_MODE)
        self.hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        while rest:
            written = os.write(self._descriptor, rest)
            self.hash.update(rest[:written])
            self.size_bytes += written
            rest = rest[written:]
        return len(data)

    def tell(self) -> int:
        return self.size_bytes

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self, *, durable: bool = False) -> None:
        """Idempotent."""
        if not self.closed:
            self.closed = True
            try:
                if durable:
                    os.fsync(self._descriptor)
            finally:
                os.close(self._descriptor)


class ParquetFileWriter:
    """Implements `ExportFileWriter`; use it as an async context manager."""

    def __init__(self, path: bytes, name: str, layout: Layout, *, threads: CapacityLimiter) -> None:
        self._path = path
        self._name = name
        self._layout = layout
        self._threads = threads
        self._file: HashedFile | None = None
        self._writer: Any = None
        self._waiting: list[Any] = []
        self._rows = 0

    async def __aenter__(self) -> Self:
        await to_thread.run_sync(self._open, limiter=self._threads)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        with CancelScope(shield=True):  # closing a file is short
            await to_thread.run_sync(self._drop, limiter=self._threads)

    async def add(self, images: Sequence[ExportedImage]) -> int:
        return await to_thread.run_sync(partial(self._add, images), limiter=self._threads)

    async def close(self) -> ExportedFile:
        return await to_thread.run_sync(self._close, limiter=self._threads)

    def _open(self) -> None:
        with writing_export():
            self._file = HashedFile(self._path)
        columns = schema(self._layout)
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self._file, mode="w"),
            columns,
            compression="zstd",
            compression_level=_LEVEL,
            use_dictionary=[name for name in columns.names if name != VECTOR],
            write_page_checksum=True,
        )

    def _add(self, images: Sequence[ExportedImage]) -> int:
        assert self._file is not None, "it is open"
        self._waiting.append(to_table(images, self._layout))
        self._rows += len(images)
        waiting_bytes = sum(int(one.nbytes) for one in self._waiting)
        if sum(len(one) for one in self._waiting) >= GROUP_ROWS or waiting_bytes >= GROUP_BYTES:
            self._flush()
            waiting_bytes = 0
        return self._file.size_bytes + waiting_bytes

    def _flush(self) -> None:
        if self._waiting:
            group = pa.concat_tables(self._waiting)
            with writing_export():
                self._writer.write_table(group, row_group_size=len(group))
            self._waiting = []

    def _close(self) -> ExportedFile:
        assert self._file is not None, "it is open"
        self._flush()
        with writing_export():
            self._writer.close()
            self._file.close(durable=True)
        return ExportedFile(
            name=self._name,
            rows=self._rows,
            size_bytes=self._file.size_bytes,
            sha256=self._file.hash.hexdigest(),
        )

    def _drop(self) -> None:
        """What was not closed is of no use: the next run of the job removes it."""
        self._waiting, self._writer = [], None
        if self._file is not None:
            self._file.close()
