"""Rows of a Parquet file that may be foreign: read by a child process, which may be killed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from subprocess import PIPE
from typing import Any

import anyio
import pyarrow as pa
from anyio import CapacityLimiter, to_thread
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from ingestion_orchestration_fastapi_app.adapters.exports.columns import to_rows, unlike
from ingestion_orchestration_fastapi_app.adapters.exports.opened_file import open_regular
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import ExportedFile
from ingestion_orchestration_fastapi_app.domain.transfer.rows import COLUMNS, VECTOR
from ingestion_orchestration_fastapi_app.errors import StoreWrite
from ingestion_orchestration_fastapi_app.ports.exports import FileDamagedError
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from utils.process.parent_death import dying_with_parent

BATCH_ROWS = 256
FRAME_BYTES = 64 * 1024 * 1024
MEMORY_BYTES = 2 * 1024**3
ANSWER_LIMIT_S = 120.0  # for the next frame; one comes with each 16 MiB that are hashed
_SCRIPT = os.fspath(Path(__file__).with_name("read_child.py"))
_REAP_S = 10.0
_TOLD_BYTES = 1000
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "TMPDIR")
_ENVIRONMENT = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # others reserve a gigabyte at once
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class FileReader:
    def __init__(self, threads: RootThreads) -> None:
        self._root_threads = threads
        self._threads = CapacityLimiter(2)

    async def rows(
        self, folder: bytes, file: ExportedFile, *, skip: int
    ) -> AsyncGenerator[list[Mapping[str, object]], None]:
        """As `Exports.rows`."""
        opening = partial(open_regular, folder, file.name)
        try:
            descriptor = await self._root_threads.run(folder, opening, drop=_close)
        except OSError as exc:
            raise FileDamagedError(f"it cannot be opened ({exc.strerror})") from exc
        try:
            async with _child(descriptor) as child:
                assert child.stdin is not None, "it is a pipe"
                with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    await child.stdin.send(_request(descriptor, file, skip))
                left = file.rows - skip
                async for group in self._groups(child):
                    left -= len(group)
                    if left < 0:
                        raise FileDamagedError("it has more rows than its manifest says")
                    yield group
                if left:
                    raise FileDamagedError("it has fewer rows than its manifest says")
        finally:
            os.close(descriptor)

    async def _groups(self, child: Process) -> AsyncIterator[list[Mapping[str, object]]]:
        assert child.stdout is not None, "it is a pipe"
        frames = BufferedByteReceiveStream(child.stdout)
        while True:
            kind, data = await _frame(frames, child)
            if kind == b"B":
                read = partial(_rows, data)
                yield await to_thread.run_sync(read, limiter=self._threads)
            elif kind == b"X":
                yield [{}] * int(data)
            elif kind == b"E":
                return


def _rows(data: bytes) -> list[Mapping[str, object]]:
    """Raises FileDamagedError."""
    try:
        table = pa.ipc.open_stream(data).read_all()
        table.validate(full=True)
        dim = table.schema.field(VECTOR).type.list_size if _has_vectors(table.schema) else None
        fault = unlike(table.schema, dim=dim)
        if fault is None:
            return list(to_rows(table, dim=dim))
    except pa.ArrowException as exc:
        raise FileDamagedError(f"it cannot be read: {exc}"[:300]) from exc
    raise FileDamagedError(fault)


def _has_vectors(schema: Any) -> bool:
    is_there = VECTOR in schema.names
    return is_there and bool(pa.types.is_fixed_size_list(schema.field(VECTOR).type))


async def _frame(frames: BufferedByteReceiveStream, child: Process) -> tuple[bytes, bytes]:
    """Raises FileDamagedError where the child has ended, or says nothing for too long."""
    try:
        with anyio.fail_after(ANSWER_LIMIT_S):
            head = await frames.receive_exactly(5)
            length = int.from_bytes(head[1:])
            if length > FRAME_BYTES:
                raise FileDamagedError("what reads it speaks nonsense")
            return head[:1], await frames.receive_exactly(length)
    except TimeoutError as exc:
        raise FileDamagedError("reading it takes too long") from exc
    except (anyio.IncompleteRead, anyio.EndOfStream, anyio.ClosedResourceError) as exc:
        raise FileDamagedError(await _why(child)) from exc


async def _why(child: Process) -> str:
    said = b""
    if child.stderr is not None:
        with anyio.move_on_after(_REAP_S), suppress(anyio.EndOfStream, anyio.ClosedResourceError):
            while len(said) < _TOLD_BYTES:
                said += await child.stderr.receive()
    with anyio.move_on_after(_REAP_S):
        await child.wait()
    text = said.decode("utf-8", "replace")[:300]
    if child.returncode == 3 and text:  # as it says when it knows why
        return text
    return "it needs more memory than any file of an export, or is made to crash what reads it"


@asynccontextmanager
async def _child(descriptor: int) -> AsyncIterator[Process]:
    """It is gone when the block is left. Raises StoreWrite where none can be started."""
    command = [sys.executable, "-P", _SCRIPT]
    try:
        with anyio.CancelScope(shield=True):  # one that is cut off while it starts is nobody's
            child = await anyio.open_process(
                dying_with_parent(command, parent_pid=os.getpid()),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env=_child_environment(),
                pass_fds=(descriptor,),
                start_new_session=True,  # a Ctrl-C at the terminal is for the service
            )
    except OSError as exc:
        raise StoreWrite("No process could be started to read it.", cause=str(exc)) from exc
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        with anyio.move_on_after(_REAP_S, shield=True):
            await child.aclose()


def _request(descriptor: int, file: ExportedFile, skip: int) -> bytes:
    asked = {
        "descriptor": descriptor,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "rows": file.rows,
        "skip": skip,
        "columns": [*COLUMNS, VECTOR],
        "batch_rows": BATCH_ROWS,
        "frame_bytes": FRAME_BYTES,
        "memory_bytes": MEMORY_BYTES,
    }
    return json.dumps(asked).encode() + b"\n"


def _close(descriptor: int | None) -> None:
    """Of who does not wait for it any more."""
    if descriptor is not None:
        os.close(descriptor)


def _child_environment() -> dict[str, str]:
    known = os.environ  # noqa: TID251  # passed on, not read
    return {**{name: known[name] for name in _PASSED_ON if name in known}, **_ENVIRONMENT}
