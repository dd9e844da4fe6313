"""How many files and sockets this process may have open."""

from __future__ import annotations

import resource
from dataclasses import dataclass

_WANTED = 65_536
_MOST_WAITING = 1024
_MOST_AT_ONCE = 64
_FOR_FILES = 128  # what pictures, tables and databases need beside sockets, at the least


def raise_descriptor_limit() -> int:
    """Makes the soft limit as high as the system lets it, within reason; gives it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _WANTED if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # macOS has a lower bound of its own
        return soft
    return wanted


def connection_limit(wanted: int, descriptors: int) -> int:
    """As many as wanted, but at least a quarter of the descriptors stays for files."""
    return max(1, min(wanted, descriptors - max(_FOR_FILES, descriptors // 4)))


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How many new connections the system lets wait, and how many are accepted in one go.

    An event loop accepts several before it tells of the first, and a few times that before one
    that rests is closed for it: without a bound a burst of arrivals takes every descriptor.
    """

    waiting: int
    at_once: int


def arrivals(connections: int, descriptors: int) -> Arrivals:
    """They have a part of the descriptors that are no connection's."""
    spare = descriptors - connections
    return Arrivals(
        waiting=max(1, min(_MOST_WAITING, spare // 2)),
        at_once=max(1, min(_MOST_AT_ONCE, spare // 16)),
    )
