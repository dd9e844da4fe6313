"""Bounds what the allocator of glibc keeps of freed memory, and gives it back. Elsewhere: no-op.

Measured on 90,000 rows that were stored in groups of 128: memory grew by 26 MB with each upkeep of
the store, and hardly at all with both of these and a small cache of Lance's metadata. Of what a
whole import of 57,000 files grew by after the first 20,000, three quarters were such free memory.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

from anyio import sleep, to_thread

_M_ARENA_MAX = -8  # from <malloc.h>


def limit_arenas() -> None:
    """Limits the arenas of threads that start from now on. glibc's default is eight a core."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            libc.mallopt(_M_ARENA_MAX, max(2, (os.cpu_count() or 2) // 4))


def trim_heap() -> None:
    """Gives free memory of all arenas back to the system. Blocking, for milliseconds."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):  # not in musl
            libc.malloc_trim(0)


async def trim_heap_repeatedly(*, every_s: float = 10.0) -> None:
    """Trims until it is cancelled. At the end of a job would be too late: an import takes days."""
    while True:
        await sleep(every_s)
        with suppress(RuntimeError):  # where no thread can be started now
            await to_thread.run_sync(trim_heap)
