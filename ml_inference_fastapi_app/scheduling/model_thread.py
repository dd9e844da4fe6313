"""A thread that works a turn at a time, queries first. One runs the models, one loads them."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Generic, TypeVar

import anyio
import structlog

log = structlog.stdlib.get_logger(__name__)


T = TypeVar("T")


# Work of the model thread. What lies between two yields is one turn; queries go between turns.
Steps = Generator[None, None, T]


class Priority(IntEnum):
    """Queries go before all else. Batches and what is left of loading take turns: neither makes
    the other wait for its end."""

    QUERY = 0
    IMPORT = 1
    LOAD = 2


class ModelThreadDiedError(Exception):
    """The model thread has ended: nothing that was queued will run."""


@dataclass(slots=True, eq=False)
class _Work(Generic[T]):
    steps: Steps[T]
    loop: asyncio.AbstractEventLoop
    done: anyio.Event = field(default_factory=anyio.Event)
    cancelled: bool = False
    result: T | None = None
    error: BaseException | None = None

    def finish(self) -> None:
        """From the model thread; anyio's own way would hold it until the loop had time."""
        try:
            self.loop.call_soon_threadsafe(self.done.set)
        except RuntimeError:
            log.debug("loop_closed_before_work_ended")  # nobody waits any more


class ModelThread:
    """The model thread is the only one that runs a model (CUDA graphs are bound to a thread). A
    second thread of this class reads weights and builds models, which takes seconds in one piece.

    `start` and `stop` belong to the lifespan. A step that raises fails its own work only; what
    ends the thread itself (or a bug in this class) makes `alive` false and calls `on_death` there.
    """

    def __init__(self, name: str = "model", *, on_death: Callable[[], None] = lambda: None) -> None:
        self._on_death = on_death
        self._ready = threading.Condition()
        self._queues: dict[Priority, deque[_Work[Any]]] = {p: deque() for p in Priority}
        self._last = Priority.LOAD  # of the two that take turns
        self._turning = False
        self._stopping = False
        self._dead = False
        # A daemon, since loading weights cannot be interrupted and must not outlive the process.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and not self._dead

    @property
    def is_busy(self) -> bool:
        return self._turning or self.queued() > 0

    def queued(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Lets the current turn end; what is queued fails with ModelThreadDiedError."""
        with self._ready:
            self._stopping = True
            self._ready.notify()

    def join(self, timeout_s: float) -> bool:
        """Blocking. False: it did not end in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    async def run(self, steps: Steps[T], *, priority: Priority) -> T:
        """Runs the steps to their end and gives what they return, or raises what they raise.

        Cancelled before its turn, the work never starts; between turns, it ends there.
        """
        work = _Work(steps, asyncio.get_running_loop())
        with self._ready:
            if self._dead or self._stopping:
                raise ModelThreadDiedError
            self._queues[priority].append(work)
            self._ready.notify()
        try:
            await work.done.wait()
        except BaseException:
            work.cancelled = True
            raise
        if work.error is not None:
            raise work.error
        return work.result  # type: ignore[return-value]  # set, unless T itself allows None

    def _run(self) -> None:
        try:
            while (taken := self._take()) is not None:
                self._turn(*taken)
                del taken  # with its result: what is loaded must be free to go
        except BaseException:  # the thread's last word: nothing is above it
            log.exception("model_thread_crashed")
        finally:
            with self._ready:
                self._dead = True
                stopped = self._stopping
                orphans = [work for queue in self._queues.values() for work in queue]
                for queue in self._queues.values():
                    queue.clear()
            for work in orphans:
                work.error = ModelThreadDiedError()
                work.finish()
            if not stopped:
                self._on_death()

    def _take(self) -> tuple[Priority, _Work[Any]] | None:
        with self._ready:
            while True:
                if self._stopping:
                    return None
                for priority in self._order():
                    queue = self._queues[priority]
                    while queue:
                        work = queue.popleft()
                        if not work.cancelled:
                            if priority is not Priority.QUERY:
                                self._last = priority
                            self._turning = True
                            return priority, work
                        work.steps.close()
                self._ready.wait()

    def _order(self) -> tuple[Priority, ...]:
        if self._last is Priority.IMPORT:
            return Priority.QUERY, Priority.LOAD, Priority.IMPORT
        return Priority.QUERY, Priority.IMPORT, Priority.LOAD

    def _turn(self, priority: Priority, work: _Work[Any]) -> None:
        try:
            next(work.steps)
        except StopIteration as end:
            work.result = end.value
        except Exception as exc:  # noqa: BLE001  # it belongs to whoever awaits the work
            work.error = exc
        except BaseException:
            work.error = ModelThreadDiedError()
            work.finish()
            raise
        else:
            with self._ready:
                self._queues[priority].appendleft(work)  # its next turn, after any query
            return
        self._turning = False  # before whoever waits for it can ask
        work.finish()


def one_turn(function: Callable[[], T]) -> Steps[T]:
    """A step that is not cut further: a query."""
    return function()
    yield  # makes it a generator
