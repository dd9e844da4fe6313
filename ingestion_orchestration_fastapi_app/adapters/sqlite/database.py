"""The database as its tables use it: writes by one thread, reads in snapshots by a few."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.adapters.sqlite import faults
from ingestion_orchestration_fastapi_app.adapters.sqlite.writer import Work, Writer

T = TypeVar("T")
P = ParamSpec("P")
Clock = Callable[[], datetime]


class Database:
    def __init__(
        self,
        writer: Writer,
        readers: Sequence[sqlite3.Connection],
        limiter: CapacityLimiter,
        clock: Clock,
    ) -> None:
        self.write = writer.write
        self._writer = writer
        self.clock = clock
        self._readers = list(readers)  # the idle ones; the limiter lets no more in than there are
        self._limiter = limiter

    @property
    def commits(self) -> int:
        return self._writer.commits

    async def read(self, work: Work[T]) -> T:
        """Runs `work` in a worker thread, in one snapshot."""
        return await to_thread.run_sync(self._snapshot, work, limiter=self._limiter)

    def _snapshot(self, work: Work[T]) -> T:
        connection = self._readers.pop()
        try:
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                if connection.in_transaction:  # SQLite itself ends it after some of its errors
                    connection.execute("ROLLBACK")
        except sqlite3.Error as exc:
            if faults.is_outside(exc):
                raise faults.problem(exc) from exc
            raise
        finally:
            self._readers.append(connection)


class Repository:
    """A table's methods are its statements: `reads` and `writes` say where they run."""

    def __init__(self, database: Database) -> None:
        self.database = database


R = TypeVar("R", bound=Repository)
Statements = Callable[Concatenate[R, sqlite3.Connection, P], T]
Method = Callable[Concatenate[R, P], Coroutine[Any, Any, T]]


def reads(statements: Statements[R, P, T]) -> Method[R, P, T]:
    """For a method whose statements run in one snapshot, in a worker thread."""

    @wraps(statements)
    async def method(self: R, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.database.read(lambda db: statements(self, db, *args, **kwargs))

    return method


def writes(statements: Statements[R, P, T]) -> Method[R, P, T]:
    """For a method whose statements run in the writer's thread: on return they are on the disk."""

    @wraps(statements)
    async def method(self: R, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.database.write(lambda db: statements(self, db, *args, **kwargs))

    return method
