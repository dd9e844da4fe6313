"""What sync removes is in no table of the collection any more, whichever answers one day."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest
from anyio import create_task_group, wait_all_tasks_blocked
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.library.generation import NewGeneration
from ingestion_orchestration_fastapi_app.errors import GenerationStateProblem, StoreRead
from tests.component.bench import Bench
from tests.component.test_sync import filled, lose
from tests.memory_store import MemoryStore

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


class AwayOnce(MemoryStore):
    """Whose table `other` does not answer a first deletion."""

    is_away = True

    async def delete(self, table: str, ids: Sequence[UUID]) -> int:
        if table == "other" and self.is_away:
            self.is_away = False
            await checkpoint()
            raise StoreRead("The store does not answer.")
        return await super().delete(table, ids)


async def test_what_a_generation_that_did_not_answer_still_holds_goes_before_it_answers() -> None:
    bench = await filled(bench=Bench(store=AwayOnce()))
    await fill_another(bench)
    lose(bench, 5)
    job = await bench.job(sync=True)
    assert (job.progress.removed, await bench.store.count("other")) == (5, 60)
    collection = await bench.collection()
    (other,) = [one for one in collection.generations if one.table == "other"]
    collections = bench.collections()
    await collections.generations.activate(collection.id, other.id)
    assert await bench.store.count("other") == 55
    assert await bench.ledger.artefacts.pending_deletes(other.id, limit=9) == []
    (other,) = [one for one in (await bench.collection()).generations if one.table == "other"]
    assert other.synced_version == (await bench.store.open("other", synced_version=1)).version


async def test_a_generation_is_removed_when_nobody_is_between_two_steps_of_a_removal() -> None:
    bench = await filled()
    await fill_another(bench)
    collections, collection = bench.collections(), await bench.collection()
    first, other = collection.generations
    remove = collections.generations.remove
    async with create_task_group() as tg, collections.writers.of(collection.id):
        tg.start_soon(remove, collection.id, other)
        await wait_all_tasks_blocked()
        assert (await bench.collection()).generations == (first, other)
    assert (await bench.collection()).generations == (first,)
    await remove(collection.id, other)


async def test_a_generation_that_answers_by_now_is_not_removed() -> None:
    bench = await filled()
    await fill_another(bench)
    collections, collection = bench.collections(), await bench.collection()
    _, other = collection.generations
    await collections.generations.activate(collection.id, other.id)
    with pytest.raises(GenerationStateProblem):
        await collections.generations.remove(collection.id, other)


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
