"""Processes from a fork server, for several threads at once.

Starting one, multiprocessing looks whether any other has ended, and of two that look at the same
one at a time the second takes its end for a loss of the server: one lock for all looks.
"""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext
from threading import Lock
from typing import Any

_LOOKING = Lock()


class Forked:
    """Runs `target` in a process of its own. Its sentinel is ready when it has ended."""

    def __init__(
        self, context: ForkServerContext, target: Callable[..., None], *args: object
    ) -> None:
        self._process: Any = context.Process(target=target, args=args)
        with _LOOKING:
            self._process.start()
        self.sentinel: int = self._process.sentinel
        self._status: int | None = None

    def ends(self, *, within_s: float) -> bool:
        return self._status is not None or bool(wait([self.sentinel], timeout=within_s))

    def kill(self) -> int:
        """`kill -9`, unless it has ended. Idempotent. Returns the status, as Popen has it."""
        if self._status is None:
            if not self.ends(within_s=0):
                self._process.kill()
            wait([self.sentinel])
            with _LOOKING:
                self._process.join()
                self._status = int(self._process.exitcode)
        return self._status
