"""A collection's catalogue is whole: by imports, by a filling, by a check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    CATALOGUE_VERSION,
    key_of,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.verify.files import Wrong
from tests.component.bench import Bench
from tests.component.test_verify import checked, found
from tests.memory_store import MemoryStore

pytestmark = pytest.mark.anyio

IMAGES = 9


async def imported() -> Bench:
    bench = Bench()
    for number in range(IMAGES):
        bench.library.put(b"%d/%03d.jpg" % (number % 3, number), b"image %d" % number)
    await bench.job()
    return bench


async def collection_of(bench: Bench) -> CollectionRecord:
    found = await bench.ledger.collections.find("default")
    assert found is not None
    return found


async def listed(bench: Bench) -> list[UUID]:
    made = await collection_of(bench)
    return await bench.ledger.catalogue.point_ids(made.id, after=None, limit=999)


async def filled(bench: Bench, collections: Collections | None = None) -> None:
    """A start, and what it goes on with."""
    collections = collections or bench.collections()
    await collections.check_all()
    async with create_task_group() as tasks:
        tasks.start_soon(collections.catalogue.serve)
        with fail_after(60):
            while not collections.catalogue.is_whole(await collection_of(bench)):
                await checkpoint()
        tasks.cancel_scope.cancel()


async def test_an_import_writes_a_row_for_each_point() -> None:
    bench = await imported()
    ids = sorted(await bench.rows())
    assert await listed(bench) == ids
    made = await collection_of(bench)
    assert made.catalogue_version == CATALOGUE_VERSION
    points = await bench.store.get("default", ids)
    keyed = [(key_of(point, made.roots), point) for point in points]
    assert all(key is not None for key, _ in keyed)
    folders = await bench.ledger.browsing.folders(made.id, NO_FILTERS)
    assert [(one.path, one.images) for one in folders] == [(b"0", 3), (b"1", 3), (b"2", 3)]


async def test_a_sync_removes_the_rows_of_what_is_gone() -> None:
    bench = await imported()
    del bench.library.files[b"0/000.jpg"]
    assert (await bench.job(sync=True, confirm_deletes=True)).progress.removed == 1
    assert await listed(bench) == sorted(await bench.rows())
    assert len(await listed(bench)) == IMAGES - 1


async def test_a_data_folder_of_before_is_filled_at_a_start() -> None:
    bench = await imported()
    made = await collection_of(bench)
    await bench.ledger.catalogue.forget(made.id, await listed(bench))
    await bench.ledger.catalogue.set_version(made.id, None)
    await filled(bench)
    assert await listed(bench) == sorted(await bench.rows())


async def test_rows_of_another_version_are_written_anew() -> None:
    bench = await imported()
    made = await collection_of(bench)
    await bench.ledger.catalogue.doubt(made.id, await listed(bench))
    await bench.ledger.catalogue.set_version(made.id, CATALOGUE_VERSION - 1)
    await filled(bench)
    assert await bench.ledger.catalogue.lacking(made.id, await listed(bench)) == set()


async def test_a_start_notices_what_a_restored_ledger_does_not_know() -> None:
    bench = await imported()
    made = await collection_of(bench)
    ids = await listed(bench)
    await bench.ledger.catalogue.forget(made.id, ids[:2])
    await filled(bench)
    assert await listed(bench) == ids


async def test_a_filling_deletes_rows_of_no_point() -> None:
    bench = await imported()
    ids = await listed(bench)
    await bench.store.delete("default", ids[:2])
    await filled(bench)
    assert await listed(bench) == ids[2:]


class Removing(MemoryStore):
    """A removal comes between a filling's look at a point and what it writes of it."""

    removal: UUID | None = None

    async def get(self, table: str, ids: Sequence[UUID], *, vectors: bool = False) -> list[Point]:
        points = await super().get(table, ids, vectors=vectors)
        if self.removal in ids:
            await self.delete(table, [one for one in ids if one == self.removal])
            self.removal = None
        return points


async def test_a_filling_leaves_no_row_of_a_point_that_was_removed_meanwhile() -> None:
    store = Removing()
    bench = Bench(store=store)
    for number in range(3):
        bench.library.put(b"%03d.jpg" % number, b"image %d" % number)
    await bench.job()
    made = await collection_of(bench)
    ids = await listed(bench)
    await bench.ledger.catalogue.forget(made.id, ids)
    store.removal = ids[0]
    assert await bench.collections().catalogue.fill(made)
    assert await listed(bench) == ids[1:]


async def test_a_catalogue_is_not_whole_while_a_root_is_being_moved() -> None:
    bench = await imported()
    made = await collection_of(bench)
    ids = await listed(bench)
    await bench.ledger.catalogue.forget(made.id, ids)
    elsewhere = replace(made, roots=tuple(replace(one, path=b"/new") for one in made.roots))
    catalogue = bench.collections().catalogue
    assert not await catalogue.fill(elsewhere)
    assert not catalogue.is_whole(await collection_of(bench))
    assert await catalogue.fill(await collection_of(bench))
    assert catalogue.is_whole(await collection_of(bench))
    assert await listed(bench) == ids


async def test_a_collection_without_points_is_whole_from_its_start() -> None:
    bench = Bench()
    collections = bench.collections()
    made = await collections.create("empty")
    await bench.ledger.catalogue.set_version(made.id, None)  # one of before
    await collections.check_all()
    assert collections.catalogue.is_whole(await collections.get("empty"))


@pytest.mark.parametrize("mend", [True, False])
async def test_a_check_compares_the_catalogue_with_the_points(mend: bool) -> None:
    bench = await imported()
    collections = bench.collections()
    await collections.check_all()
    made = await collection_of(bench)
    first, second, third, *_ = ids = await listed(bench)
    (point,) = await bench.store.get("default", [second])
    key = key_of(point, made.roots)
    assert key is not None
    await bench.ledger.catalogue.forget(made.id, [first, second])
    wrong = replace(point, width_px=point.width_px + 1)
    unknown = replace(point, id=UUID(int=2**128 - 1))
    await bench.ledger.catalogue.put(made.id, [(key, wrong), (key, unknown)])
    await bench.ledger.catalogue.forget(made.id, [third])
    job = await checked(bench, collections, mend=mend)
    assert found(job) == {
        Wrong.CATALOGUE_MISSING: (2, 2 if mend else 0),
        Wrong.CATALOGUE_WRONG: (1, 1 if mend else 0),
        Wrong.CATALOGUE_UNKNOWN: (1, 1 if mend else 0),
    }
    if mend:
        assert await listed(bench) == ids
        assert found(await checked(bench, collections)) == {}
