"""kill -9 while groups are written: what was acknowledged is there, exactly once."""

from __future__ import annotations

import random
import signal
import sys
from collections import Counter
from pathlib import Path

import anyio
import pytest

from tests.component.store_fixtures import COLLECTION, ids, local_store, points, row_ids
from tests.component.store_writer import GROUP_ROWS, KILLED_DIM

pytestmark = pytest.mark.anyio

REPOSITORY = Path(__file__).parents[2]
LONGEST_WAIT_S = 0.15  # about three groups


async def written_until_killed(
    folder: str, first: int, synced: int, last: int, kill_after_s: float
) -> list[tuple[int, int]]:
    """Runs the writer to its end by SIGKILL. Returns (group, version) as it acknowledged them."""
    arguments = [folder, *(str(each) for each in (first, synced, last, kill_after_s))]
    done = await anyio.run_process(
        [sys.executable, "-W", "error", "-m", "tests.component.store_writer", *arguments],
        cwd=REPOSITORY,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    words = [line.split() for line in done.stdout.decode().splitlines()]
    return [(int(group), int(version)) for _, group, version in words]


@pytest.mark.parametrize("rounds", [4, pytest.param(60, marks=pytest.mark.slow)])
async def test_every_acknowledged_row_survives_kill_9_exactly_once(
    tmp_path: Path, rounds: int
) -> None:
    moments = random.Random(20_240)
    folder = str(tmp_path)
    store = local_store(folder)
    synced = await store.create(COLLECTION, dim=KILLED_DIM)
    await store.aclose()
    groups = 0  # acknowledged
    for _ in range(rounds):
        last = groups + moments.randrange(8)
        acknowledged = await written_until_killed(
            folder, groups, synced, last, moments.uniform(0, LONGEST_WAIT_S)
        )
        if acknowledged:
            groups, synced = acknowledged[-1][0] + 1, acknowledged[-1][1]
        store = local_store(folder)
        opened = await store.open(COLLECTION, synced_version=synced)
        rows = Counter(await row_ids(store))
        await store.aclose()
        assert not opened.restored
        expected = ids(points(0, groups * GROUP_ROWS, dim=KILLED_DIM))
        assert [rows[point_id] for point_id in expected] == [1] * len(expected)
        assert max(rows.values(), default=1) == 1
        assert rows.total() - len(expected) in (0, GROUP_ROWS)  # in flight: all of it or nothing
    assert groups > rounds  # the kills did come while groups were written
