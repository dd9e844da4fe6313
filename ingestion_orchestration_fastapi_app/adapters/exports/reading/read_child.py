"""The process that reads one Parquet file of an export: started by `rows.py` only.

Run as a file it imports nothing of the project. It reads one line of JSON from its standard input,
and the Parquet file from a descriptor that it was given. It writes frames to its standard output: a
letter, four bytes of length, and so many bytes. `H`: it is alive. `B`: a batch of rows as an Arrow
stream. `X`: so many rows, as a number in text, that are too large to be any. `E`: that was all.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_PIECE = 16 * 1024 * 1024
_STRINGS = 64 * 1024 * 1024  # of a footer: more is refused before memory is taken for it
_LISTS = 10_000_000


class WrongFileError(Exception):
    """In words for people."""


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    _bound(asked["memory_bytes"])
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    try:
        _check_hash(asked)
        _send_rows(asked)
    except WrongFileError as exc:
        _fail(str(exc))
    except MemoryError:
        _fail("it needs more memory than any file of an export")
    except (pa.ArrowException, ArithmeticError, OSError, TypeError, ValueError) as exc:
        text = str(exc).lower()
        lacks = "malloc" in text or "memory" in text
        _fail(
            "it needs more memory than any file of an export"
            if lacks
            else f"it cannot be read: {exc}"
        )
    _frame(b"E", b"")


def _check_hash(asked: dict[str, Any]) -> None:
    descriptor: int = asked["descriptor"]
    size = os.fstat(descriptor).st_size
    if size != asked["size_bytes"]:
        raise WrongFileError(f"it has {size} bytes, and {asked['size_bytes']} in the manifest")
    found, at = hashlib.sha256(), 0
    while piece := os.pread(descriptor, _PIECE, at):
        found.update(piece)
        at += len(piece)
        _frame(b"H", b"")
    if found.hexdigest() != asked["sha256"]:
        raise WrongFileError("its hash is not that of the manifest")


def _send_rows(asked: dict[str, Any]) -> None:
    file = pq.ParquetFile(
        pa.PythonFile(os.fdopen(asked["descriptor"], "rb"), mode="r"),
        memory_map=False,
        pre_buffer=False,
        thrift_string_size_limit=_STRINGS,
        thrift_container_size_limit=_LISTS,
        page_checksum_verification=True,
    )
    told = file.metadata.num_rows
    if told != asked["rows"]:
        raise WrongFileError(f"it has {told} rows, and {asked['rows']} in the manifest")
    known = set(asked["columns"])
    columns = [name for name in file.schema_arrow.names if name in known]
    skip: int = asked["skip"]
    for number in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(number).num_rows
        if skip >= rows:
            skip -= rows
            continue
        for batch in file.iter_batches(
            asked["batch_rows"], row_groups=[number], columns=columns, use_threads=False
        ):
            left = batch.slice(skip)
            skip = max(0, skip - batch.num_rows)
            if left.num_rows:
                _send(left, asked["frame_bytes"])


def _send(batch: Any, most_bytes: int) -> None:
    """In parts, where it is too large for a frame."""
    if batch.nbytes <= most_bytes:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        whole = sink.getvalue()
        if whole.size <= most_bytes:
            _frame(b"B", whole)
            return
    if batch.num_rows == 1:
        _frame(b"X", b"1")
        return
    half = batch.num_rows // 2
    _send(batch.slice(0, half), most_bytes)
    _send(batch.slice(half), most_bytes)


def _frame(kind: bytes, data: Any) -> None:
    view = memoryview(data)
    head = kind + view.nbytes.to_bytes(4)
    for part in (memoryview(head), view):
        while part.nbytes:
            part = part[os.write(1, part) :]  # noqa: PLW2901  # what is left of it


def _bound(memory_bytes: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it has nothing to write


def _fail(why: str) -> None:
    sys.stderr.write(why.replace("\n", " ")[:300])
    sys.stderr.flush()
    os._exit(3)


if __name__ == "__main__":
    main()
