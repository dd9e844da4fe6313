"""One decoder process, as the service sees it: started, asked, killed when it does not answer."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from anyio import CapacityLimiter, create_task_group, move_on_after, sleep, to_thread

from utils.imaging.decoding import ImageUnreadableError
from utils.sandbox import protocol

_IMPORT_ROOT = Path(__file__).parents[2]
_NOISE_BYTES = 64 * 1024  # what a pipe holds
_NOISE_TOLD = 2000
_REAP_LIMIT_S = 10.0
_GRACE_S = 2.0
_SIGKILL = 9
_POLL_S = 0.05
# What a decoder needs to know of the world; keys and tokens are not among it.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "TMPDIR")
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",  # numpy would reserve address space for a thread on each core
    "MALLOC_ARENA_MAX": "2",  # and so would each thread of a decoder, 64 MiB at a time
    # Memory is kept for the next picture: taking it anew cost a 12 MP HEIC a sixth of its time.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 1024 * 1024),
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The time was up; the process has been killed."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """It ended by itself or by somebody else's hand, or else it spoke nonsense and was killed."""

    spoke_nonsense: bool


@dataclass(frozen=True, slots=True)
class Died:
    """The process ended, or was ended, before it answered."""

    why: str


@dataclass(slots=True)
class _Watch:
    """One wait for a process: killed when the time is up or the wait is cancelled."""

    process: DecoderProcess
    limit_s: float
    over: bool = False
    late: bool = False

    async def guard(self) -> None:
        try:
            await sleep(self.limit_s)
            self.late = True
        finally:
            if not self.over:
                self.process.kill()  # whose end ends the thread that waits for it


@dataclass(slots=True, eq=False)
class DecoderProcess:
    """`fit`: it is in step, and can be asked again."""

    _child: subprocess.Popen[bytes]
    _line: socket.socket
    _noise: int  # the file descriptor of its standard error
    _threads: CapacityLimiter
    fit: bool = True
    idle_since_s: float = field(default=0.0)

    @classmethod
    def spawn(cls, module: str, *, memory_bytes: int, threads: CapacityLimiter) -> DecoderProcess:
        """Call it from the thread of the event loop: the child dies with the thread it is from.

        Never forked without exec: a fork would hold the service's locks, sockets and model.
        """
        with ExitStack() as theirs_too, ExitStack() as ours_where_it_fails:
            ours, theirs = socket.socketpair()
            theirs_too.callback(theirs.close)
            ours_where_it_fails.callback(ours.close)
            noise, noise_end = os.pipe()
            theirs_too.callback(os.close, noise_end)
            ours_where_it_fails.callback(os.close, noise)
            # Neither side waits for noise: what does not fit into the pipe is dropped.
            os.set_blocking(noise, False)
            os.set_blocking(noise_end, False)
            child = subprocess.Popen(  # noqa: S603  # our own module
                [sys.executable, "-m", module, str(os.getpid()), str(memory_bytes)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=noise_end,
                cwd=_IMPORT_ROOT,
                env=_child_environment(),
                start_new_session=True,  # a Ctrl-C at the terminal is for the service
            )
            ours_where_it_fails.pop_all()
        return cls(child, ours, noise, threads)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self.fit and self._child.poll() is None

    async def started(self, *, limit_s: float) -> bool:
        def hear() -> bool:
            protocol.receive(self._line, protocol.Ready)
            return True

        return await self._bounded(hear, limit_s) is True

    async def answer(
        self, ask: protocol.Ask, file: bytes | int, *, limit_s: float
    ) -> protocol.Result | ImageUnreadableError | TimedOut | Crashed:
        def exchange() -> protocol.Result | ImageUnreadableError:
            protocol.send(self._line, ask, file)
            result, again = protocol.receive_result(self._line, ask)
            self.fit = self.fit and again
            return result

        return await self._bounded(exchange, limit_s)

    async def _bounded(self, call: Callable[[], T], limit_s: float) -> T | TimedOut | Crashed:
        """Cancelled, it kills the process and so ends at once: nothing is left out of step."""

        def guarded() -> T | Crashed:
            try:
                return call()
            except protocol.DecoderGoneError:
                return Crashed(spoke_nonsense=False)
            except protocol.LostDecoderError:
                return Crashed(spoke_nonsense=True)

        watch = _Watch(self, limit_s)
        async with create_task_group() as tg:
            tg.start_soon(watch.guard)
            result = await to_thread.run_sync(guarded, limiter=self._threads)
            watch.over = True
            tg.cancel_scope.cancel()
        if isinstance(result, Crashed):
            self.fit = False
            if result.spoke_nonsense:
                self.kill()
            return TimedOut() if watch.late else result
        self._heard()  # or the noise of many files would crowd out that of the one that crashes
        return result

    def kill(self) -> None:
        self.fit = False
        self._child.kill()
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    async def end(self) -> str:
        """Kills it and waits until it is gone. Returns its last words.

        One that has hung up is left a moment to end as it was about to: `signal` tells how.
        """
        if self.alive:
            self.kill()
        with move_on_after(_REAP_LIMIT_S, shield=True):
            try:
                await to_thread.run_sync(self._gone, limiter=self._threads, abandon_on_cancel=True)
            except RuntimeError:  # no thread can be started
                self.kill()
                while self._child.poll() is None:  # noqa: ASYNC110  # only a thread would be told
                    await sleep(_POLL_S)
        stderr_tail = self._heard()
        self._line.close()
        os.close(self._noise)
        return stderr_tail

    def _gone(self) -> None:
        try:
            self._child.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            self._child.wait()

    def _heard(self) -> str:
        """What it wrote to its standard error since it was asked last: the end of it, in text."""
        try:
            stderr_tail = os.read(self._noise, _NOISE_BYTES)
        except BlockingIOError:
            return ""
        return stderr_tail[-_NOISE_TOLD:].decode("utf-8", "replace")

    @property
    def signal(self) -> int | None:
        """The number of the signal that ended it; None while it runs, or after a plain exit."""
        code = self._child.returncode
        return -code if code is not None and code < 0 else None

    def why(self, crashed: Crashed, stderr_tail: str) -> str:
        """It ended, in words; after `end`, whose answer is `stderr_tail`."""
        if crashed.spoke_nonsense:
            return "it spoke nonsense"
        said, signal = stderr_tail.lower(), self.signal
        if protocol.NO_THREADS in said:
            return protocol.NO_THREADS
        if signal == _SIGKILL or "memory" in said or "bad_alloc" in said:
            return "it was ended for want of memory"
        return f"it crashed (signal {signal})" if signal is not None else "it ended"


def _child_environment() -> dict[str, str]:
    known = os.environ  # noqa: TID251  # passed on, not read
    return {**{name: known[name] for name in _PASSED_ON if name in known}, **_ENVIRONMENT}
