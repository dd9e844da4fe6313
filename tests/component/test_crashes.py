"""A cut of power before and after every durable step loses nothing and doubles nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from anyio import BrokenResourceError, create_task_group

from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from tests.component.bench import CONCURRENCY, Bench, mixed_folder
from tests.component.test_pipeline import MIXED
from tests.fakes import capabilities
from tests.fused_port import FusedPort, fused_ledger
from tests.memory_ports import MemoryContentCache
from utils.contract import JobState

pytestmark = pytest.mark.anyio

DURABLE = frozenset(
    {
        "files.register",
        "artefacts.note_decoding",
        "artefacts.begin_write",
        "files.complete",
        "files.fail_pending",
        "generations.set_synced_version",
        "generations.bind",
        "jobs.move",
        "store.create",
        "store.write",
        "cache.put_vectors",
        "cache.put_pictures",
    }
)


class PowerCutError(GeneratorExit):
    """Ends everything at once, like the real one: no fault of a job, which would be its end."""


class Fuse:
    """Burns at the n-th durable step, or the n-th `only` of that name, before or after it."""

    def __init__(self, burns_at: int, *, after: bool, only: str | None = None) -> None:
        self._burns_at = burns_at
        self._only = only
        self._after = after
        self._steps = 0
        self.burnt_at: str | None = None

    def on(self, name: str, port: object) -> Any:
        return FusedPort(name, port, self.step, DURABLE)

    def on_ledger(self, ledger: Ledger) -> Ledger:
        return fused_ledger(ledger, self.step, DURABLE)

    async def step(self, name: str, method: Any, *args: Any, **kwargs: Any) -> object:
        if self.burnt_at is not None:
            raise PowerCutError  # nothing is written after the cut, whoever still tries
        self._steps += self._only in (None, name)
        burns = self._steps == self._burns_at
        if burns and not self._after:
            self.burnt_at = name
            raise PowerCutError
        result = await method(*args, **kwargs)
        if burns:
            self.burnt_at = name
            raise PowerCutError
        return result


async def cut(bench: Bench, fuse: Fuse, run: Callable[[], Awaitable[object]]) -> None:
    """Runs until the fuse burns, or the run ends."""
    whole = (bench.ledger, bench.store, bench.cache)
    bench.ledger = fuse.on_ledger(bench.ledger)
    bench.store = cast(VectorStore, fuse.on("store", bench.store))
    bench.cache = cast(MemoryContentCache, fuse.on("cache", bench.cache))
    try:
        await run()
    except BaseExceptionGroup as cut:
        # A stage that was sending to the one that was cut finds its stream broken.
        _expected, others = cut.split((PowerCutError, BrokenResourceError))
        if others is not None:
            raise others from cut
    bench.ledger, bench.store, bench.cache = whole


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_cut_at_any_durable_step_ends_like_an_uninterrupted_run(after: bool) -> None:
    whole = Bench()
    mixed_folder(whole.library)
    await whole.job()
    expected = await whole.rows()
    in_flight = (
        (capabilities().queue.limit + 2) * CONCURRENCY.batch_images + CONCURRENCY.store_rows + 256
    )

    async def burnt_at(fuse: Fuse) -> str | None:
        bench = Bench()
        mixed_folder(bench.library)
        await cut(bench, fuse, bench.job)
        where = fuse.burnt_at
        if where is not None:
            await bench.resumed()
        assert await bench.rows() == expected, where
        await bench.check_vectors()
        (job,) = await bench.ledger.jobs.list_newest(limit=10, offset=0)
        assert job.state is JobState.COMPLETED, where
        assert job.counts == MIXED, where
        assert len(bench.inference.inferred) <= len(whole.inference.inferred) + in_flight
        assert bench.budget.free_bytes == 100_000
        return where

    burnt: set[str] = set()
    for step in range(1, 500):
        name = await burnt_at(Fuse(step, after=after))
        if name is None:
            break
        burnt.add(name)
    else:
        raise AssertionError("the run has more durable steps than were tried")
    # Groups are cut by time, too: from one run to the next a step may move out of the way.
    for name in DURABLE - burnt:
        assert await burnt_at(Fuse(1, after=after, only=name)) == name
    assert step > 20


async def test_two_cuts_in_a_row_are_survived() -> None:
    for step in (5, 8, 11, 14):
        bench = Bench()
        mixed_folder(bench.library)
        await cut(bench, Fuse(step, after=True), bench.job)
        fuse = Fuse(step, after=False)
        await cut(bench, fuse, bench.resumed)
        await bench.resumed()
        (job,) = await bench.ledger.jobs.list_newest(limit=10, offset=0)
        assert job.counts == MIXED
        assert set((await bench.rows()).values()) == {1}


async def test_a_lost_ledger_doubles_no_row() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    expected = await bench.rows()
    bench.ledger = Bench().ledger
    job = await bench.job()
    assert await bench.rows() == expected
    assert job.counts.cached == 23  # the content cache outlived the ledger
    assert bench.inference.batches[-1] == [b"image unembeddable"]


async def test_a_lost_vector_store_is_filled_again_from_the_cache() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    expected = await bench.rows()
    calls = len(bench.inference.inferred)
    bench.store = Bench().store
    collections = bench.collections()
    await collections.check_all()
    await bench.job(collections)
    assert await bench.rows() == expected
    assert len(bench.inference.inferred) == calls + 1  # the one that never had a vector


async def test_a_file_that_vanished_during_a_crash_is_not_pending_for_ever() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await cut(bench, Fuse(6, after=False), bench.job)
    del bench.library.files[b"019.jpg"]
    async with create_task_group() as tg:
        tg.start_soon(bench.resumed)
    (job,) = await bench.ledger.jobs.list_newest(limit=10, offset=0)
    assert job.state is JobState.COMPLETED
    assert job.counts.pending == 0
