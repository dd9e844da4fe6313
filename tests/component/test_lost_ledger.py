"""A ledger that is lost: what the tables say of themselves brings the collections back."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.domain.library.generation import GenerationState
from tests.component.bench import Bench, mixed_folder
from tests.component.orchestrator_app import Running, orchestrator, paint
from tests.memory_ledger import memory_ledger

pytestmark = pytest.mark.anyio


def lose_ledger(folder: Path) -> None:
    for file in (folder / "data").glob("ledger.sqlite*"):
        file.unlink()


async def found(running: Running, collection: str) -> set[str]:
    body = {"query": "red", "collection": collection}
    response = await running.post("/search/text", body)
    assert response.status_code == 200, response.text
    return {hit["id"] for hit in response.json()["results"]}


async def test_a_collection_that_is_made_again_has_its_points_and_its_model_at_once(
    tmp_path: Path,
) -> None:
    paint(tmp_path / "photos" / "red.png", "red")
    paint(tmp_path / "photos" / "blue.png", "blue")
    async with orchestrator(tmp_path) as running:
        await running.post("/collections", {"name": "Trip.1"})
        await running.ingested(collection="Trip.1")
        before = await running.get("/collections/Trip.1")
        hits = await found(running, "Trip.1")
    lose_ledger(tmp_path)
    async with orchestrator(tmp_path) as running:
        assert (await running.get("/collections"))["collections"] == []
        made = await running.post("/collections", {"name": "Trip.1"})
        assert made.status_code == 201, made.text
        for key in ("count", "model", "fingerprint", "roots", "state"):
            assert made.json()[key] == before[key], key
        assert await found(running, "Trip.1") == hits
        job = await running.ingested(collection="Trip.1")
        assert job["counts"]["cached"] == 2
        assert (await running.get("/collections/Trip.1"))["count"] == 2


async def test_a_table_of_before_is_labelled_at_the_start() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    label = await bench.store.label("default")
    assert label is not None
    assert (label.collection, label.state) == ("default", GenerationState.ACTIVE)
    assert label.made_with is not None
    assert label.made_with.fingerprint == bench.inference.told.clip.fingerprint
    await bench.store.put_label("default", type(label)(label.identity, label.roots))
    await bench.collections().check_all()
    assert await bench.store.label("default") == label


async def test_which_generation_answers_comes_back() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    rows = await bench.rows()
    collections = bench.collections()
    was = await collections.get("default")
    bench.ledger = memory_ledger()
    now = await bench.collections().create("default")
    assert now.identity == was.identity
    assert now.roots == was.roots
    assert now.bound().table == was.bound().table
    assert now.bound().synced_version == was.bound().synced_version
    maybe = await bench.ledger.artefacts.maybe_written(now.id, list(rows))
    assert maybe == set(rows), "what the table holds will be merged"
