"""Indexes are built beside imports and searches, and tried again where that failed."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from anyio import create_task_group, fail_after, wait_all_tasks_blocked

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.building import BuildLimits
from ingestion_orchestration_fastapi_app.domain.library.collection import (
    CollectionRecord,
    IndexState,
)
from ingestion_orchestration_fastapi_app.domain.library.generation import NewGeneration
from ingestion_orchestration_fastapi_app.library.indexing.requests import (
    IndexRequests,
    retry_wait_s,
)
from ingestion_orchestration_fastapi_app.library.indexing.upkeep import IndexUpkeep
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.component.bench import Bench
from tests.component.index_children import child_begun, until
from tests.component.orchestrator_app import PATIENCE_S, Running, library, orchestrator, paint
from tests.component.search_library import made_points
from tests.component.store_fixtures import DIM, INDEX_THRESHOLD_ROWS, points
from tests.component.test_generations import filled, generations
from tests.component.test_orchestrator_metrics import metric
from tests.memory_ledger import memory_ledger
from tests.memory_store import MemoryStore
from tests.memory_words import MemoryWords

pytestmark = pytest.mark.anyio

INDEXED_FROM = 256
OTHERS = 10_000  # a version


async def index_of(running: Running) -> IndexState:
    size = await running.app.state.services.ports.store.size("default")
    return IndexState(size.index)


async def _default(ledger: Ledger) -> CollectionRecord:
    found = await ledger.collections.find("default")
    assert found is not None
    return found


async def test_an_import_goes_on_through_a_whole_build_and_ends_indexed(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path, index_threshold_rows=INDEXED_FROM) as running:
        services = running.app.state.services
        await running.ingested()
        await services.ports.store.write("default", made_points(INDEXED_FROM), may_exist=())
        paint(tmp_path / "photos" / "one.png", "red")
        assert (await running.ingested())["counts"]["embedded"] == 1
        child = await child_begun(os.getpid())
        child.send_signal(signal.SIGSTOP)
        paint(tmp_path / "photos" / "two.png", "green")
        job = await running.ingested()  # it does not wait
        assert (job["state"], job["counts"]["embedded"]) == ("completed", 1)
        assert await index_of(running) is IndexState.BUILDING
        assert await metric(running, "vector_indexes") == {("building",): 1}
        child.send_signal(signal.SIGCONT)
        ledger = services.ports.ledger
        with fail_after(PATIENCE_S):
            while await index_of(running) is not IndexState.INDEXED:
                await wait_all_tasks_blocked()
        table = services.ports.store.database.entries["default"].table
        with fail_after(PATIENCE_S):
            while (await _default(ledger)).bound().synced_version != await table.handle.version():
                await wait_all_tasks_blocked()
        found = await running.post("/search/text", {"query": "green", "limit": 50})
        assert "two.png" in {hit["filename"] for hit in found.json()["results"]}


async def test_a_build_that_was_cut_off_is_made_up_for_at_the_next_start(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        store = running.app.state.services.ports.store
        await store.write("default", made_points(INDEXED_FROM), may_exist=())
    async with orchestrator(tmp_path, index_threshold_rows=INDEXED_FROM) as running:
        with fail_after(PATIENCE_S):
            while await index_of(running) is not IndexState.INDEXED:
                await wait_all_tasks_blocked()


async def test_a_table_that_answers_again_gets_the_index_that_it_lacks(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        collection, filling = await filled(running)
        first, store = collection.bound(), running.app.state.services.ports.store
        made = made_points(INDEXED_FROM)
        await store.write(first.table, made, may_exist=())
        wide = [replace(one, vector=np.pad(one.vector, (0, one.vector.size))) for one in made]
        await store.write(filling.table, wide, may_exist=())
        await generations(running).activate(collection.id, filling.id)
    async with orchestrator(tmp_path, index_threshold_rows=INDEXED_FROM) as running:
        store = running.app.state.services.ports.store
        with fail_after(PATIENCE_S):
            while (await store.size(filling.table)).index is not IndexState.INDEXED:
                await wait_all_tasks_blocked()
        assert (await store.size(first.table)).index_due
        await generations(running).activate(collection.id, first.id)
        with fail_after(PATIENCE_S):
            while (await store.size(first.table)).index is not IndexState.INDEXED:
                await wait_all_tasks_blocked()


async def test_an_index_that_could_not_be_built_is_tried_again_later(tmp_path: Path) -> None:
    def with_memory(memory_bytes: int) -> LanceStore:
        return LanceStore(
            str(tmp_path),
            index_threshold_rows=INDEX_THRESHOLD_ROWS,
            build_limits=BuildLimits(memory_bytes=memory_bytes, time_s=60),
        )

    ledger = memory_ledger()
    made = await ledger.collections.create("default", identity="default")
    new = NewGeneration("default", "model", "weights", DIM, "abc")
    store = with_memory(32 * 1024**2)
    await store.create("default", dim=DIM)
    version = await store.write("default", points(0, INDEX_THRESHOLD_ROWS), may_exist=())
    await ledger.generations.bind(made.id, new, synced_version=version)
    before = await _default(ledger)
    words = CollectionWords(ledger, store, MemoryWords())
    assert not await IndexUpkeep(ledger, store, words).build(before)
    failed = await _default(ledger)
    await store.aclose()
    store = with_memory(1024**3)
    assert await IndexUpkeep(ledger, store, words).build(failed)
    built = await _default(ledger)
    versions = [version, failed.bound().synced_version or 0, built.bound().synced_version or 0]
    assert versions[0] <= versions[1] < versions[2]
    assert (await store.size("default")).index is IndexState.INDEXED
    await store.aclose()


async def test_what_failed_waits_for_its_time_whoever_asks() -> None:
    requests, seen = IndexRequests(), list[int]()

    async def serve() -> None:
        while True:
            seen.append(await requests.next_due())

    async with create_task_group() as tg:
        tg.start_soon(serve)
        for collection_id in (1, 2, 1):
            requests.ask(collection_id)
        await until(lambda: seen == [1, 2])
        assert requests.failed(1) == retry_wait_s(1)
        requests.ask(1)
        requests.ask(2)
        await until(lambda: seen == [1, 2, 2])
        requests.done(1)
        tg.cancel_scope.cancel()
    assert [retry_wait_s(n) for n in (1, 2, 3, 99)] == [60.0, 120.0, 240.0, 3600.0]


class Overtaken(MemoryStore):
    """While an upkeep of it ends, somebody else writes, and tells the ledger first."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    async def upkeep(self, table: str, *, indexing: bool = True) -> int | None:
        generation = (await _default(self._ledger)).bound()
        await self._ledger.generations.set_synced_version(generation.id, OTHERS)
        return OTHERS - 1


async def test_an_import_s_upkeep_leaves_a_version_that_is_newer() -> None:
    """Else the next start would take the table for one that the ledger does not know."""
    ledger = memory_ledger()
    bench = Bench(ledger=ledger, store=Overtaken(ledger))
    bench.library.put(b"a.jpg", b"image")
    await bench.job()
    assert (await _default(ledger)).bound().synced_version == OTHERS
