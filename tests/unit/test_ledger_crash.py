"""What was acknowledged survives `kill -9` at any moment."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from tests.unit.ledger_child import GROUP, group_names
from tests.unit.ledger_words import bound, key, known_of, pid, running

REPOSITORY = Path(__file__).parents[2]
KILLS = 8


def killed_after(path: Path, lines: int, first_group: int) -> dict[str, int]:
    """Runs the child, kills it after so many acknowledgements; the last group of each kind."""
    last: dict[str, int] = {}
    command = [sys.executable, "-m", "tests.unit.ledger_child", str(path), str(first_group)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as child:
        assert child.stdout is not None
        for _ in range(lines):
            kind, group = child.stdout.readline().split()
            last[kind] = int(group)
        child.kill()
        for line in child.stdout:  # acknowledged before the signal came
            if line.endswith("\n"):
                kind, group = line.split()
                last[kind] = int(group)
    return last


@pytest.mark.anyio
async def test_every_acknowledged_group_survives_a_kill_and_the_counts_are_exact(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.sqlite3"
    async with open_ledger(path) as ledger:
        collection = await running(ledger)
        await bound(ledger, collection)
    seeded = random.Random(20261123)
    first, trashed = 0, -1
    for _ in range(KILLS):
        last = killed_after(path, seeded.randint(1, 40), first)
        async with open_ledger(path) as ledger:
            for group in range(first, last.get(Outcome.EMBEDDED, first - 1) + 1):
                names = group_names(group)
                known = await ledger.files.recall(collection.id, [key(name) for name in names])
                assert [known_of(known[key(name)]) for name in names] == [
                    {("picture", ""): "failed"},
                    *[{("vector", "fp"): "stored"}] * (GROUP - 1),
                ]
            registered = group_names(last["registered"])
            assert (
                len(await ledger.files.recall(collection.id, [key(name) for name in registered]))
                == GROUP
            )
            if "intended" in last:
                ids = [pid(name) for name in group_names(last["intended"])]
                assert await ledger.artefacts.maybe_written(collection.bound().id, ids) == set(ids)
            if "kept" in last:
                size = await ledger.trash.size(collection.id)
                assert size.points % GROUP == 0
                trashed = max(last["kept"], trashed)
                assert size.points >= (trashed + 1) * GROUP
            job = await ledger.jobs.find("job-1")
            found = await ledger.collections.find("default")
        assert job is not None
        assert found is not None
        assert found.bound().synced_version == max(job.progress.bytes_read, 1)
        db = sqlite3.connect(path)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = dict(
            db.execute("SELECT outcome, count(*) FROM job_items GROUP BY outcome").fetchall()
        )
        failures = db.execute("SELECT count(*) FROM failures").fetchone()[0]
        db.close()
        kept = job.counts.model_dump()
        assert kept.pop("found") == sum(rows.values())
        assert {name: files for name, files in kept.items() if files} == rows
        assert failures == job.counts.failed
        first = last["registered"]
