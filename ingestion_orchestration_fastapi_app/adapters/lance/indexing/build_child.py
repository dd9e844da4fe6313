"""The process that builds indexes of one table and commits them: started by `building.py` only.

Run as a file it imports nothing of the project, so that it is small. It reads one line of JSON from
its standard input and ends when that is closed, as it is when the parent dies. It answers with
one line of JSON on its standard output.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from collections.abc import Mapping
from typing import Any

import anyio
import lancedb
import lancedb.index

_NICENESS = 5  # searches and imports go first; with 10 a busy machine left it a tenth of a core
_CACHE_BYTES = (64 * 1024**2, 16 * 1024**2)  # of indexes, and of manifests: a build needs little


def config(kind: str, options: Mapping[str, Any]) -> Any:
    return getattr(lancedb.index, kind)(**options)


async def build(request: Mapping[str, Any]) -> int:
    """Returns the table's version with the last of the indexes."""
    connection = await lancedb.connect_async(
        request["uri"],
        storage_options=request["storage_options"] or None,
        session=lancedb.Session(*_CACHE_BYTES),
    )
    table = await connection.open_table(request["table"])
    for column, kind, options in request["indexes"]:
        await table.create_index(column, config=config(kind, options), replace=True)
    return int(await table.version())


def bound_memory(memory_bytes: int) -> None:
    """Of this process, for good: a request for more fails here, and nowhere else.

    What it may write to, not its address space: threads and files that are mapped reserve much
    of that and use little.
    """
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def offer_to_the_oom_killer() -> None:
    """A machine short of memory loses this process, and not the service."""
    try:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")
    except OSError:  # another system
        pass


def end_with_parent() -> None:
    """Ends the process when its standard input is closed: also where no kernel does it."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    request = json.loads(_line())
    end_with_parent()
    os.nice(_NICENESS)
    offer_to_the_oom_killer()
    bound_memory(request["memory_bytes"])
    version = anyio.run(build, request)
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    sys.stdout.write(json.dumps({"version": version, "peak_bytes": peak_bytes}) + "\n")


def _line() -> bytes:
    """Unbuffered: the thread that waits for the end must not find a lock on standard input."""
    read = bytearray()
    while not read.endswith(b"\n"):
        part = os.read(0, 65536)
        if not part:
            raise SystemExit(1)
        read += part
    return bytes(read)


if __name__ == "__main__":
    main()
