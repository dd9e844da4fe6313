"""One folder of a disk cache that holds nothing but bytes, and heals itself.

diskcache unpickles what it finds in its database if a row says so, and does not remember which
`Disk` it was made with: `BytesDisk` refuses, and every opener must give it. Here is the only one.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import TypeVar

import diskcache
import structlog
from diskcache.core import MODE_BINARY, MODE_RAW

log = structlog.get_logger()

T = TypeVar("T")

_FOLDER_MODE = 0o700  # whoever may write here decides what is read as a vector
_BUSY_TIMEOUT_S = 10.0
_IN_DATABASE_BYTES = 2**20  # above it a value is a file: not synced, and slow by the thousand
_PAGE_BYTES = 16 * 1024
_CACHE_PAGES = 128  # 2 MiB, which stay: the connection does
_ASIDE = ".broken"
# The database is torn, is none, or lacks its tables. `_ERROR` is also a programming error: then
# the second try fails as well, and the cache stays off.
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
_FAULTS = (sqlite3.Error, diskcache.Timeout, OSError)


class BytesDisk(diskcache.Disk):  # type: ignore[misc]  # diskcache has no types
    """Keys are text, values are bytes; anything else is refused, on reading as on writing."""

    def put(self, key: object) -> tuple[str, bool]:
        if type(key) is not str:
            raise ValueError("a key is text")
        return key, True

    def get(self, key: object, raw: int) -> str:
        if not raw or type(key) is not str:
            raise ValueError("a key that is no text is not read")
        return key

    def store(
        self, value: object, read: bool, key: object = diskcache.UNKNOWN
    ) -> tuple[int, int, str | None, object]:
        if read or type(value) is not bytes:
            raise ValueError("a value is bytes")
        stored: tuple[int, int, str | None, object] = super().store(value, read, key)
        return stored

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> bytes:
        if mode not in (MODE_RAW, MODE_BINARY):
            raise ValueError("a value that is no bytes is not read")
        fetched = super().fetch(mode, filename, value, read)
        if type(fetched) is not bytes:
            raise ValueError("a value that is no bytes is not read")
        return fetched


class _OneConnection(diskcache.Cache):  # type: ignore[misc]  # diskcache has no types
    """All threads have the same one, and take turns: to make one takes longer than to read a value,
    and the end of the last one would checkpoint and sync.
    """

    def __init__(self, folder: str, connection: sqlite3.Connection, **settings: object) -> None:
        self._connection = connection
        super().__init__(folder, disk=BytesDisk, **settings)

    @property
    def _con(self) -> sqlite3.Connection:
        return self._connection

    def close(self) -> None:
        """Nothing: it closes connections of threads, and there are none."""


class ByteCache:
    """Values by key, the least recently stored forgotten first. Blocking; one thread at a time.

    Faults are logged and count as misses: a cache costs time, never a job.
    """

    def __init__(self, folder: str, *, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._cache: _OneConnection | None = None
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Makes or opens the folder; what is damaged is moved aside first."""
        self._attempt(lambda _: None, otherwise=None)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._cache = self._connection = None

    def get(self, keys: Iterable[str]) -> dict[str, bytes]:
        return self._attempt(lambda cache: _get(cache, keys), otherwise={})

    def put(self, values: Mapping[str, bytes]) -> None:
        self._attempt(lambda cache: _put(cache, values), otherwise=None)

    def forget(self, keys: Iterable[str]) -> None:
        self._attempt(lambda cache: _forget(cache, keys), otherwise=None)

    def _attempt(self, work: Callable[[diskcache.Cache], T], *, otherwise: T) -> T:
        try:
            return self._do(work)
        except _FAULTS as exc:
            log.warning("cache_failed", folder=self._folder, error=repr(exc))
            if not _is_damage(exc):
                return otherwise
        try:
            self._move_aside()
            return self._do(work)
        except _FAULTS as exc:
            log.warning("cache_not_rebuilt", folder=self._folder, error=repr(exc))
            return otherwise

    def _do(self, work: Callable[[diskcache.Cache], T]) -> T:
        cache = self._opened() if self._cache is None else self._cache  # an empty one is falsy
        try:
            return work(cache)
        except _FAULTS:
            self.close()  # and with it what it was in the middle of
            raise

    def _opened(self) -> _OneConnection:
        os.makedirs(self._folder, mode=_FOLDER_MODE, exist_ok=True)
        os.chmod(self._folder, _FOLDER_MODE)
        file = os.path.join(self._folder, diskcache.core.DBNAME)
        with ExitStack() as where_it_fails:
            connection = sqlite3.connect(
                file, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            where_it_fails.callback(connection.close)
            # Before diskcache, whose 4 KiB pages hold one vector of 2 KiB each.
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            connection.execute("PRAGMA auto_vacuum = 1")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            cache = _OneConnection(
                self._folder,
                connection,
                timeout=_BUSY_TIMEOUT_S,
                eviction_policy="least-recently-stored",
                size_limit=self._limit_bytes,
                cull_limit=0,  # `_put` evicts: culling inside a transaction sees no page freed
                statistics=0,
                disk_min_file_size=_IN_DATABASE_BYTES,
                sqlite_cache_size=_CACHE_PAGES,
                sqlite_mmap_size=0,  # what is mapped counts as this process's memory: 64 MiB each
                sqlite_auto_vacuum=1,  # without it a full cache never shrinks, and loses all
            )
            where_it_fails.pop_all()
        self._cache, self._connection = cache, connection
        return cache

    def _move_aside(self) -> None:
        """Keeps the latest damaged folder for whoever wonders; an earlier one makes room."""
        self.close()
        aside = self._folder.rstrip(os.sep) + _ASIDE
        shutil.rmtree(aside, ignore_errors=True)
        os.rename(self._folder, aside)
        log.warning("cache_rebuilt", folder=self._folder, moved_to=aside)


def _is_damage(exc: BaseException) -> bool:
    code = getattr(exc, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGE


def _get(cache: diskcache.Cache, keys: Iterable[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    refused: list[str] = []
    for key in keys:
        try:
            value = cache.get(key)
        except ValueError:  # a row of another kind, from whomever
            refused.append(key)
            continue
        if value is not None:
            found[key] = value
    if refused:
        log.warning("cache_values_refused", folder=cache.directory, count=len(refused))
        _forget(cache, refused)
    return found


def _put(cache: diskcache.Cache, values: Mapping[str, bytes]) -> None:
    with cache.transact():
        for key, value in values.items():
            cache.set(key, value)
    if cache.volume() > cache.size_limit:
        cache.cull()


def _forget(cache: diskcache.Cache, keys: Iterable[str]) -> None:
    with cache.transact():
        for key in keys:
            cache.delete(key)
