"""What SQLite's errors mean for the one who asked."""

from __future__ import annotations

import sqlite3

from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreWrite
from utils.problems import Problem

_PRIMARY = 0xFF  # the low byte of an extended code names its family
_UNUSABLE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_OUTSIDE = _UNUSABLE | {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}


def family(exc: sqlite3.Error) -> int:
    """The error's primary code; -1 where the module, not SQLite, raised it."""
    code = getattr(exc, "sqlite_errorcode", -1)
    return code & _PRIMARY if code >= 0 else -1


def is_outside(exc: sqlite3.Error) -> bool:
    """True where the world is at fault: disk, lock, damage. Anything else is a bug here."""
    return family(exc) in _OUTSIDE


def is_damage(exc: sqlite3.Error) -> bool:
    return family(exc) in _UNUSABLE


def problem(exc: sqlite3.Error) -> Problem:
    """The problem to raise from an error that `is_outside`."""
    if family(exc) == sqlite3.SQLITE_FULL:
        return DiskFull("There is no space left for the ledger.")
    if is_damage(exc):
        return StoreWrite(
            "The ledger is damaged. Move its file away or restore a copy: "
            "files are then hashed again, and no vector is lost."
        )
    name = getattr(exc, "sqlite_errorname", "unknown error")
    return StoreWrite(f"The ledger cannot be used now ({name}).")
