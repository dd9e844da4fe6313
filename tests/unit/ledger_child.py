"""A process that completes groups until it is killed, and says what was acknowledged.

It is started by `test_ledger_crash.py`, which reads a line for each acknowledged step.
"""

from __future__ import annotations

import sys

import anyio

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from tests.unit.ledger_words import failed, file_start, intents, stored
from tests.unit.trash_words import removal

GROUP = 64


def group_names(group: int) -> list[bytes]:
    return [b"%06d/%03d.jpg" % (group, number) for number in range(GROUP)]


async def work(path: str, first_group: int) -> None:
    async with open_ledger(path) as ledger:
        collection = await ledger.collections.find("default")
        assert collection is not None
        for group in range(first_group, first_group + 10_000):
            names = group_names(group)
            await ledger.files.register(
                "job-1", collection.id, [file_start(name) for name in names]
            )
            say(f"registered {group}")
            await ledger.artefacts.begin_write("job-1", collection.bound().id, intents(*names))
            say(f"intended {group}")
            removals = [removal(name) for name in names]
            await ledger.trash.put(collection.id, removals, job_id="job-1", limit_bytes=2**40)
            say(f"kept {group}")
            outcomes = [stored(name) for name in names[1:]]
            await ledger.files.complete(
                "job-1",
                collection.id,
                [failed(names[0]), *outcomes],
                synced=SyncedVersion(collection.bound().id, group),
                reader_version="readers-1",
                progress=SavedProgress(bytes_read=group),
            )
            say(f"{Outcome.EMBEDDED} {group}")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    anyio.run(work, sys.argv[1], int(sys.argv[2]))
