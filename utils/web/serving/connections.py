"""How many connections are open, in what state, and for how long they may stay there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from utils.problems import Problem, ServiceOverloaded, TooSlow

log = structlog.stdlib.get_logger(__name__)

_MOMENT_S = 1.0  # who is new, or in the middle of a head, gets so long
_REFUSED_AT_ONCE = 64  # that are told so; more are closed without a word
_LOOK_S = (
    2.0  # at most, between two looks for what is overdue, unless the service itself stood still
)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """`idle_s` is longer than a client's pause between calls, so that none meets a closing."""

    max_connections: int = 1024
    idle_s: float = 75.0  # without a byte of a request
    head_s: float = 15.0  # from the first byte of a request to the end of its headers
    rest_s: float = 15.0  # for the rest of a body after its answer
    unread_s: float = 60.0  # in which a client takes some of an answer
    unread_bytes: int = 32 * 1024  # that much of it


class Connection(Protocol):
    """What a protocol lets be done to it."""

    def refuse(self, problem: Problem) -> None:
        """Answers by itself where nothing is being answered, and closes."""

    def close(self) -> None: ...

    def unsent_bytes(self) -> int: ...

    @property
    def is_paused(self) -> bool:
        """Whether it is the service that does not read."""


class Connections:
    """All of a server's. Whoever is new gets in: one that does nothing is closed for it.

    Each state is a dict in the order in which it was entered; values are times.
    """

    def __init__(self, limits: ConnectionLimits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = now
        self._looked_s = now()
        self._stood_still_s = 0.0
        self._open: set[Connection] = set()
        self._unused: dict[Connection, float] = {}  # no request yet
        self._idle: dict[Connection, float] = {}  # after one
        self._heads: dict[Connection, float] = {}
        self._bodies: dict[Connection, float] = {}
        self._rests: dict[Connection, float] = {}
        self._unread: dict[Connection, tuple[float, int]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def opened(self, connection: Connection) -> None:
        """Counts a new connection, or refuses it where all others are at work."""
        most = self._limits.max_connections
        if len(self._open) >= most and not self._make_room():
            if len(self._open) >= most + _REFUSED_AT_ONCE:
                connection.close()
                return
            self._open.add(connection)
            detail = f"{most} connections are at work."
            connection.refuse(ServiceOverloaded(detail, retry_after_s=1))
            return
        self._open.add(connection)
        self._unused[connection] = self._now()

    def closed(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._enter(connection, None)
        self._unread.pop(connection, None)

    def head_began(self, connection: Connection) -> None:
        self._enter(connection, self._heads)

    def body_began(self, connection: Connection) -> None:
        """Its headers are there."""
        self._enter(connection, self._bodies)

    def answering(self, connection: Connection) -> None:
        """The whole request is there: what follows takes as long as it takes."""
        self._enter(connection, None)

    def answered_early(self, connection: Connection) -> None:
        self._enter(connection, self._rests)

    def idles(self, connection: Connection) -> None:
        self._enter(connection, self._idle)

    def unread(self, connection: Connection) -> None:
        """More is to be sent than the client takes."""
        self._unread[connection] = (self._now(), connection.unsent_bytes())

    def read(self, connection: Connection) -> None:
        self._unread.pop(connection, None)

    def close_overdue(self) -> None:
        """Call it about once a second. A service that stood still, or a machine that slept, has not
        read what clients sent meanwhile: that time is none of theirs.
        """
        now_s = self._clock()
        self._stood_still_s += max(0.0, now_s - self._looked_s - _LOOK_S)
        self._looked_s = now_s
        limits = self._limits
        for state in (self._unused, self._idle):
            for connection in self._overdue(state, limits.idle_s):
                connection.close()
        for connection in self._overdue(self._rests, limits.rest_s):
            connection.close()
        for connection in self._overdue(self._heads, limits.head_s):
            if connection.is_paused:  # of a request that waits for the answer before it
                self.head_began(connection)
            else:
                connection.refuse(TooSlow(f"The headers may take {limits.head_s:g} s."))
        self._close_unread()

    def _now(self) -> float:
        """Seconds on a clock that stands still while the service does."""
        return self._clock() - self._stood_still_s

    def _overdue(self, state: dict[Connection, float], limit_s: float) -> list[Connection]:
        latest_s = self._now() - limit_s
        found = []
        for connection, since_s in state.items():
            if since_s > latest_s:
                break
            found.append(connection)
        for connection in found:
            del state[connection]
        return found

    def _close_unread(self) -> None:
        now_s = self._now()
        for connection, (since_s, unsent_bytes) in list(self._unread.items()):
            if now_s - since_s < self._limits.unread_s:
                continue
            left_bytes = connection.unsent_bytes()
            if left_bytes > unsent_bytes - self._limits.unread_bytes:
                log.info("answer_not_taken", unsent_bytes=left_bytes)
                connection.close()
                del self._unread[connection]
            else:
                self._unread[connection] = (now_s, left_bytes)

    def _make_room(self) -> bool:
        """Closes one that is not at work, preferably one that never sent a request, not one of a
        client that keeps its connection for the next call."""
        for connection in (
            self._oldest(self._heads, least_s=_MOMENT_S),
            self._oldest(self._rests),
            self._oldest(self._unused, least_s=_MOMENT_S),
            self._oldest(self._idle),
            self._oldest(self._unused),
            self._oldest(self._heads),
            self._oldest(self._bodies),
        ):
            if connection is not None:
                self.closed(connection)
                connection.close()
                return True
        return False

    def _oldest(self, state: dict[Connection, float], *, least_s: float = 0.0) -> Connection | None:
        found = next(iter(state), None)
        return None if found is None or self._now() - state[found] < least_s else found

    def _enter(self, connection: Connection, state: dict[Connection, float] | None) -> None:
        for one in (self._unused, self._idle, self._heads, self._bodies, self._rests):
            one.pop(connection, None)
        if state is not None and connection in self._open:
            state[connection] = self._now()
