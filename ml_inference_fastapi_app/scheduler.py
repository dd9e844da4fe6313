"""Who may use the device, and when: admission by request, and the thread that runs the model."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Generic, TypeVar

import anyio
import structlog

from utils.problems import GpuBusy

log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")

# Work of the model thread. What lies between two yields is one turn; queries go between turns.
Steps = Generator[None, None, T]

MIN_RETRY_S = 0.05
MAX_RETRY_S = 30.0


class Priority(IntEnum):
    QUERY = 0
    IMPORT = 1


class ModelThreadDiedError(Exception):
    """The model thread has ended: nothing that was queued will run."""


class Speed:
    """Images a second on the device, smoothed. Written on the model thread, read anywhere."""

    def __init__(self, images_per_s: float | None = None) -> None:
        self.images_per_s = images_per_s

    def observe(self, images: int, model_s: float) -> None:
        seen = images / max(model_s, 1e-6)
        known = self.images_per_s
        self.images_per_s = seen if known is None else 0.8 * known + 0.2 * seen


@dataclass(slots=True, eq=False)
class Place:
    """An admitted batch. `images_left` starts as declared and falls as the device works."""

    images_left: int


class Admission:
    """Requests that are in. Full means no, at once: the client waits, not the service.

    One batch is on the device and `max_waiting_batches` arrive and decode behind it. Queries have
    capacity of their own, so that an import never shuts a search out.
    """

    def __init__(
        self,
        *,
        max_waiting_batches: int,
        max_waiting_queries: int,
        speed: Speed,
        on_busy: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_busy = on_busy
        self.limit = 1 + max_waiting_batches
        self._max_queries = 1 + max_waiting_queries
        self._speed = speed
        self._places: list[Place] = []  # oldest first
        self._queries = 0
        self._last_left_s = time.monotonic()

    def idle_s(self) -> float:
        """For how long no request has been in."""
        if self._places or self._queries:
            return 0.0
        return time.monotonic() - self._last_left_s

    @property
    def running(self) -> int:
        return min(1, len(self._places))

    @property
    def waiting(self) -> int:
        return len(self._places) - self.running

    def check_batch(self) -> None:
        """Raises GpuBusy with the time after which the oldest batch should have left."""
        if len(self._places) >= self.limit:
            self._on_busy()
            raise GpuBusy(
                f"{len(self._places)} of {self.limit} batches are in.",
                retry_after_s=self._retry_after_s(),
            )

    def check_query(self) -> None:
        """Raises GpuBusy."""
        if self._queries >= self._max_queries:
            self._on_busy()
            raise GpuBusy("Too many queries are waiting.", retry_after_s=MIN_RETRY_S * 10)

    @contextmanager
    def batch(self, images: int) -> Iterator[Place]:
        """Raises GpuBusy."""
        self.check_batch()
        place = Place(images)
        self._places.append(place)
        try:
            yield place
        finally:
            self._places.remove(place)
            self._last_left_s = time.monotonic()

    @contextmanager
    def query(self) -> Iterator[None]:
        self.check_query()
        self._queries += 1
        try:
            yield
        finally:
            self._queries -= 1
            self._last_left_s = time.monotonic()

    def _retry_after_s(self) -> float:
        speed = self._speed.images_per_s
        wait_s = 1.0 if speed is None else self._places[0].images_left / speed
        return min(max(wait_s, MIN_RETRY_S), MAX_RETRY_S)


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
    """The only thread that touches the model (CUDA graphs are bound to a thread).

    `start` and `stop` belong to the lifespan. A step that raises fails its own work only; what
    ends the thread itself (or a bug in this class) makes `alive` false and calls `on_death` there.
    """

    def __init__(self, *, on_death: Callable[[], None] = lambda: None) -> None:
        self._on_death = on_death
        self._ready = threading.Condition()
        self._queues: dict[Priority, deque[_Work[Any]]] = {p: deque() for p in Priority}
        self._stopping = False
        self._dead = False
        # A daemon, since loading weights cannot be interrupted and must not outlive the process.
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and not self._dead

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
                for priority, queue in self._queues.items():
                    while queue:
                        work = queue.popleft()
                        if not work.cancelled:
                            return priority, work
                        work.steps.close()
                self._ready.wait()

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
        work.finish()


def one_turn(function: Callable[[], T]) -> Steps[T]:
    """A step that is not cut further: a query."""
    return function()
    yield  # makes it a generator
