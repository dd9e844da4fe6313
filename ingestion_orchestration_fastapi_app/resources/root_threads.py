"""Threads for calls on users' file systems, a bounded number for each root.

A call on a share whose server is gone may never return, and nothing can end it. It then keeps its
thread, and its place among its root's, until it does; whoever waited for it may be cancelled.
"""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from threading import Lock, Thread, local
from types import TracebackType
from typing import Generic, Self, TypeVar

from anyio import CapacityLimiter, Event, move_on_after

T = TypeVar("T")

ANSWER_LIMIT_S = 60.0  # a file system of which nothing is heard for so long does not answer
_SILENT_CALLS = 2  # one alone may hang at one file
_IDLE_S = 10.0
_MOST_ROOTS = 64  # beyond these, those in which nothing goes on are forgotten


_here = local()


class NotAnsweringError(Exception):
    """The file system does not answer. What was asked of it may still come to its end."""


def note_alive() -> None:
    """By a call in one of these threads: it takes long, and does not hang."""
    work: _Work[object] | None = getattr(_here, "work", None)
    if work is not None:
        work.heard_s = time.monotonic()


class RootThreads:
    """`root_of` gives the root that an absolute path belongs to; it must not block. `each`: calls
    at once in a root. The threads end by themselves, and keep no process from its end.
    """

    def __init__(self, root_of: Callable[[bytes], bytes], *, each: int) -> None:
        self._root_of = root_of
        self._each = each
        self._roots: dict[bytes, _Root] = {}

    def root_of(self, path: bytes) -> bytes:
        return self._root_of(path)

    def call(
        self,
        path: bytes,
        call: Callable[[], T],
        *,
        drop: Callable[[T | None], object] | None = None,
    ) -> Call[T]:
        """`call`, to be made in a thread of the path's root; `drop` as of `run`."""
        return Call(self._root_at(path), _Work(call), drop)

    async def run(
        self,
        path: bytes,
        call: Callable[[], T],
        *,
        drop: Callable[[T | None], object] | None = None,
        limit_s: float | None = None,
    ) -> T:
        """What `call` returns or raises, in a thread of the path's root, in its turn.

        Where the caller is cancelled nobody waits for the call. `drop` is then given what came, in
        the end, or None where nothing did; from then on the call uses nothing any more.

        Raises:
            NotAnsweringError: as `Call.answer`; the caller is then as one that was cancelled.
        """
        with self.call(path, call, drop=drop) as one:
            return await one.answer(limit_s=limit_s)

    def _root_at(self, path: bytes) -> _Root:
        name = self._root_of(path)
        found = self._roots.pop(name, None) or _Root(self._each)
        if len(self._roots) >= _MOST_ROOTS:
            self._roots = {key: root for key, root in self._roots.items() if root.is_used}
        self._roots[name] = found  # the last: the order is that of their use
        return found


class Call(Generic[T]):
    """One call. A context manager: who leaves it by an exception does not wait any more."""

    def __init__(
        self, root: _Root, work: _Work[T], drop: Callable[[T | None], object] | None
    ) -> None:
        self._root = root
        self._work = work
        self._drop = drop
        self._is_over = False  # it was answered, or let go

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        if exc is not None:
            self.let_go()

    def let_go(self) -> None:
        """Idempotent. It runs on where it has begun, and `drop` is given what comes."""
        if not self._is_over:
            self._is_over = True
            self._work.let_go(self._drop)

    async def answer(self, *, limit_s: float | None = None) -> T:
        """What the call returns or raises.

        Raises:
            NotAnsweringError: nothing was heard of it, or of any call in the root, for so long, or
                of several others before. It can be asked again.
        """
        work = self._work
        if not work.has_begun:
            await self._begin(limit_s)
        while not work.done.is_set():
            left_s = None if limit_s is None else limit_s - work.silent_s()
            if left_s is not None and left_s <= 0:
                raise NotAnsweringError
            with move_on_after(left_s):
                await work.done.wait()
        self._is_over = True
        if work.error is not None:
            raise work.error
        assert work.result is not None
        return work.result[0]

    async def _begin(self, limit_s: float | None) -> None:
        root = self._root
        if limit_s is not None and root.is_silent(limit_s):
            raise NotAnsweringError
        has_place = False
        while not has_place:
            with move_on_after(limit_s):
                await root.limiter.acquire_on_behalf_of(self._work)
                has_place = True
            if not has_place and limit_s is not None and root.is_silent(limit_s):
                raise NotAnsweringError
        try:
            root.begin(self._work)
        except BaseException:
            root.limiter.release_on_behalf_of(self._work)
            raise


@dataclass(eq=False, slots=True)
class _Work(Generic[T]):
    """One call. Its thread ends it under the lock: its result has one owner at any time."""

    call: Callable[[], T]
    done: Event = field(default_factory=Event)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    context: Context = field(default_factory=copy_context)
    result: tuple[T] | None = None
    error: BaseException | None = None
    has_begun: bool = False
    heard_s: float = 0.0
    _lock: Lock = field(default_factory=Lock)
    _has_ended: bool = False
    _is_left: bool = False
    _drop: Callable[[T | None], object] | None = None

    def begin(self) -> None:
        self.has_begun, self.heard_s = True, time.monotonic()

    def silent_s(self) -> float:
        return time.monotonic() - self.heard_s

    def run(self) -> None:
        """In its thread."""
        _here.work = self
        try:
            self.result = (self.context.run(self.call),)
        except BaseException as exc:  # noqa: BLE001  # it is the caller's, on the loop
            self.error = exc
        _here.work = None
        with self._lock:
            self._has_ended = True
            is_left = self._is_left
        if is_left:
            self._dropped()

    def let_go(self, drop: Callable[[T | None], object] | None) -> None:
        """By the caller, who was cancelled."""
        with self._lock:
            self._is_left, self._drop = True, drop
            is_running = self.has_begun and not self._has_ended
        if not is_running:
            self._dropped()

    def _dropped(self) -> None:
        drop, result, self.result = self._drop, self.result, None
        if drop is not None:
            drop(None if result is None else result[0])


class _Root:
    def __init__(self, each: int) -> None:
        self.limiter = CapacityLimiter(each)
        self._waiting: queue.SimpleQueue[_Work[object]] = queue.SimpleQueue()
        self._lock = Lock()
        self._threads = 0
        self._running: set[_Work[object]] = set()  # changes on the event loop alone

    @property
    def is_used(self) -> bool:
        return self.limiter.borrowed_tokens > 0 or self.limiter.statistics().tasks_waiting > 0

    def is_silent(self, limit_s: float) -> bool:
        """Whether all calls that are under way, which are several, hang."""
        calls = self._running
        return len(calls) >= min(_SILENT_CALLS, self.limiter.total_tokens) and all(
            one.silent_s() >= limit_s for one in calls
        )

    def begin(self, work: _Work[T]) -> None:
        """Its place has been taken: there are never more threads than places.

        Raises what `Thread` does where the system lets none start; nothing has begun then.
        """
        with self._lock:
            if self._threads < self.limiter.borrowed_tokens:
                Thread(target=self._serve, name="files of a root", daemon=True).start()
                self._threads += 1
            work.begin()
            self._running.add(work)  # type: ignore[arg-type]  # nothing here looks at results
            self._waiting.put(work)  # type: ignore[arg-type]  # likewise

    def _serve(self) -> None:
        while True:
            try:
                work = self._waiting.get(timeout=_IDLE_S)
            except queue.Empty:
                with self._lock:
                    if self._waiting.empty():
                        self._threads -= 1
                        return
                continue
            work.run()
            # The loop may have ended meanwhile: then nobody waits. Nor does this thread, for it.
            with suppress(RuntimeError):
                work.loop.call_soon_threadsafe(self._end, work)

    def _end(self, work: _Work[object]) -> None:
        self._running.discard(work)
        self.limiter.release_on_behalf_of(work)
        work.done.set()
