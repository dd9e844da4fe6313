"""Forgotten images are gone for good, whatever is cut off, imported, forced or renamed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files.forgotten import ForgottenImage
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.errors import StoreRead
from ingestion_orchestration_fastapi_app.library.collections import Collections
from tests.component import test_crashes
from tests.component.bench import Bench, mixed_folder
from tests.component.test_crashes import Fuse, cut
from tests.component.test_sync_of_generations import fill_another
from tests.memory_store import MemoryStore
from utils.contract import JobState

pytestmark = pytest.mark.anyio

THREE = hashlib.sha256(b"image 3").digest()
FORGETTING = frozenset(
    {
        "forgotten.begin",
        "trash.put",
        "artefacts.begin_delete",
        "store.delete",
        "forgotten.forget_points",
        "forgotten.end",
    }
)


async def filled(bench: Bench | None = None) -> Bench:
    """21 images, of which `003.jpg`, `copy-a.jpg` and `copy-b.jpg` are one content."""
    bench = bench or Bench()
    mixed_folder(bench.library)
    await bench.job()
    return bench


async def images(bench: Bench, *names: str) -> list[StoredImage]:
    found = await bench.store.page("default", limit=1000, offset=0)
    return [StoredImage.of(point) for point in found if point.filename in names]


async def opened(bench: Bench) -> Collections:
    """As after a start: words are opened."""
    collections = bench.collections()
    await collections.check_all()
    return collections


async def forget(bench: Bench, *names: str) -> int:
    collections = await opened(bench)
    return await bench.forgetting(collections).forget("default", await images(bench, *names))


async def check_gone(bench: Bench, where: str = "") -> None:
    """What is left is in the store and in the words once, and the ledger agrees."""
    assert len(await bench.rows()) == 20, where
    left = await bench.store.page("default", limit=1000, offset=0)
    assert not [point for point in left if point.sha256 == THREE], where
    collection = await bench.collection()
    assert await bench.ledger.artefacts.count_stored(collection.bound().id) == 20, where
    assert await bench.ledger.forgotten.pending_collections() == [], where


async def test_a_forgotten_image_goes_with_its_copies_and_its_files_stay() -> None:
    bench = await filled()
    assert len(await bench.rows()) == 23
    files = set(bench.library.files)
    assert await forget(bench, "003.jpg") == 3
    await check_gone(bench)
    assert set(bench.library.files) == files


async def test_no_import_takes_it_in_again_under_any_name() -> None:
    bench = await filled()
    await forget(bench, "copy-a.jpg")
    inferred = len(bench.inference.inferred)
    again = await bench.job()
    assert (again.counts.skipped, again.counts.unchanged) == (4, 20)
    bench.library.put(b"000-a new name.jpg", b"image 3")
    renamed = await bench.job()
    assert (renamed.counts.skipped, renamed.counts.embedded, renamed.counts.cached) == (5, 0, 0)
    forced = await bench.job(force=True)
    assert forced.state is JobState.COMPLETED
    assert forced.counts.skipped == 5
    assert len(bench.inference.inferred) >= inferred
    synced = await bench.job(sync=True)
    assert (synced.counts.skipped, synced.progress.removed) == (5, 0)
    await check_gone(bench)


async def test_where_all_is_forgotten_the_import_says_so() -> None:
    bench = Bench()
    bench.library.put(b"only.jpg", b"image")
    await bench.job()
    await forget(bench, "only.jpg")
    job = await bench.job()
    assert (job.state, job.counts.skipped) == (JobState.COMPLETED, 1)
    assert job.reason == "the folder holds no image that is not forgotten"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_cut_at_any_step_is_seen_through_at_the_next_start(
    after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_crashes, "DURABLE", FORGETTING)
    burnt: set[str] = set()
    for step in range(1, 50):
        bench = await filled()
        fuse = Fuse(step, after=after)
        await cut(bench, fuse, partial(as_a_group, bench))
        if fuse.burnt_at is None:
            break
        burnt.add(fuse.burnt_at)
        where = f"{fuse.burnt_at}, step {step}"
        await bench.resumed()
        if (fuse.burnt_at, after) == ("forgotten.begin", False):
            assert len(await bench.rows()) == 23, "nothing was begun"
            continue
        await check_gone(bench, where)
        job = await bench.job()
        assert (job.counts.skipped, job.counts.embedded, job.counts.cached) == (4, 0, 0), where
        await check_gone(bench, where)
    else:
        raise AssertionError("it has more durable steps than were tried")
    assert burnt == FORGETTING


@pytest.mark.parametrize("name", ["forgotten.begin", "store.delete", "forgotten.forget_points"])
async def test_a_cut_is_seen_through_by_the_real_ledger_and_store(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_crashes, "DURABLE", frozenset({name}))
    store = LanceStore(str(tmp_path / "store"))
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        bench = await filled(Bench(ledger=ledger, store=store))
        fuse = Fuse(1, after=True)
        await cut(bench, fuse, partial(as_a_group, bench))
        assert fuse.burnt_at == name
        await bench.resumed()
        await check_gone(bench, name)
        job = await bench.job()
        assert (job.counts.skipped, job.counts.unchanged) == (4, 20)
        await check_gone(bench, name)
    await store.aclose()


async def as_a_group(bench: Bench) -> None:
    async with create_task_group():  # a cut comes out as a group, as from a job
        await forget(bench, "003.jpg")


async def test_what_an_import_is_about_to_write_is_forgotten_as_well() -> None:
    """Copies are on their way while the image is forgotten: before it, in it, after it."""
    bench = await filled()
    for number in range(200):
        bench.library.put(
            b"m%03d.jpg" % number, b"image 3" if number % 2 else b"image m%d" % number
        )
    (image,) = await images(bench, "003.jpg")
    collections = await opened(bench)
    scheduler = bench.scheduler(collections)
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        record = await bench.submitted(scheduler)
        with fail_after(60):
            while await bench.store.count("default") < 24:
                await checkpoint()
            await bench.forgetting(collections).forget("default", [image])
        job = await bench.ended(record.id)
        tg.cancel_scope.cancel()
    assert job.state is JobState.COMPLETED
    left = await bench.store.page("default", limit=1000, offset=0)
    assert not [one for one in left if one.sha256 == THREE]
    again = await bench.job()
    assert (again.counts.embedded, again.counts.cached) == (0, 0)
    assert again.counts.skipped == 104


async def test_what_waits_to_be_written_is_looked_at_once_more() -> None:
    """It was read, looked up and sent on before anybody forgot it."""
    bench = await filled()
    bench.library.put(b"000-a new name.jpg", b"image 3")
    collections = await opened(bench)
    scheduler = bench.scheduler(collections)
    collection = await bench.collection()
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        async with collections.writers.of(collection.id):
            record = await bench.submitted(scheduler)
            with fail_after(60):
                while not collections.writers.of(collection.id).statistics().tasks_waiting:
                    await checkpoint()
            image = ForgottenImage(THREE, "003.jpg")
            await bench.ledger.forgotten.begin(collection.id, [image])
        job = await bench.ended(record.id)
        tg.cancel_scope.cancel()
    assert (job.counts.cached, job.counts.skipped) == (0, 2)
    assert len(await bench.rows()) == 23
    await bench.resumed()
    await check_gone(bench)


class AwayOnce(MemoryStore):
    """Whose table `other` does not answer a first deletion."""

    is_away = True

    async def delete(self, table: str, ids: Sequence[UUID]) -> int:
        if table == "other" and self.is_away:
            self.is_away = False
            await checkpoint()
            raise StoreRead("The store does not answer.")
        return await super().delete(table, ids)


async def test_another_generation_does_not_bring_it_back() -> None:
    bench = await filled(Bench(store=AwayOnce()))
    await fill_another(bench)
    await forget(bench, "003.jpg")
    assert await bench.store.count("other") == 21, "the copies went, which came after it"
    collection = await bench.collection()
    (other,) = [one for one in collection.generations if one.table == "other"]
    await bench.collections().generations.activate(collection.id, other.id)
    assert await bench.store.count("other") == 20


async def test_a_store_that_fails_leaves_it_begun_and_the_next_call_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = await filled()

    async def failing(table: str, ids: Sequence[UUID]) -> int:
        raise StoreRead("The store does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(bench.store, "delete", failing)
        with pytest.raises(StoreRead):
            await forget(bench, "003.jpg")
    assert len(await bench.rows()) == 23
    assert await forget(bench, "004.jpg") == 4
    left: Mapping[UUID, int] = await bench.rows()
    assert len(left) == 19
