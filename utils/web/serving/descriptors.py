"""How many files and sockets this process may have open."""

from __future__ import annotations

import resource

_WANTED = 65_536
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
