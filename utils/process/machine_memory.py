"""How much memory this process could have: the machine's, or its container's."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

# Of version 2 and of version 1, as a container sees its own.
_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")


def machine_memory_bytes(cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """The least of what limits it."""
    found = int(psutil.virtual_memory().total)
    for name in _LIMITS:
        with suppress(OSError, ValueError):  # not there; or `max`, which is none
            found = min(found, int((cgroups / name).read_text()))
    return found
