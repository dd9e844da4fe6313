"""Opens the ledger's database: its settings, its schema, its connections."""

from __future__ import annotations

import os
import sqlite3

from ingestion_orchestration_fastapi_app.adapters.sqlite import faults
from ingestion_orchestration_fastapi_app.adapters.sqlite.migrate import migrate, shipped
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import artefacts, files
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue import filters_sql

_BUSY_TIMEOUT_MS = 10_000
_PRAGMAS = (
    f"busy_timeout = {_BUSY_TIMEOUT_MS}",
    "journal_mode = WAL",
    "synchronous = FULL",  # a commit is on the disk when it returns
    "secure_delete = OFF",
    "wal_autocheckpoint = 4000",  # pages: with the default of 1000 the writer mostly checkpoints
    f"journal_size_limit = {64 * 2**20}",
)
# Small, since they count as this process's memory: 32 and 8 MiB were measured and no faster.
_WRITER_CACHE_KIB = 16 * 1024
_READER_CACHE_KIB = 4 * 1024


def connect(path: str, readers: int) -> list[sqlite3.Connection]:
    """The writer's connection and then the readers'. Blocking.

    Raises:
        StoreWrite: written by a newer version, damaged, or not accessible.
        DiskFull: no space for the schema.
    """
    opened: list[sqlite3.Connection] = []
    try:
        writer = _connection(path, cache_kib=_WRITER_CACHE_KIB)
        opened.append(writer)
        for pragma in _PRAGMAS:
            writer.execute(f"PRAGMA {pragma}")
        migrate(writer, shipped())
        files.prepare(writer)
        artefacts.prepare(writer)
        _sync_folder(path)
        for _ in range(readers):
            reader = _connection(path, cache_kib=_READER_CACHE_KIB)
            opened.append(reader)
            reader.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
            reader.execute("PRAGMA query_only = ON")
            filters_sql.prepare(reader)
    except BaseException as exc:
        close(opened)
        if isinstance(exc, sqlite3.Error) and faults.is_outside(exc):
            raise faults.problem(exc) from exc
        raise
    return opened


def _connection(path: str, *, cache_kib: int) -> sqlite3.Connection:
    # One thread at a time uses a connection, but not always the same one.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    return connection


def _sync_folder(path: str) -> None:
    """SQLite syncs its files, not the name of a new database."""
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def close(connections: list[sqlite3.Connection]) -> None:
    for connection in reversed(connections):  # the writer last: it checkpoints
        connection.close()
