"""What sync removes is in no table of the collection any more, whichever answers one day."""

from __future__ import annotations

import pytest

from ingestion_orchestration_fastapi_app.domain.library.generation import NewGeneration
from tests.component.bench import Bench
from tests.component.test_sync import filled, lose

pytestmark = pytest.mark.anyio


async def test_a_point_goes_out_of_each_generation_of_its_collection() -> None:
    bench = await filled()
    await fill_another(bench)
    lose(bench, 5)
    job = await bench.job(sync=True)
    assert job.progress.removed == 5
    for table in ("default", "other"):
        assert await bench.store.count(table) == 55
    found = await bench.ledger.collections.find("default")
    assert found is not None
    for one in found.generations:
        assert one.synced_version == (await bench.store.open(one.table, synced_version=1)).version


async def fill_another(bench: Bench) -> None:
    """A generation that holds what the active one does."""
    found = await bench.ledger.collections.find("default")
    assert found is not None
    dim = found.bound().dim
    points = await bench.store.get("default", list(await bench.rows()), vectors=True)
    await bench.store.create("other", dim=dim)
    await bench.ledger.generations.create(
        found.id, NewGeneration("other", "another", "w", dim, "another")
    )
    await bench.store.write("other", points, may_exist=())
