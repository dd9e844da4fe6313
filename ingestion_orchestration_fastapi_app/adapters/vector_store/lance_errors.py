"""What Lance's errors mean to the rest of the program. Lance says most things as RuntimeError."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreWrite

# What Lance raises for the outside world; ValueError stays what it is, a mistake of the caller.
LANCE_ERRORS = (RuntimeError, OSError)

_FULL = ("no space left on device", "os error 28", "disk quota exceeded", "os error 122")


def is_missing_table(error: ValueError) -> bool:
    return "was not found" in str(error)


def problem(error: Exception, doing: str) -> DiskFull | StoreWrite:
    """`doing` completes "could not be ..."; nothing of Lance's own text reaches a caller."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or any(sign in str(error).lower() for sign in _FULL):
        return DiskFull("The disk that holds the vector store is full.")
    return StoreWrite(f"The vector store could not be {doing}.")


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raises DiskFull or StoreWrite for what Lance or the file system raise inside."""
    try:
        yield
    except LANCE_ERRORS as exc:
        raise problem(exc, doing) from exc
