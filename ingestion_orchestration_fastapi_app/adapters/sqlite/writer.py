"""The one thread that writes to the ledger. What waits together becomes one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from anyio import CapacityLimiter, Event, Semaphore, from_thread, to_thread

from ingestion_orchestration_fastapi_app.adapters.sqlite import faults

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]  # statements only: the writer owns the transaction


@dataclass(eq=False, slots=True)
class _Write(Generic[T]):
    work: Work[T]
    done: Event = field(default_factory=Event)
    result: T | None = None
    error: BaseException | None = None


class Writer:
    """Runs writes in the order they were handed over; at most `max_waiting` wait in memory.

    `commits`: how many transactions there were. What was read while it was the same is as it was.
    """

    def __init__(
        self, connection: sqlite3.Connection, *, max_waiting: int = 64, max_group: int = 32
    ) -> None:
        self._connection = connection
        self._max_group = max_group
        self._places = Semaphore(max_waiting)
        self._queue: SimpleQueue[_Write[object] | None] = SimpleQueue()  # bounded by `_places`
        self._closed = False
        self.commits = 0

    async def write(self, work: Work[T]) -> T:
        """Runs `work` in the writer thread; on return it is committed and on the disk.

        A caller that is cancelled while it waits has handed its work over: it is done all the
        same, and before any write that is asked for later.

        Raises:
            DiskFull, StoreWrite: nothing of `work` was kept.
        """
        async with self._places:
            if self._closed:
                raise ValueError("the ledger is closed")
            write: _Write[T] = _Write(work)
            self._queue.put(write)  # type: ignore[arg-type]  # invariant, and only read back here
            await write.done.wait()
        if write.error is not None:
            raise write.error
        return write.result  # type: ignore[return-value]  # T itself may be None

    async def run(self) -> None:
        """The thread's life; ends after `close`, when all that was handed over is written."""
        await to_thread.run_sync(self._work, limiter=CapacityLimiter(1))

    def close(self) -> None:
        self._closed = True
        self._queue.put(None)

    def _work(self) -> None:
        more = True
        while more:
            group, more = self._next_group()
            if group:
                self._commit(group)
                self.commits += 1  # before anybody is told that it is done
                from_thread.run_sync(_announce, group)

    def _next_group(self) -> tuple[list[_Write[object]], bool]:
        """Waits for one write, then takes what is there already; False: it was the last group."""
        write = self._queue.get()
        group: list[_Write[object]] = []
        while write is not None:
            group.append(write)
            if len(group) == self._max_group:
                return group, True
            try:
                write = self._queue.get_nowait()
            except Empty:
                return group, True
        return group, False

    def _commit(self, group: list[_Write[object]]) -> None:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for write in group:
                _run(connection, write)
            connection.execute("COMMIT")
        except sqlite3.Error as exc:
            if connection.in_transaction:  # SQLite itself rolls back after some of its errors
                connection.execute("ROLLBACK")
            for write in group:
                write.error = _of_group(exc)


def _run(connection: sqlite3.Connection, write: _Write[object]) -> None:
    """One write of a group: what it raises is its own, and its neighbours go on.

    Raises:
        sqlite3.Error: the disk or the database is at fault, so the whole group is.
    """
    connection.execute("SAVEPOINT one")
    try:
        write.result = write.work(connection)
    except Exception as exc:  # handed to the caller, who waits for it
        if isinstance(exc, sqlite3.Error) and faults.is_outside(exc):
            raise
        write.error = exc
        connection.execute("ROLLBACK TO one")
    connection.execute("RELEASE one")


def _of_group(exc: sqlite3.Error) -> BaseException:
    """An error of its own for every waiting caller: raised twice, one object mixes its traces."""
    if not faults.is_outside(exc):
        return exc
    problem = faults.problem(exc)
    problem.__cause__ = exc
    return problem


def _announce(group: list[_Write[object]]) -> None:
    for write in group:
        write.done.set()
