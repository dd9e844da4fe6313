"""Rows of files, as several tables' statements need them. Blocking."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import TypeVar

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey

# In the order of `rows.file_record`, behind the path. `outcome`: of the job that asks, or NULL.
KNOWN = "id, {outcome}, size_bytes, mtime_ns, ctime_ns, sidecar_mark, mtime_trusted, sha256"
OUTCOME = "(SELECT outcome FROM job_items WHERE job_number = {number} AND file_id = files.id)"
_VARIABLES = 4096  # in one statement; SQLite before 3.32 ends at 999, all since at 32,766

T = TypeVar("T")


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, _VARIABLES)):
        yield chunk


def found(
    db: sqlite3.Connection, columns: str, collection_id: int, keys: Iterable[FileKey]
) -> Iterator[tuple[FileKey, Row]]:
    """The rows there are, each with its path before the `columns`."""
    for root_id, group in groupby(keys, key=lambda key: key.root_id):  # as a scan comes by them
        for chunk in chunks(group):
            by_path = {key.path: key for key in chunk}
            rows = db.execute(
                f"SELECT path, {columns} FROM files"  # noqa: S608  # constants and marks
                f" WHERE collection_id = ? AND root_id = ? AND path IN ({marks(len(by_path))})",
                (collection_id, root_id.bytes, *by_path),
            )
            for row in rows:
                yield by_path[row[0]], row


def marks(count: int) -> str:
    return ",".join("?" * count)
