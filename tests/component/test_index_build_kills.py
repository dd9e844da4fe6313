"""`kill -9` of the service while its child builds an index."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.streams.text import TextReceiveStream

from ingestion_orchestration_fastapi_app.domain.library.collection import IndexState
from tests.component.index_children import child_begun, is_gone, manifests, moment, until
from tests.component.store_fixtures import (
    COLLECTION,
    DIM,
    INDEX_THRESHOLD_ROWS,
    ids,
    local_store,
    points,
    row_ids,
)

pytestmark = pytest.mark.anyio

REPOSITORY = Path(__file__).parents[2]
ROWS = INDEX_THRESHOLD_ROWS + 50
MOMENTS = ["start", "middle", "commit"]


@asynccontextmanager
async def parent(folder: Path) -> AsyncIterator[Any]:
    """Of a child that builds, when the block begins."""
    command = [sys.executable, "-W", "error", "-m", "tests.component.index_parent", str(folder)]
    async with await anyio.open_process(command, cwd=REPOSITORY, stderr=None) as process:
        try:
            assert process.stdout is not None
            assert "opened" in await TextReceiveStream(process.stdout).receive()
            yield process
        finally:
            if process.returncode is None:
                process.kill()


async def killed(folder: Path, name: str, *, who: str, wait_s: float = 0.0) -> None:
    """The child never outlives its parent, and commits nothing after it."""
    has_come = moment(name, folder)
    async with parent(folder) as service:
        child = await child_begun(service.pid)
        await until(lambda: has_come() or is_gone(child))
        await anyio.sleep(wait_s)
        if who == "both" and not is_gone(child):
            child.kill()
        service.kill()
        await until(lambda: is_gone(child))
    left = manifests(folder)
    store = local_store(str(folder))
    await store.open(COLLECTION, synced_version=None)
    assert manifests(folder) == left
    assert Counter(await row_ids(store)) == dict.fromkeys(ids(points(0, ROWS)), 1)
    await store.aclose()


async def stored(folder: Path) -> None:
    store = local_store(str(folder))
    await store.create(COLLECTION, dim=DIM)
    await store.write(COLLECTION, points(0, ROWS), may_exist=())
    await store.aclose()


async def assert_indexed_next(folder: Path) -> None:
    store = local_store(str(folder))
    await store.open(COLLECTION, synced_version=None)
    await store.upkeep(COLLECTION)
    size = await store.size(COLLECTION)
    assert (size.points, size.unindexed_points, size.index) == (ROWS, 0, IndexState.INDEXED)
    await store.aclose()


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ("parent", "middle"),
        *(
            pytest.param(who, name, marks=pytest.mark.slow)
            for who in ("parent", "both")
            for name in MOMENTS
            if (who, name) != ("parent", "middle")
        ),
    ],
)
async def test_a_service_killed_while_an_index_is_built_loses_nothing(
    tmp_path: Path, who: str, name: str
) -> None:
    await stored(tmp_path)
    await killed(tmp_path, name, who=who)
    await assert_indexed_next(tmp_path)


@pytest.mark.slow
async def test_kills_at_any_moment_of_builds_lose_nothing(tmp_path: Path) -> None:
    moments = random.Random(36)
    await stored(tmp_path)
    for _ in range(12):
        who = moments.choice(("parent", "both"))
        await killed(tmp_path, "start", who=who, wait_s=moments.uniform(0, 1.5))
    await assert_indexed_next(tmp_path)
