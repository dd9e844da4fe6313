"""What Lance's errors mean to the rest of the program. Lance says most things as RuntimeError."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import structlog

from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreRead, StoreWrite
from utils.problems import LACKS, ServiceOverloaded, resource_shortage, shortage

log = structlog.get_logger(__name__)


class DamagedError(Exception):
    """What was read is not what was written. Its text is shown to those who ask."""


# What Lance raises for the outside world; ValueError stays what it is, a mistake of the caller.
LANCE_ERRORS = (RuntimeError, OSError)
# What reading damaged files may raise besides: a page that decodes to no text, id, time or number.
DAMAGE_ERRORS = (
    *LANCE_ERRORS,
    DamagedError,
    pa.ArrowException,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,  # a column of another kind than it had
)

_FULL = ("no space left on device", "os error 28", "disk quota exceeded", "os error 122")
_OS_ERROR = re.compile(r"os error (\d+)")
_OF_A_FILE = frozenset(
    {
        errno.ENOENT,
        errno.EIO,
        errno.EINVAL,
        errno.ENODATA,
        errno.EISDIR,
        errno.ENOTDIR,
        errno.ELOOP,
        errno.EBADMSG,
        errno.EUCLEAN,
    }
)
_OF_A_NETWORK = ("timed out", "timeout", "connect", "generic s3", "generic gcs", "microsoftazure")
_OF_THE_CALLER = ("invalid user input", "error resolving filter expression")
_SOURCE_LINE = re.compile(r",? /(root/\.cargo|rustc)/\S+")
_CAUSE_CHARACTERS = 500

_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})

_WHY = "The vector store's table {table!r} could not be read: {why}."
_IMPORT_AGAIN = (
    " Import its folders again: what is damaged is found, and made anew from what is remembered."
)
_GIVE_RIGHTS = " Let the service's user read and write it, and import a folder of it again."


class NoTableError(ValueError):
    """Of a table that was never created, or was dropped."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the table {name!r} was never created")


def is_missing_table(error: ValueError) -> bool:
    return "was not found" in str(error)


def is_panic(error: BaseException) -> bool:
    """Of Lance's own code. The classes cannot be imported, and the first is no Exception."""
    return type(error).__name__ in ("PanicException", "RustPanic")  # the second: in a future


def is_full(error: BaseException) -> bool:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return full or any(sign in str(error).lower() for sign in _FULL)


def is_damage(error: BaseException) -> bool:
    """What reading a file that is not as it was written may raise, and no mistake of the caller."""
    if isinstance(error, NoTableError) or lacking(error) is not None:
        return False
    if isinstance(error, ValueError):  # Lance and the decoding of rows say damage so, too
        return not any(sign in str(error).lower() for sign in _OF_THE_CALLER)
    return isinstance(error, DAMAGE_ERRORS) or is_panic(error)


def lacking(error: BaseException) -> ServiceOverloaded | None:
    """Where this process has no descriptor, memory or thread left; Lance says so as text."""
    if any(number in LACKS for number in _os_errors(error)):
        return shortage(cause_of(error))
    return resource_shortage(error)


def is_moment(error: BaseException) -> bool:
    """Of the machine or the network, now: it says nothing about the file that was read."""
    if lacking(error) is not None:
        return True
    if isinstance(error, NoTableError):  # its name may be like a network's fault
        return False
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno not in _OF_A_FILE
    text = str(error).lower()
    return any(number not in _OF_A_FILE for number in _os_errors(error)) or any(
        sign in text for sign in _OF_A_NETWORK
    )


def cause_of(error: BaseException) -> str:
    """What Lance said, without the lines of its source."""
    text = _SOURCE_LINE.sub("", str(error)).removeprefix("lance error: ")
    return (text or type(error).__name__)[:_CAUSE_CHARACTERS]


def unreadable(table: str, error: BaseException) -> StoreRead:
    """Says why in words of this program: Lance's own are the cause, which no caller sees."""
    numbers = _os_errors(error)
    is_refused = not _REFUSED.isdisjoint(numbers)
    advice = _GIVE_RIGHTS if is_refused else _IMPORT_AGAIN
    if isinstance(error, NoTableError):
        why = "its table is gone"
    elif isinstance(error, DamagedError):
        why = str(error)
    elif numbers:
        why = os.strerror(numbers[0])
    else:
        why = "files of it are damaged"
    return StoreRead(
        _WHY.format(table=table, why=why) + advice,
        cause=cause_of(error),
        damaged_table=None if is_moment(error) else table,
        is_refused=is_refused,
    )


def _os_errors(error: BaseException) -> list[int]:
    """The numbers of the system's errors behind it, also of those that Lance says as text."""
    if isinstance(error, OSError) and error.errno is not None:
        return [error.errno]
    return [int(number) for number in _OS_ERROR.findall(str(error))]


@contextmanager
def reading(table: str) -> Iterator[None]:
    """Raises StoreRead for whatever damage, or the file system, raise inside; ServiceOverloaded
    for what this process lacks.
    """
    try:
        yield
    except ServiceOverloaded:  # said by a look within this one
        raise
    except BaseException as exc:
        if (lack := lacking(exc)) is not None:
            _log("store_lacks_resources", table, exc)
            raise lack from exc
        if not is_damage(exc):
            raise
        _log("store_not_read", table, exc)
        raise unreadable(table, exc) from exc


@contextmanager
def writing(table: str, doing: str) -> Iterator[None]:
    """Raises DiskFull or StoreWrite for what Lance or the file system raise inside;
    ServiceOverloaded for what this process lacks.

    `doing` completes "could not be ..."; nothing of Lance's own text reaches a caller.
    """
    try:
        yield
    except ServiceOverloaded:
        raise
    except BaseException as exc:
        if not isinstance(exc, LANCE_ERRORS) and not is_panic(exc):
            raise
        _log("store_not_written", table, exc)
        if (lack := lacking(exc)) is not None:
            raise lack from exc
        if is_full(exc):
            raise DiskFull("The disk that holds the vector store is full.") from exc
        raise StoreWrite(
            f"The vector store's table {table!r} could not be {doing}.",
            cause=cause_of(exc),
        ) from exc


def _log(event: str, table: str, error: BaseException) -> None:
    log.error(event, table=table, error=f"{type(error).__name__}: {cause_of(error)}")
