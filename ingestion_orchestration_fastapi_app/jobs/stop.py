"""Ends a job's work early without losing what is done already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from anyio import CancelScope, Event, move_on_after


class Stop:
    """Asked at most once for each run of a job; lives on the event loop."""

    def __init__(self) -> None:
        self._event = Event()
        self._scopes: list[CancelScope] = []

    @property
    def asked(self) -> bool:
        return self._event.is_set()

    def ask(self) -> None:
        """Interrupts what is interruptible; the rest sees `asked` at its next step."""
        self._event.set()
        for scope in self._scopes:
            scope.cancel()

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """What is inside ends as if cancelled when the stop is asked for, or was already."""
        with CancelScope() as scope:
            self._scopes.append(scope)
            if self.asked:
                scope.cancel()
            try:
                yield
            finally:
                self._scopes.remove(scope)

    async def wait(self, *, at_most_s: float) -> None:
        with move_on_after(at_most_s):
            await self._event.wait()
