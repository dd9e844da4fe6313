"""A process that writes groups to a store, says which are durable, and is killed on the way.

Arguments: folder, first group, synced version, group at whose start the time begins to run,
seconds from there to the kill.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

import anyio
import structlog

from tests.component.store_fixtures import COLLECTION, ids, local_store, points

GROUP_ROWS = 40
KILLED_DIM = 64


async def write_until_killed(
    folder: str, first: int, synced_version: int, last: int, kill_after_s: float
) -> None:
    store = local_store(folder)
    await store.open(COLLECTION, synced_version=synced_version)
    group = first
    while True:
        if group == last:
            timer = threading.Timer(kill_after_s, os.kill, (os.getpid(), signal.SIGKILL))
            timer.daemon = True
            timer.start()
        rows = points(group * GROUP_ROWS, (group + 1) * GROUP_ROWS, dim=KILLED_DIM)
        # The ledger's intents would say so: the first group may be there from before the kill.
        version = await store.write(COLLECTION, rows, may_exist=ids(rows) if group == first else ())
        print(f"written {group} {version}", flush=True)  # noqa: T201  # the pipe to the test
        version = await store.upkeep(COLLECTION) or version
        print(f"synced {group} {version}", flush=True)  # noqa: T201  # the pipe to the test
        group += 1


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    folder, first, synced, last, kill_after_s = sys.argv[1:]
    anyio.run(write_until_killed, folder, int(first), int(synced), int(last), float(kill_after_s))
