"""Threads for calls on users' file systems, a bounded number for each root.

A call on a share whose server is gone may never return, and nothing can end it. It then keeps its
thread, and its place among its root's, until it does; whoever waited for it may be cancelled.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Generic, TypeVar

from anyio import CapacityLimiter, Event

T = TypeVar("T")

_IDLE_S = 10.0
_MOST_ROOTS = 64  # beyond these, those in which nothing goes on are forgotten


class RootThreads:
    """`root_of` gives the root that an absolute path belongs to; it must not block. `each`: calls
    at once in a root. The threads end by themselves, and keep no process from its end.
    """

    def __init__(self, root_of: Callable[[bytes], bytes], *, each: int) -> None:
        self._root_of = root_of
        self._each = each
        self._roots: dict[bytes, _Root] = {}

    async def run(
        self,
        path: bytes,
        call: Callable[[], T],
        *,
        drop: Callable[[T | None], object] | None = None,
    ) -> T:
        """What `call` returns or raises, in a thread of the path's root, in its turn.

        Where the caller is cancelled nobody waits for the call. `drop` is then given what came, in
        the end, or None where nothing did; from then on the call uses nothing any more.
        """
        root = self._root_at(path)
        work = _Work(call)
        try:
            await root.limiter.acquire_on_behalf_of(work)
            try:
                root.begin(work)
            except BaseException:
                root.limiter.release_on_behalf_of(work)
                raise
            await work.done.wait()
        except BaseException:
            work.let_go(drop)
            raise
        if work.error is not None:
            raise work.error
        assert work.result is not None
        return work.result[0]

    def _root_at(self, path: bytes) -> _Root:
        name = self._root_of(path)
        found = self._roots.pop(name, None) or _Root(self._each)
        if len(self._roots) >= _MOST_ROOTS:
            self._roots = {key: root for key, root in self._roots.items() if root.is_used}
        self._roots[name] = found  # the last: the order is that of their use
        return found


@dataclass(eq=False, slots=True)
class _Work(Generic[T]):
    """One call. Its thread ends it under the lock: its result has one owner at any time."""

    call: Callable[[], T]
    done: Event = field(default_factory=Event)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    context: Context = field(default_factory=copy_context)
    result: tuple[T] | None = None
    error: BaseException | None = None
    _lock: Lock = field(default_factory=Lock)
    _has_begun: bool = False
    _has_ended: bool = False
    _is_left: bool = False
    _drop: Callable[[T | None], object] | None = None

    def begin(self) -> None:
        self._has_begun = True

    def run(self) -> None:
        """In its thread."""
        try:
            self.result = (self.context.run(self.call),)
        except BaseException as exc:  # noqa: BLE001  # it is the caller's, on the loop
            self.error = exc
        with self._lock:
            self._has_ended = True
            is_left = self._is_left
        if is_left:
            self._dropped()

    def let_go(self, drop: Callable[[T | None], object] | None) -> None:
        """By the caller, who was cancelled."""
        with self._lock:
            self._is_left, self._drop = True, drop
            is_running = self._has_begun and not self._has_ended
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

    @property
    def is_used(self) -> bool:
        return self.limiter.borrowed_tokens > 0 or self.limiter.statistics().tasks_waiting > 0

    def begin(self, work: _Work[T]) -> None:
        """Its place has been taken: there are never more threads than places.

        Raises what `Thread` does where the system lets none start; nothing has begun then.
        """
        with self._lock:
            if self._threads < self.limiter.borrowed_tokens:
                Thread(target=self._serve, name="files of a root", daemon=True).start()
                self._threads += 1
            work.begin()
            self._waiting.put(work)  # type: ignore[arg-type]  # nothing here looks at results

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
        self.limiter.release_on_behalf_of(work)
        work.done.set()
